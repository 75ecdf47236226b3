"""Between our own client and the simulator's own application: one process, one simulated clock.

Nothing but the sockets is replaced. A request goes through httpx into the simulator as ASGI; what
goes wrong on the way is drawn by the schedule, and what WeCom does wrong is its own fault plan.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
from starlette.types import Message

from tests.send_simulation.weather import LATE, NOT_SENT, Trouble
from wecom_simulator.world import World

TIMEOUT_SECONDS = 15.0

Pass = Callable[[float], None]  # let so many seconds go by, in which others go on


class Network(httpx.BaseTransport):
    """`trouble(api)` says what this call meets; `boundary` is where a worker may be killed."""

    def __init__(
        self,
        world: World,
        app: Any,
        *,
        trouble: Callable[[str], Trouble | None],
        boundary: Callable[[str], None],
        leaves: Callable[[httpx.Request], None],
        goes_by: Pass,
        travel: Callable[[], float],
    ) -> None:
        self._world = world
        self._app = app
        self._trouble = trouble
        self._boundary = boundary
        self._leaves = leaves
        self._goes_by = goes_by
        self._travel = travel

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        api = request.url.path.removeprefix("/cgi-bin/")
        self._boundary(f"call {api}")
        trouble = self._trouble(api)
        if trouble is not None and trouble.kind == NOT_SENT:
            raise httpx.ConnectError("no way there", request=request)
        self._leaves(request)
        if trouble is not None and trouble.kind == LATE:
            return self._too_late(request, trouble)
        self._goes_by(self._travel())
        if trouble is not None:
            self._world.faults.add({"api": api, **trouble.fault()})
        response = self._answer(request)
        self._boundary(f"answer {api}")
        return response

    def _too_late(self, request: httpx.Request, trouble: Trouble) -> httpx.Response:
        """It arrives and takes effect while we wait; the answer comes after we gave up."""
        self._goes_by(trouble.after_seconds)
        self._answer(request)
        self._goes_by(TIMEOUT_SECONDS - trouble.after_seconds)
        raise httpx.ReadTimeout("no answer in time", request=request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        messages: list[Message] = []
        request_body = iter([request.read()])

        async def receive() -> Message:
            body = next(request_body, None)
            if body is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        _to_its_end(self._app(_scope(request), receive, send))
        return _response(messages, request)


def _to_its_end(coroutine: Any) -> None:
    """Run what never really waits: the simulator sleeps 0 seconds here, and reads what is there."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration:
        pass


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


class _Cut(httpx.SyncByteStream):
    def __init__(self, half: bytes, request: httpx.Request) -> None:
        self._half = half
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._half
        raise httpx.RemoteProtocolError("cut", request=self._request)


def _response(messages: list[Message], request: httpx.Request) -> httpx.Response:
    if not messages:
        raise httpx.RemoteProtocolError("hung up", request=request)
    start, *rest = messages
    body = b"".join(message.get("body", b"") for message in rest)
    if rest and rest[-1].get("more_body"):
        return httpx.Response(start["status"], stream=_Cut(body, request))
    return httpx.Response(start["status"], headers=start["headers"], content=body)
