"""How calls went: counted in this process, written down at most once a second."""

import atexit
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from wecom_api import Misconfigured, Throttled, Unavailable
from wecom_api.errcodes import BUSY, MEANING
from wecom_api.errors import TokenRefused
from weijing.core import clock
from weijing.core.line import connections

FLUSH_SECONDS = 1.0


class Failure(models.TextChoices):
    """Why the line failed. A refusal of what we asked for is no failure of the line."""

    UNANSWERED = "unanswered", "连不上"
    THROTTLED = "throttled", "太频繁"
    MISCONFIGURED = "misconfigured", "配置不对"


def failure_of(errcode: int | None) -> Failure | None:
    if errcode is None or errcode == BUSY:
        return Failure.UNANSWERED
    meaning = MEANING.get(errcode)
    # A token that ran out is renewed on the spot.
    if meaning is None or issubclass(meaning, TokenRefused):
        return None
    if issubclass(meaning, Throttled):
        return Failure.THROTTLED
    return Failure.MISCONFIGURED if issubclass(meaning, Misconfigured) else None


@dataclass
class _Tally:
    calls: int = 0
    failures: int = 0
    ok_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    errcode: int | None = None

    def count(self, errcode: int | None, at: datetime) -> None:
        self.calls += 1
        failure = failure_of(errcode)
        if failure is None:
            self.ok_at = at
            return
        self.failures += 1
        self.failed_at, self.failure, self.errcode = at, failure, errcode

    def add_earlier(self, earlier: "_Tally") -> None:
        self.calls += earlier.calls
        self.failures += earlier.failures
        self.ok_at = self.ok_at or earlier.ok_at
        if self.failed_at is None:
            self.failed_at, self.failure = earlier.failed_at, earlier.failure
            self.errcode = earlier.errcode


class Outcomes:
    """The `observe` of our client. A write a call would cost more than the call."""

    def __init__(self, *, now: Callable[[], datetime] = clock.now) -> None:
        self._now = now
        self._tallies: dict[str, _Tally] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        atexit.register(self._flush_at_exit)

    def observe(self, api: str, errcode: int | None, seconds: float) -> None:
        """Never raises, and never waits for the database."""
        with self._lock:
            self._tallies.setdefault(api, _Tally()).count(errcode, self._now())
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write down what was counted. Without a database the counts wait for the next call."""
        with self._lock:
            tallies, self._tallies, self._timer = self._tallies, {}, None
        if not tallies:
            return
        try:
            _add(tallies)
        except Unavailable:
            with self._lock:
                for api, tally in tallies.items():
                    self._tallies.setdefault(api, _Tally()).add_earlier(tally)

    def _flush_at_exit(self) -> None:
        with suppress(Exception):  # nobody is left to hear of it
            self.flush()


def _add(tallies: dict[str, _Tally]) -> None:
    rows = [
        (api, t.ok_at, t.failed_at, t.failure, t.errcode, t.calls, t.failures)
        for api, t in sorted(tallies.items())  # in one order everywhere: no deadlock
    ]
    with connections.transaction() as connection, connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO core_wecomhealth AS h
                (api, ok_at, failed_at, failure, errcode, calls, failures)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (api) DO UPDATE SET
                ok_at = greatest(h.ok_at, excluded.ok_at),
                failed_at = greatest(h.failed_at, excluded.failed_at),
                failure = CASE WHEN excluded.failed_at >= coalesce(h.failed_at, '-infinity')
                    THEN excluded.failure ELSE h.failure END,
                errcode = CASE WHEN excluded.failed_at >= coalesce(h.failed_at, '-infinity')
                    THEN excluded.errcode ELSE h.errcode END,
                calls = h.calls + excluded.calls,
                failures = h.failures + excluded.failures
            """,
            rows,
        )
