"""A PostgreSQL of its own for every run of the tests, and a county to start from."""

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest

from weijing.core import crypto, embedded_postgres

if TYPE_CHECKING:
    from weijing.territory.models import County

CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ
STARTED = CONTROLLER and "WEIJING_TEST_VAR" not in os.environ

if STARTED:
    var = Path(tempfile.mkdtemp(prefix="weijing-test-"))
    os.environ["WEIJING_TEST_VAR"] = str(var)
    crypto.create_secrets(var / "secrets.json")
    var.chmod(0o711)  # root's server runs as another user, who must get in
    if not os.environ.get("DATABASE_URL"):
        embedded_postgres.up(var, fsync=False, extra={"shared_buffers": "128MB"})

os.environ["WEIJING_VAR"] = os.environ["WEIJING_TEST_VAR"]
os.environ["WEIJING_HOSTS"] = "*"
os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the test's thread

django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    if STARTED:
        var = Path(os.environ["WEIJING_TEST_VAR"])
        if not os.environ.get("DATABASE_URL"):
            embedded_postgres.remove(var)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture
def at() -> datetime:
    """A Tuesday morning in the county."""
    return datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def county(db: None) -> "County":
    """隆回县: two townships of two villages of two groups."""
    from tests.builders import make_county

    return make_county()
