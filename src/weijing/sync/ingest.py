"""The address WeCom calls: verify, decrypt, keep, and only then answer 200.

A bare WSGI application, without Django: it starts in a moment, and nothing that breaks a page can
break it. It has to run beside a database that is down, so only its start looks at configuration.
"""

import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import psycopg

from wecom_api.callbacks import (
    MAX_BODY_BYTES,
    BadCallback,
    BadSignature,
    Codec,
    TooLarge,
    WrongReceiver,
)
from weijing.core import env, logs
from weijing.core.crypto import Keyring
from weijing.sync.callback_counts import CallbackCounts, Seen
from weijing.sync.inbox_store import Inbox
from weijing.sync.intake import Intake, Kept, NotKept
from weijing.sync.received import sealed
from weijing.sync.spool import Spool

CALLBACK_PATH = "/wecom/callback"
# WeCom signs each delivery anew. An older one is a late retry or a replay; both only make us read
# the present state once more, so it is counted, not refused.
FRESH_SECONDS = 300

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Refusal(Exception):
    def __init__(self, status: HTTPStatus, seen: Seen | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.seen = seen


class Ingest:
    """The WSGI application of one process; its threads share it."""

    def __init__(
        self, *, codec: Codec, corpid: str, keyring: Keyring, intake: Intake, spool: Spool
    ) -> None:
        self._codec = codec
        self._corpid = corpid
        self._keyring = keyring
        self._intake = intake
        self._spool = spool
        self._counts = CallbackCounts()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status, body = self._answer(environ)
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "GET, POST"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _answer(self, environ: Environ) -> tuple[HTTPStatus, bytes]:
        try:
            return HTTPStatus.OK, self._routed(environ)
        except Refusal as refusal:
            if refusal.seen:
                self._counts.add(refusal.seen)
            return refusal.status, b""

    def _routed(self, environ: Environ) -> bytes:
        path, method = environ["PATH_INFO"].rstrip("/"), environ["REQUEST_METHOD"]
        if path == CALLBACK_PATH:
            if method == "POST":
                return self._receive(environ)
            if method == "GET":
                return self._verify(environ)
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        pages = {"/livez": lambda: b"ok", "/readyz": self._readiness, "/metrics": self._metrics}
        if path not in pages:
            raise Refusal(HTTPStatus.NOT_FOUND)
        if method != "GET":
            raise Refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        return pages[path]()

    def _verify(self, environ: Environ) -> bytes:
        """WeCom tries out the address when an administrator saves it."""
        given = _parameters(environ, "echostr", "msg_signature", "timestamp", "nonce")
        plain = _decrypted(lambda: self._codec.verify_url(**given))
        self._counts.add(Seen.VERIFIED)
        return plain

    def _receive(self, environ: Environ) -> bytes:
        body = _body(environ)
        given = _parameters(environ, "msg_signature", "timestamp", "nonce")
        xml = _decrypted(lambda: self._codec.decrypt_message(body, **given))
        now = time.time()
        try:
            event = sealed(
                xml,
                corpid=self._corpid,
                at=datetime.fromtimestamp(now, UTC),
                keyring=self._keyring,
            )
        except UnicodeDecodeError as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, Seen.MALFORMED) from error
        try:
            kept = self._intake.keep(event)
        except NotKept as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, Seen.NOT_KEPT) from error
        if abs(now - int(given["timestamp"])) > FRESH_SECONDS:
            self._counts.add(Seen.STALE)
        self._counts.add(Seen.STORED if kept is Kept.INBOX else Seen.SPOOLED)
        return b""

    def _readiness(self) -> bytes:
        """The database is not asked: without it we are needed most."""
        try:
            self._spool.check()
        except OSError as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE) from error
        return b"ready"

    def _metrics(self) -> bytes:
        return self._counts.as_text(
            pid=os.getpid(),
            backlog=self._spool.backlog(now=time.time()),
            database_is_away=self._intake.database_is_away,
        ).encode()


def _body(environ: Environ) -> bytes:
    """Never reads more than a callback may have."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length and not (length.isascii() and length.isdigit()):
        raise Refusal(HTTPStatus.BAD_REQUEST, Seen.MALFORMED)
    if length and int(length) > MAX_BODY_BYTES:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Seen.TOO_LARGE)
    body: bytes = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Seen.TOO_LARGE)
    return body


def _parameters(environ: Environ, *names: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(environ.get("QUERY_STRING", ""), max_num_fields=16)
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, Seen.MALFORMED) from error
    given = {name: [value for key, value in pairs if key == name] for name in names}
    # Twice the same name: the proxy in front of us may have looked at the other one.
    if any(len(values) != 1 for values in given.values()):
        raise Refusal(HTTPStatus.BAD_REQUEST, Seen.MALFORMED)
    return {name: values[0] for name, values in given.items()}


def _decrypted(decrypt: Callable[[], bytes]) -> bytes:
    try:
        return decrypt()
    except TooLarge as error:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Seen.TOO_LARGE) from error
    except (BadSignature, WrongReceiver) as error:
        raise Refusal(HTTPStatus.FORBIDDEN, Seen.FORGED) from error
    except BadCallback as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, Seen.MALFORMED) from error


def open_spool() -> Spool:
    """The spool of this installation. Raises `env.Misconfigured`."""
    directory = env.environment().var / "spool"
    try:
        return Spool(directory)
    except OSError as error:
        problem = f"callbacks cannot be kept in {directory}: {error.strerror}"
        raise env.Misconfigured("WEIJING_VAR", problem, "/var/lib/weijing") from None


def open_codec() -> Codec:
    """Raises `env.Misconfigured`."""
    env.require(env.CALLBACK_FIELDS)
    settings = env.environment()
    try:
        return Codec(
            token=settings.wecom_token,
            encoding_aes_key=settings.wecom_encoding_aes_key,
            receiveid=settings.wecom_corpid,
        )
    except ValueError as error:
        name = env.variable_of("wecom_encoding_aes_key")
        raise env.Misconfigured(name, str(error), "43 letters and digits") from None


def application() -> Ingest:
    """What the server runs, once in each of its processes. Raises `env.Misconfigured`."""
    settings = env.environment()
    logs.configure(settings.log_level, to_terminal=False)
    codec, keyring, spool = open_codec(), env.keyring(), open_spool()
    intake = Intake(Inbox(_database_url), Inbox(_database_url), spool)
    return Ingest(
        codec=codec, corpid=settings.wecom_corpid, keyring=keyring, intake=intake, spool=spool
    )


def _database_url() -> str:
    """A database that nobody has set up again yet is just away, no reason to stop."""
    try:
        return env.database_url()
    except env.Misconfigured as error:
        raise psycopg.OperationalError("no database is configured now") from error
