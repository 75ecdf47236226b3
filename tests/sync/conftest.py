"""A simulated WeCom in a process of its own, and our line pointed at it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sync.corp import Corp
from tests.sync.postbox import Postbox
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import WeCom
from weijing.core import env, line
from weijing.core.line.client import OUTCOMES
from weijing.territory.models import County


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A fresh one for each test: the whole of its truth is the test's own."""
    one = Simulator(tmp_path / "wecom", "--clock", f"frozen={FROZEN}")
    yield one
    one.stop()


@pytest.fixture
def corp(simulator: Simulator) -> Corp:
    return Corp(simulator)


@pytest.fixture
def wecom(county: County, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[WeCom]:
    """The line that the application itself uses."""
    facts = simulator.facts
    settings: dict[str, Any] = {
        "wecom_base_url": facts["base_url"].removesuffix("/cgi-bin/"),
        "wecom_corpid": facts["corpid"],
        "wecom_agentid": facts["agentid"],
        "wecom_secret": facts["secret"],
        "wecom_timeout_seconds": 5.0,
        "wecom_calls_per_minute": 600_000,
        "wecom_calls_per_hour": 6_000_000,
    }
    for name, value in settings.items():
        monkeypatch.setattr(env.environment(), name, value)
    simulator.admin("settings", scale_limits=0.0)
    county.wecom_corpid = facts["corpid"]
    county.save()
    yield line.wecom(county.pk)
    OUTCOMES.flush()  # else its timer would open a connection to a database that is to go
    line.hang_up()


@pytest.fixture
def postbox(simulator: Simulator, wecom: WeCom) -> Iterator[Postbox]:
    """Where the corp's callbacks arrive."""
    one = Postbox(simulator)
    yield one
    one.close()


@pytest.fixture
def now(simulator: Simulator) -> Callable[[], datetime]:
    """WeCom's clock, which a test sets."""
    return lambda: datetime.fromtimestamp(simulator.now(), UTC)
