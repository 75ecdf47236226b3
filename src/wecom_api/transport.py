"""HTTP towards WeCom: one request, one answer, one deadline."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx

from wecom_api import deadlines
from wecom_api.errors import InvalidRequest

SAAS = "https://qyapi.weixin.qq.com"
MAX_ANSWER_BYTES = 16 * 1024 * 1024  # the longest answers are whole department trees
MAX_CONNECTIONS = 64


class NotSent(Exception):
    """No connection: WeCom never saw the request."""


class NoAnswer(Exception):
    """The request may have arrived; no complete answer came back."""


@dataclass(frozen=True, slots=True)
class Upload:
    filename: str
    content: bytes
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes


class Transport:
    """Speaks to one WeCom deployment.

    `base_url` may or may not end in /cgi-bin/. `paths` replaces single paths, for editions that
    still have the older ones: `{"auth/getuserinfo": "user/getuserinfo"}`. `timeout_seconds` is
    for the whole exchange. `http` replaces the network, in tests.
    """

    def __init__(
        self,
        base_url: str = SAAS,
        timeout_seconds: float = 15.0,
        paths: Mapping[str, str] | None = None,
        *,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        self.root = _root(base_url)
        self.timeout_seconds = timeout_seconds
        self._paths = dict(paths or {})
        self._max_answer_bytes = max_answer_bytes
        _keep_secrets_out_of_the_log()
        self._kept = self._client(http, keep_alive=True)
        self._fresh = self._client(http, keep_alive=False)

    def send(
        self,
        method: str,
        api: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        fresh_connection: bool = False,
    ) -> HttpAnswer:
        """One exchange.

        A kept connection may have been closed at the other end just now; then nobody can tell
        whether the request arrived. `fresh_connection` avoids that doubt, for a handshake.

        Raises `NotSent`, `NoAnswer`, and `InvalidRequest` for text that is not Unicode.
        """
        headers, content = _content(api, body, upload)
        client = self._fresh if fresh_connection else self._kept
        url = _url(self.root + self._paths.get(api, api), tuple(query.items()))
        request = client.build_request(method, url, content=content, headers=headers)
        return self._within_time(client, request, self._max_answer_bytes)

    def fetch(self, address: httpx.URL, *, max_bytes: int) -> HttpAnswer:
        """A GET of an address that WeCom has named, without any secret.

        Raises `NotSent`, `NoAnswer`.
        """
        request = self._kept.build_request("GET", address, headers={"Accept": "image/*"})
        return self._within_time(self._kept, request, max_bytes)

    def close(self) -> None:
        self._kept.close()
        self._fresh.close()

    def _within_time(
        self, client: httpx.Client, request: httpx.Request, max_bytes: int
    ) -> HttpAnswer:
        try:
            with deadlines.within(self.timeout_seconds):
                return self._exchange(client, request, max_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(_name(error)) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise NoAnswer(_name(error)) from error

    def _client(self, http: httpx.BaseTransport | None, *, keep_alive: bool) -> httpx.Client:
        return httpx.Client(
            transport=http
            or deadlines.DeadlineTransport(max_connections=MAX_CONNECTIONS, keep_alive=keep_alive),
            timeout=httpx.Timeout(self.timeout_seconds),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    def _exchange(self, client: httpx.Client, request: httpx.Request, max_bytes: int) -> HttpAnswer:
        response = client.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > max_bytes:
                    raise NoAnswer("the answer is too long")
            return HttpAnswer(response.status_code, bytes(body))
        finally:
            response.close()


def _root(base_url: str) -> str:
    url = httpx.URL(base_url)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError(f"not a base URL, e.g. {SAAS}: {base_url!r}")
    return base_url.rstrip("/").removesuffix("/cgi-bin").rstrip("/") + "/cgi-bin/"


# The pages of a long list all go to one address, and httpx takes 0.3 ms to put one together.
@lru_cache(maxsize=32)
def _url(address: str, query: tuple[tuple[str, str], ...]) -> httpx.URL:
    return httpx.URL(address, params=dict(query))


def _content(
    api: str, body: Mapping[str, Any] | None, upload: Upload | None
) -> tuple[dict[str, str], bytes | None]:
    try:
        if upload is not None:
            return _multipart(upload)
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            return {"Content-Type": "application/json; charset=utf-8"}, content
    except UnicodeEncodeError as error:
        raise InvalidRequest(api, errmsg="text that is not valid Unicode") from error
    return {}, None


def _multipart(upload: Upload) -> tuple[dict[str, str], bytes]:
    # WeCom wants `filelength` beside the name (doc 90253), which no multipart library adds.
    boundary = secrets.token_hex(16)
    name = "".join(c for c in upload.filename if c.isprintable()).replace('"', "'")
    head = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="media"; filename="{name}"; '
        f"filelength={len(upload.content)}\r\n"
        f"Content-Type: {upload.content_type}\r\n\r\n"
    )
    content = head.encode() + upload.content + f"\r\n--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, content


def _name(error: Exception) -> str:
    return type(error).__name__


class _WithoutQuery(logging.Filter):
    """httpx logs whole addresses, and WeCom wants its secrets in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                a.copy_with(query=None) if isinstance(a, httpx.URL) else a for a in record.args
            )
        return True


def _keep_secrets_out_of_the_log() -> None:
    logger = logging.getLogger("httpx")
    if not any(isinstance(f, _WithoutQuery) for f in logger.filters):
        logger.addFilter(_WithoutQuery())
