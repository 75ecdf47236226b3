"""The smallest HTTP/1.1 client that can post thousands of small bodies a second."""

import asyncio
import ssl
from urllib.parse import urlsplit

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Poster:
    """Keeps connections open per origin; one exchange at a time on each."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str, int], list[Connection]] = {}

    async def exchange(
        self, method: str, url: str, query: str, body: bytes = b"", *, timeout_seconds: float
    ) -> tuple[int, bytes]:
        """Status and body. Raises `OSError` or `TimeoutError` when there was no whole answer."""
        async with asyncio.timeout(timeout_seconds):
            return await self._exchange(method, url, query, body)

    async def _exchange(self, method: str, url: str, query: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        origin = (parts.scheme, parts.hostname or "", parts.port or (443 if secure else 80))
        target = f"{parts.path or '/'}?{parts.query + '&' if parts.query else ''}{query}"
        request = (
            f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: Mozilla/4.0\r\n"
            f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        idle = self._idle.setdefault(origin, [])
        while idle:
            connection = idle.pop()
            try:
                return await self._speak(connection, request, idle)
            except OSError:
                continue  # the other side had closed it while it was idle
        context = ssl.create_default_context() if secure else None
        fresh = await asyncio.open_connection(origin[1], origin[2], ssl=context)
        return await self._speak(fresh, request, idle)

    async def _speak(
        self, connection: Connection, request: bytes, idle: list[Connection]
    ) -> tuple[int, bytes]:
        reader, writer = connection
        reusable = False
        try:
            writer.write(request)
            await writer.drain()
            status, body, reusable = await _read(reader)
        except (asyncio.IncompleteReadError, ValueError, IndexError) as broken:
            raise ConnectionError("no whole answer") from broken
        finally:
            if not reusable:
                writer.close()
        if reusable:
            idle.append(connection)
        return status, body

    def close(self) -> None:
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()
        self._idle.clear()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = {
        k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])
    }
    if "chunked" in fields.get("transfer-encoding", ""):
        body = await _chunks(reader)
    elif "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    elif status in (204, 304):
        body = b""
    else:
        body = await reader.read()
        fields["connection"] = "close"
    reusable = fields.get("connection", "").lower() != "close" and head[0].startswith("HTTP/1.1")
    return status, body, reusable


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body
