"""How often we may call, agreed between all processes."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from psycopg import Connection

from wecom_api import Throttled
from wecom_api.limits import (
    DEFAULT_PATIENCE_SECONDS,
    HOUR,
    MINUTE,
    Bucket,
    Rate,
    penalise,
    rates_of,
    take,
)
from weijing.core.line import connections

# A process may take several slots at once and use them a moment later. Every window is kept longer
# by that moment, so that the calls of any minute still fit into what a minute allows.
KEEP_SECONDS = 1.0
MAX_BATCH = 16
BURST_SHARE = {MINUTE: 0.02, HOUR: 0.1}  # as in wecom_api.limits


@dataclass
class _Stock:
    """Slots of one API that this process holds: when each may be used, in Unix seconds."""

    ready_at: deque[float] = field(default_factory=deque)
    taken_at: float = 0.0
    used: int = 0  # since then
    lock: threading.Lock = field(default_factory=threading.Lock)

    def drop_stale(self, now: float) -> None:
        while self.ready_at and self.ready_at[0] < now - KEEP_SECONDS:
            self.ready_at.popleft()

    def wanted(self, now: float) -> int:
        """Twice as many as were needed while the last ones were fresh; one for who calls rarely."""
        return 2 * self.used if now - self.taken_at <= KEEP_SECONDS and self.used else 1

    def refill(self, slots: list[float], now: float) -> None:
        self.ready_at.extend(slots)
        self.taken_at, self.used = now, 0

    def use(self) -> float:
        self.used += 1
        return self.ready_at.popleft()


class DatabaseRateLimiter:
    """A `wecom_api.limits.RateLimiter` for all processes of this installation.

    The bucket of an API is one row, changed under its lock in a transaction of about a millisecond.
    Who calls often takes a handful of slots at a time; slots that are not used within a second are
    lost, never saved up.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        per_hour: int,
        patience_seconds: float = DEFAULT_PATIENCE_SECONDS,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._usual = tuple(
            Rate(calls, seconds, burst=max(1.0, calls * BURST_SHARE[seconds]))
            for calls, seconds in ((per_minute, MINUTE), (per_hour, HOUR))
        )
        self._patience_seconds = patience_seconds
        self._max_batch = max_batch
        self._stocks: dict[str, _Stock] = {}
        self._opening = threading.Lock()

    def acquire(self, api: str, *, now: float) -> float:
        """Seconds to wait; the slot after that wait is the caller's.

        Raises `Throttled` when the wait would be too long, `Unavailable` without our database.
        """
        with self._opening:
            stock = self._stocks.setdefault(api, _Stock())
        entered = time.monotonic()

        def clock() -> float:
            """The caller's time, going on while it waits for its turn here."""
            return now + time.monotonic() - entered

        with stock.lock:
            stock.drop_stale(clock())
            if not stock.ready_at:
                wanted = min(self._max_batch, stock.wanted(clock()))
                stock.refill(self._reserve(api, wanted, clock), clock())
            return max(0.0, stock.use() - clock())

    def penalise(self, api: str, *, now: float) -> float:
        """WeCom said 45009: nobody calls this API for so many seconds."""
        with self._opening:
            self._stocks.pop(api, None)
        rates = self.rates(api)
        with connections.transaction() as connection:
            bucket, seconds = penalise(_locked(connection, api, rates, now), rates, now)
            _write(connection, api, bucket)
        return seconds

    def rates(self, api: str) -> tuple[Rate, ...]:
        own = rates_of(api)
        rates = own if own != rates_of("") else self._usual
        return tuple(replace(rate, seconds=rate.seconds + KEEP_SECONDS) for rate in rates)

    def _reserve(self, api: str, wanted: int, clock: Callable[[], float]) -> list[float]:
        rates = self.rates(api)
        slots: list[float] = []
        with connections.transaction() as connection:
            bucket = _locked(connection, api, rates, clock())
            now = clock()  # the row may have been another's for a moment
            while len(slots) < wanted:
                taken, wait_seconds = take(bucket, rates, now)
                if slots and wait_seconds > 0:
                    break  # what has to be waited for, the next caller may take, here or elsewhere
                if wait_seconds > self._patience_seconds:
                    raise Throttled(api, None, "our own limit", wait_seconds)
                bucket = taken
                slots.append(now + wait_seconds)
            _write(connection, api, bucket)
        return slots


def _locked(connection: Connection, api: str, rates: tuple[Rate, ...], now: float) -> Bucket:
    """The state of this bucket, ours until the transaction ends."""
    query = "SELECT state, blocked_until FROM core_wecombucket WHERE api = %s FOR UPDATE"
    row = connection.execute(query, (api,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO core_wecombucket (api, state) VALUES (%s, '{}') ON CONFLICT DO NOTHING",
            (api,),
        )
        row = connection.execute(query, (api,)).fetchone()
        assert row is not None
    state, blocked_until = row
    block = blocked_until.timestamp() if blocked_until else 0.0
    if not state:
        return replace(Bucket.full(rates, now), blocked_until=block)
    levels = tuple(state["levels"])
    if len(levels) != len(rates):  # an update of ours changed how many limits this API has
        levels = (0.0,) * len(rates)
    return Bucket(levels, state["filled_at"], block)


def _write(connection: Connection, api: str, bucket: Bucket) -> None:
    block = bucket.blocked_until
    connection.execute(
        "UPDATE core_wecombucket SET state = %s, blocked_until = %s WHERE api = %s",
        (
            json.dumps({"levels": bucket.levels, "filled_at": bucket.filled_at}),
            datetime.fromtimestamp(block, UTC) if block else None,
            api,
        ),
    )
