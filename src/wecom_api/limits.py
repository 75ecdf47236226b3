"""How often we may call: the maths of the buckets, and a limiter that keeps them in memory.

A bucket is worked out from its last state alone, so a limiter over a database only has to load it,
call `take` or `penalise` and store what comes back.

Source of the limits: developer.work.weixin.qq.com/document/path/90312.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Protocol

from wecom_api.errors import Throttled

SHARE = 0.7  # of what WeCom allows; the rest is for other apps of the corp and for our mistakes
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

# A clock that ran ahead for a moment must not stop refilling until time catches up with it.
BELIEVABLE_SKEW_SECONDS = 5.0
# A second 45009 this soon after a minute's block means that the hour's limit was hit.
SUSPICION_SECONDS = 120.0
DEFAULT_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`, of which `burst` may come at once."""

    calls: float
    seconds: float
    burst: float

    @property
    def per_second(self) -> float:
        # What may come at once and what is refilled meanwhile share the budget, so that no
        # window, wherever it starts, holds more than `calls`.
        return (self.calls - self.burst) / self.seconds


def rate(limit: float, seconds: float, *, burst_share: float) -> Rate:
    calls = limit * SHARE
    return Rate(calls=calls, seconds=seconds, burst=max(1.0, calls * burst_share))


_SPECIAL: dict[str, tuple[tuple[float, float, float], ...]] = {
    # limit, window, part of it that may come at once
    "get_jsapi_ticket": ((100, HOUR, 0.2),),
    "ticket/get": ((100, HOUR, 0.2),),
    "media/uploadimg": ((1000, DAY, 0.2),),
}
_USUAL = ((10_000, MINUTE, 0.02), (150_000, HOUR, 0.1))


def rates_of(api: str, *, scale: float = 1.0) -> tuple[Rate, ...]:
    """The rates a call must keep. `scale` stretches them, for a simulator with other limits."""
    return tuple(
        rate(limit * scale, seconds, burst_share=share)
        for limit, seconds, share in _SPECIAL.get(api, _USUAL)
    )


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of each rate of one call. Times are Unix seconds.

    A level below zero is a debt: slots already promised to callers who are waiting for them.
    """

    levels: tuple[float, ...]
    filled_at: float
    blocked_until: float = 0.0

    @staticmethod
    def full(rates: tuple[Rate, ...], now: float) -> Bucket:
        return Bucket(levels=tuple(r.burst for r in rates), filled_at=now)


def take(bucket: Bucket, rates: tuple[Rate, ...], now: float) -> tuple[Bucket, float]:
    """Reserve one call: the new state, and the seconds to wait before making it."""
    opens_at = max(now, _believable_block(bucket, rates, now))
    filled_at = bucket.filled_at
    if filled_at > opens_at + BELIEVABLE_SKEW_SECONDS:
        filled_at = opens_at
    # Refilled only up to the end of a block: whoever waits for it must not start all at once.
    at = max(opens_at, filled_at)
    levels = tuple(
        min(r.burst, level + r.per_second * (at - filled_at)) - 1
        for level, r in zip(bucket.levels, rates, strict=True)
    )
    debt_seconds = max(
        max(0.0, -level) / r.per_second for level, r in zip(levels, rates, strict=True)
    )
    return replace(bucket, levels=levels, filled_at=at), (at - now) + debt_seconds


def penalise(bucket: Bucket, rates: tuple[Rate, ...], now: float) -> tuple[Bucket, float]:
    """WeCom said 45009: the new state, and for how many seconds the call is blocked.

    WeCom blocks for the window that was exceeded and does not say which. The shortest is
    assumed; a second 45009 right after its end means a longer one.
    """
    block = _believable_block(bucket, rates, now)
    if now < block:
        return bucket, block - now
    windows = sorted(r.seconds for r in rates)
    again = block > 0 and now - block <= SUSPICION_SECONDS
    seconds = windows[-1] if again else windows[0]
    return replace(bucket, blocked_until=now + seconds), seconds


def _believable_block(bucket: Bucket, rates: tuple[Rate, ...], now: float) -> float:
    longest = max(r.seconds for r in rates)
    return min(bucket.blocked_until, now + longest)


class RateLimiter(Protocol):
    """Shared by everyone who calls with the same corp."""

    def acquire(self, api: str, *, now: float) -> float:
        """Seconds to wait; the slot after that wait is the caller's.

        Raises `Throttled` when the wait would be too long; then no slot is taken.
        """

    def penalise(self, api: str, *, now: float) -> float:
        """WeCom said 45009. Seconds for which the call is now blocked."""


@dataclass
class InMemoryRateLimiter:
    """For one process. `scale` stretches every limit."""

    scale: float = 1.0
    patience_seconds: float = DEFAULT_PATIENCE_SECONDS
    _buckets: dict[str, Bucket] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def acquire(self, api: str, *, now: float) -> float:
        rates = rates_of(api, scale=self.scale)
        with self._lock:
            bucket = self._buckets.get(api) or Bucket.full(rates, now)
            taken, wait_seconds = take(bucket, rates, now)
            if wait_seconds > self.patience_seconds:
                raise Throttled(api, None, "our own limit", wait_seconds)
            self._buckets[api] = taken
            return wait_seconds

    def penalise(self, api: str, *, now: float) -> float:
        rates = rates_of(api, scale=self.scale)
        with self._lock:
            bucket = self._buckets.get(api) or Bucket.full(rates, now)
            self._buckets[api], seconds = penalise(bucket, rates, now)
            return seconds
