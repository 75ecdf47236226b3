"""Our client against our simulator over HTTP: two readings of one contract, by different hands."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from tests.wecom_simulator.receiving import Receiver, receiving
from tests.wecom_simulator.running import FROZEN, Simulator
from wecom_api import Transport, WeCom
from wecom_api.limits import InMemoryRateLimiter
from wecom_simulator.settings import Settings


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("contract"), "--clock", f"frozen={FROZEN}")
    yield one
    one.stop()
    one.http.close()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    """One process for all tests, with default settings and no faults; the clock only goes on."""
    process.admin("settings", **asdict(Settings()))
    process.admin("faults", "DELETE")
    process.admin("limits/reset")
    process.admin("calls", "DELETE")
    process.advance(60)
    return process


@pytest.fixture
def naps() -> list[float]:
    """Seconds the client wanted to sleep, without sleeping them."""
    return []


@pytest.fixture
def connect(naps: list[float]) -> Iterator[Callable[..., WeCom]]:
    """A client of the simulator given, by nothing but what its first line says."""
    clients: list[WeCom] = []

    def connected(simulator: Simulator, **changes: Any) -> WeCom:
        facts = simulator.facts
        arguments: dict[str, Any] = {
            "corpid": facts["corpid"],
            "secret": facts["secret"],
            "agentid": facts["agentid"],
            "transport": Transport(facts["base_url"]),
            "limiter": InMemoryRateLimiter(scale=1000),
            "authorize_url": facts["authorize_url"],
            "qr_url": facts["qr_login_url"],
            "sleep": naps.append,
        }
        clients.append(WeCom(**{**arguments, **changes}))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


@pytest.fixture
def wecom(simulator: Simulator, connect: Callable[..., WeCom]) -> WeCom:
    return connect(simulator)


@pytest.fixture
def receiver(simulator: Simulator) -> Iterator[Receiver]:
    """Configured as the callback URL of the first app."""
    facts = simulator.facts
    for one in receiving(facts["corpid"], facts["token"], facts["encoding_aes_key"]):
        path = f"apps/{facts['agentid']}/callback"
        simulator.admin(path, url=one.url)
        yield one
        simulator.admin(path, url="", verify=False)


def times_called(simulator: Simulator, api: str) -> dict[str, int]:
    """How often the simulator answered the call, by errcode."""
    found: dict[str, int] = simulator.admin("calls", "GET")["calls"].get(api, {})
    return found
