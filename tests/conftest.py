"""A PostgreSQL of its own for every run of the tests, and a county to start from."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import django
import pytest

from tests import throwaway
from tests.noted import every_change_is_noted

if TYPE_CHECKING:
    from weijing.territory.models import County

CONTROLLER = "PYTEST_XDIST_WORKER" not in os.environ
STARTED = CONTROLLER and "WEIJING_TEST_VAR" not in os.environ

if STARTED:
    # Like Ctrl-C: what was started is stopped again.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))
    place = throwaway.make(server=not os.environ.get("DATABASE_URL"))
    os.environ["WEIJING_TEST_VAR"] = str(place)

os.environ["WEIJING_VAR"] = os.environ["WEIJING_TEST_VAR"]
os.environ["WEIJING_HOSTS"] = "*"
os.environ["DJANGO_SETTINGS_MODULE"] = "weijing.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the test's thread

django.setup()

from weijing.audiences.index import keeping  # noqa: E402
from weijing.core import line  # noqa: E402
from weijing.core.line.client import OUTCOMES  # noqa: E402


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Our line to WeCom has connections of its own, which would keep the database from going."""
    yield
    OUTCOMES.flush()
    line.hang_up()


@pytest.fixture(autouse=True)
def audiences_start_from_the_rows() -> None:
    """What a test before has rolled back must not be in the index of this one."""
    keeping.forget()


@pytest.fixture(autouse=True)
def changes_are_noted() -> Iterator[None]:
    """Of any use case that any test runs."""
    with every_change_is_noted():
        yield


@pytest.fixture
def at() -> datetime:
    """A Tuesday morning in the county."""
    return datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def county(db: None) -> "County":
    """隆回县: two townships of two villages of two groups."""
    from tests.builders import make_county

    return make_county()
