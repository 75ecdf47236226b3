"""The simulator's own time: real, or frozen and moved by hand. Every expiry follows it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))  # WeCom counts days, weeks and months in China's time


class Clock:
    """Seconds since 1970. A real clock may be ahead of the machine's by what was advanced."""

    def __init__(self, *, frozen_at: float | None = None, ahead_seconds: float = 0.0) -> None:
        self.frozen_at = frozen_at
        self.ahead_seconds = ahead_seconds
        self.changed: Callable[[Clock], None] = lambda _: None

    def now(self) -> float:
        if self.frozen_at is not None:
            return self.frozen_at
        return time.time() + self.ahead_seconds

    def advance(self, seconds: float) -> None:
        if self.frozen_at is not None:
            self.frozen_at += seconds
        else:
            self.ahead_seconds += seconds
        self.changed(self)

    def set(self, at: float) -> None:
        self.advance(at - self.now())

    def freeze(self, at: float | None = None) -> None:
        self.frozen_at = self.now() if at is None else at
        self.changed(self)

    def run(self) -> None:
        """Let time pass again, from where it stands."""
        self.ahead_seconds = self.now() - time.time()
        self.frozen_at = None
        self.changed(self)

    def midnight(self, days: int = 0) -> float:
        """Start of the day in China that lies `days` from today."""
        return midnight_of(self.now()) + days * 86_400


def midnight_of(at: float) -> float:
    day = datetime.fromtimestamp(at, CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return day.timestamp()


def moment(text: str) -> float:
    """Seconds of an ISO date and time; one without an offset is China's time.

    Raises `ValueError`.
    """
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=CHINA)).timestamp()


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
