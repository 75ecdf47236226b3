"""Pictures that WeCom names by address: the QR code of a contact way (doc 92228)."""

from __future__ import annotations

import httpx

from wecom_api.errors import InvalidRequest, Rejected, Unavailable
from wecom_api.transport import SAAS, NoAnswer, NotSent, Transport

API = "picture"
MAX_BYTES = 512 * 1024  # WeCom's QR codes have some 10 kB
BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
# Where the public WeCom keeps pictures; what lies elsewhere is no answer of WeCom's.
HOSTS = (".qpic.cn", ".qq.com", ".qlogo.cn")


def kind_of(content: bytes) -> str:
    """`image/png` or `image/jpeg`; "" for anything else."""
    found = (kind for start, kind in BEGINNINGS.items() if content.startswith(start))
    return next(found, "")


class Pictures:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        root = httpx.URL(transport.root)
        self._origin = None if root.host == httpx.URL(SAAS).host else root

    def fetch(self, url: str) -> bytes:
        """The picture itself, PNG or JPEG.

        A WeCom of one's own names the public WeCom's host and serves the picture itself.
        Raises `Unavailable`, `Rejected`.
        """
        try:
            answer = self._transport.fetch(self._address(url), max_bytes=MAX_BYTES)
        except (NotSent, NoAnswer) as error:
            raise Unavailable(API, errmsg=str(error)) from error
        if answer.status >= 500:
            raise Unavailable(API, errmsg=f"HTTP {answer.status}")
        if answer.status != 200 or not kind_of(answer.body):
            raise Rejected(API, errmsg=f"HTTP {answer.status}, {len(answer.body)} bytes")
        return answer.body

    def _address(self, url: str) -> httpx.URL:
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise InvalidRequest(API, errmsg="not an address") from error
        if self._origin is not None:
            return address.copy_with(
                scheme=self._origin.scheme, host=self._origin.host, port=self._origin.port
            )
        if address.scheme not in ("http", "https") or not address.host.endswith(HOSTS):
            raise InvalidRequest(API, errmsg="not an address of WeCom's")
        return address.copy_with(scheme="https", port=None)
