"""A simulated WeCom in a process of its own, a client of it, and a small catalogue."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections

from tests.tags.catalogue_people import catalogue as catalogue
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import Transport, WeCom
from weijing.core.errors import DomainError


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


@pytest.fixture
def at_once() -> Callable[..., list[object]]:
    """Two acts in two connections at once; what each returned or raised."""

    def run(act: Callable[[], object]) -> object:
        try:
            return act()
        except DomainError as refusal:
            return refusal
        finally:
            connections.close_all()

    def run_all(*acts: Callable[[], object]) -> list[object]:
        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    return run_all
