from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.wecom_simulator.receiving import Receiver, receiving
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_simulator.settings import Settings


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("wecom"), "--clock", f"frozen={FROZEN}")
    yield one
    one.stop()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    """One process per module, with default settings and no faults; the clock only goes on."""
    process.admin("settings", **asdict(Settings()))
    process.admin("faults", "DELETE")
    process.admin("limits/reset")
    process.admin("calls", "DELETE")
    process.advance(60)
    return process


@pytest.fixture
def receiver(simulator: Simulator) -> Iterator[Receiver]:
    """Configured as the callback URL of the first app."""
    facts = simulator.facts
    for one in receiving(facts["corpid"], facts["token"], facts["encoding_aes_key"]):
        path = f"apps/{facts['agentid']}/callback"
        simulator.admin(path, url=one.url)
        simulator.admin("callbacks/reset")
        yield one
        simulator.admin(path, url="", verify=False)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "wecom"
