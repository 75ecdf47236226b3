"""Ids are made here, not by the database, so that any process on any machine can make them.

63 bits: milliseconds since 1970 << 22 | tick within the millisecond (4 bits) | process (18 bits).
A process never makes an id twice: its ticks only go forward, past the clock if it is in a hurry.
Two processes differ in a number drawn at their start. Drawing all 22 bits for each id would do
for single rows; in a bulk insert of a thousand rows a millisecond it repeats itself within minutes.
"""

import os
import secrets
import threading
import time
from datetime import UTC, date, datetime

RANDOM_BITS = 22
TICK_BITS = 4
PROCESS_BITS = RANDOM_BITS - TICK_BITS


class _Ticks:
    """Sixteenths of a millisecond, each handed out once in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._pid = 0
        self._process = 0

    def take(self, count: int) -> tuple[int, int]:
        """The first of `count` ticks in a row, and this process's number."""
        with self._lock:
            if self._pid != os.getpid():  # a fork must not go on as its parent
                self._pid, self._process = os.getpid(), secrets.randbits(PROCESS_BITS)
            first = max(self._next, (time.time_ns() // 1_000_000) << TICK_BITS)
            self._next = first + count
            return first, self._process


_ticks = _Ticks()
os.register_at_fork(after_in_child=_ticks.__init__)  # type: ignore[misc]  # and a new lock


def new_id() -> int:
    """One id. Later ids are larger within a process, and nearly so between processes."""
    tick, process = _ticks.take(1)
    return tick << PROCESS_BITS | process


def new_ids(count: int) -> list[int]:
    """Distinct ids for a bulk insert, increasing, so that index pages fill in order."""
    first, process = _ticks.take(count)
    return [tick << PROCESS_BITS | process for tick in range(first, first + count)]


ID_STEP = 1 << PROCESS_BITS


def reserve(count: int) -> int:
    """The first of `count` ids, each `ID_STEP` above the one before: for an INSERT … SELECT.

    `first + n * ID_STEP` for n below `count`; rows that are where they are need not travel here.
    """
    first, process = _ticks.take(count)
    return first << PROCESS_BITS | process


def made_on(id: int) -> date:
    """The day (UTC) on which this id was made."""
    return datetime.fromtimestamp((id >> RANDOM_BITS) / 1000, UTC).date()


# No 0, O, 1, I, L: people read these aloud over the radio.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_code(length: int) -> str:
    """A random code that a resident can read and type."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
