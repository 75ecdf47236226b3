"""Where tokens live between processes, and who may fetch the next one."""

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from wecom_api import Unavailable
from wecom_api.tokens import Token
from weijing.core import crypto
from weijing.core.env import keyring
from weijing.core.line import connections

# 160 calls a second must not read the same row 160 times. A token that WeCom voids meanwhile is
# refused, and a refused token is always looked up afresh.
BELIEVE_SECONDS = 2.0
TABLE, COLUMN = "core_wecomtoken", "value_sealed"


class DatabaseTokenCache:
    """A `wecom_api.tokens.TokenCache` for all processes of this installation.

    The right to fetch is a session's advisory lock, not a row lock and not a lease. No transaction
    stays open during the remote call, so nothing holds up vacuum; and the lock of a killed process
    ends with its connection, where a lease would keep everybody waiting until it ran out.
    (A pooler in transaction mode would break this: connect to PostgreSQL itself.)
    """

    def __init__(self, *, lock_seconds: float) -> None:
        self._lock_milliseconds = int(lock_seconds * 1000)
        self._known: dict[str, tuple[Token, float]] = {}
        # Threads queue up here, so that a process waits in PostgreSQL with one connection only.
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._making_a_turn = threading.Lock()

    def get(self, key: str) -> Token | None:
        known = self._known.get(key)
        if known and time.monotonic() < known[1]:
            return known[0]
        with connections.transaction() as connection:
            row = connection.execute(
                f"SELECT {COLUMN}, expires_at, renew_at, refused_errcode FROM {TABLE}"  # noqa: S608
                " WHERE key = %s",
                (key,),
            ).fetchone()
        token = _read(key, *row) if row else None
        if token:
            self._known[key] = (token, time.monotonic() + BELIEVE_SECONDS)
        return token

    def put(self, key: str, token: Token) -> None:
        sealed = keyring().seal(token.value, place=place_of(key))
        with connections.transaction() as connection:
            connection.execute(
                f"INSERT INTO {TABLE} (key, {COLUMN}, expires_at, renew_at, refused_errcode)"  # noqa: S608
                f" VALUES (%s, %s, %s, %s, %s) ON CONFLICT (key) DO UPDATE SET"
                f" {COLUMN} = excluded.{COLUMN}, expires_at = excluded.expires_at,"
                " renew_at = excluded.renew_at, refused_errcode = excluded.refused_errcode",
                (key, sealed, _at(token.expires_at), _at(token.renew_at), token.refused_errcode),
            )
        self._known[key] = (token, time.monotonic() + BELIEVE_SECONDS)

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Raises `wecom_api.Unavailable` when whoever holds it does not come back in time."""
        with self._making_a_turn:
            turn = self._turns[key]
        if not turn.acquire(timeout=self._lock_milliseconds / 1000):
            raise Unavailable("gettoken", errmsg="another thread is still fetching")
        try:
            options = f"-c lock_timeout={self._lock_milliseconds}"
            with connections.connect(options=options) as connection:
                _lock(connection, key)
                self._known.pop(key, None)  # another process may have put one meanwhile
                yield
        finally:
            turn.release()


def place_of(key: str) -> str:
    """Like `sealed.place`, for a row that is named by a text."""
    return f"{TABLE}.{COLUMN}.{key}"


def _lock(connection: psycopg.Connection, key: str) -> None:
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
    try:
        connection.execute("SELECT pg_advisory_lock(%s)", (number,))
    except psycopg.OperationalError as error:  # a lock that is not to be had is one of these
        raise Unavailable("gettoken", errmsg="another process is still fetching") from error


def _read(
    key: str, sealed: bytes, expires_at: datetime, renew_at: datetime, refused_errcode: int | None
) -> Token | None:
    try:
        value = keyring().unseal(sealed, place=place_of(key))
    except crypto.CannotOpen:
        return None  # sealed with keys that are gone: fetch another one
    return Token(value, expires_at.timestamp(), renew_at.timestamp(), refused_errcode)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
