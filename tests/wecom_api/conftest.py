import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from wecom_api import Transport, WeCom

from .servers import Server


@dataclass
class Request:
    method: str
    api: str
    query: dict[str, str]
    content: bytes
    headers: httpx.Headers

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Script:
    """A WeCom that answers what the test tells it to; {"errcode": 0} when told nothing."""

    requests: list[Request] = field(default_factory=list)
    answers: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    tokens: int = 0

    def answer(self, api: str, *answers: Any) -> None:
        self.answers[api].extend(answers)

    def asked(self, api: str) -> list[Request]:
        return [request for request in self.requests if request.api == api]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        api = request.url.path.removeprefix("/cgi-bin/")
        query = dict(request.url.params)
        self.requests.append(Request(request.method, api, query, request.read(), request.headers))
        if self.answers[api]:
            return self._prepared(self.answers[api].popleft())
        if api == "gettoken":
            self.tokens += 1
            token = f"token-{self.tokens}"
            return httpx.Response(200, json={"access_token": token, "expires_in": 7200})
        return httpx.Response(200, json={"errcode": 0, "errmsg": "ok"})

    def _prepared(self, answer: Any) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def naps() -> list[float]:
    """Seconds the client has slept, without sleeping them."""
    return []


@pytest.fixture
def make_wecom(script: Script, naps: list[float]) -> Callable[..., WeCom]:
    def make(**changes: Any) -> WeCom:
        arguments: dict[str, Any] = {
            "corpid": "ww0000000000000001",
            "secret": "not-a-real-secret",
            "agentid": 1000002,
            "transport": Transport("https://wecom.example", http=httpx.MockTransport(script)),
            "sleep": naps.append,
        }
        return WeCom(**{**arguments, **changes})

    return make


@pytest.fixture
def wecom(make_wecom: Callable[..., WeCom]) -> WeCom:
    return make_wecom()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers on real sockets; they are gone after the test."""
    servers: list[Server] = []

    def start(behave: Callable[..., None]) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
