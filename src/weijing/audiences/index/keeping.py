"""The index of each county in this process: shared by its threads, brought up to date by use."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from weijing.audiences.index import catching_up, checkpoints
from weijing.audiences.index.catching_up import Pending
from weijing.audiences.index.holding import Index
from weijing.core import clock

# An index nobody has used for so long is read anew: of what it missed, some may have left the log
# (`checkpoints.KEEP_LOG` is longer than this).
MAX_IDLE = 30 * 60.0  # seconds


@dataclass
class _Kept:
    lock: threading.RLock = field(default_factory=threading.RLock)
    index: Index | None = None
    doubtful: Pending = field(default_factory=Pending)
    used_at: float = 0.0  # seconds since the machine started, sleep included


_kept: dict[int, _Kept] = {}
_kept_lock = threading.Lock()


@contextmanager
def current(county_id: int) -> Iterator[Index]:
    """The county's index as of the last commit of any process, and this transaction's own rows.

    Nobody else uses it meanwhile: take from it what you need and let go. The first use in a
    process reads the checkpoint, or the rows when there is none.
    """
    with _kept_lock:
        kept = _kept.setdefault(county_id, _Kept())
    with kept.lock:
        try:
            index = _up_to_date(kept, county_id)
        except BaseException:
            kept.index = None  # a change may have been put in by halves
            raise
        yield index


def forget() -> None:
    """Drop every index of this process; the next use reads it anew."""
    with _kept_lock:
        _kept.clear()


def _up_to_date(kept: _Kept, county_id: int) -> Index:
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    if kept.index is None or now - kept.used_at > MAX_IDLE:
        kept.index, kept.doubtful = checkpoints.restore(county_id), Pending()
    if kept.index is not None:
        kept.doubtful, is_current = catching_up.catch_up(kept.index, kept.doubtful)
        if not is_current:
            kept.index = None
    today = clock.today()
    while kept.index is None:
        loaded = catching_up.load(county_id, day=today)
        kept.doubtful, is_current = catching_up.catch_up(loaded, Pending(), at_any_cost=True)
        if is_current:
            kept.index = loaded
    if kept.index.day < today:
        catching_up.advance(kept.index, today)
    kept.used_at = now
    return kept.index
