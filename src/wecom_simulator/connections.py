"""Cutting a connection the way a dying network does, which no HTTP framework offers."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_OPEN: dict[tuple[str, int], asyncio.Transport] = {}


class TrackedProtocol(H11Protocol):
    """Remembers the transport of each client address, for `Cut`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            _OPEN[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _OPEN.pop(self.client, None)
        super().connection_lost(exc)


class Cut(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _hang_up(scope, receive)


class CutBody(Response):
    """The head and half of the body, then the connection is closed."""

    def __init__(self, whole: bytes) -> None:
        super().__init__(whole, media_type="application/json; charset=UTF-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _hang_up(scope, receive)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    transport = _OPEN.get(tuple(scope["client"])) if scope.get("client") else None
    if transport is not None:
        transport.close()  # what was written still leaves
    while (await receive())["type"] != "http.disconnect":
        pass
