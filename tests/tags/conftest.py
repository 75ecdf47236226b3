"""A simulated WeCom in a process of its own, and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import Transport, WeCom


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    one = Simulator(tmp_path / "wecom", "--clock", f"frozen={FROZEN}", "--scale-limits", "0")
    yield one
    one.stop()


@pytest.fixture
def wecom(simulator: Simulator) -> Iterator[WeCom]:
    facts = simulator.facts
    client = WeCom(
        corpid=facts["corpid"],
        secret=facts["secret"],
        agentid=facts["agentid"],
        transport=Transport(facts["base_url"].removesuffix("/cgi-bin/"), 5.0),
    )
    yield client
    client.close()
