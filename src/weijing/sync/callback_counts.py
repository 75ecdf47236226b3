"""What this process has seen, as numbers without anything personal. No Django."""

import threading
from collections import Counter
from enum import StrEnum

from weijing.sync.spool import Backlog


class Seen(StrEnum):
    STORED = "stored"
    SPOOLED = "spooled"
    NOT_KEPT = "not_kept"
    STALE = "stale"  # also counted under what became of it
    VERIFIED = "verified"
    FORGED = "forged"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"


class CallbackCounts:
    def __init__(self) -> None:
        self._counts: Counter[Seen] = Counter()
        self._lock = threading.Lock()

    def add(self, seen: Seen) -> None:
        with self._lock:
            self._counts[seen] += 1

    def as_text(self, *, pid: int, backlog: Backlog, database_is_away: bool) -> str:
        """In the text format of Prometheus. The spool's figures are those of all processes."""
        with self._lock:
            counts = dict(self._counts)
        lines = [
            "# TYPE weijing_callbacks_total counter",
            *(
                f'weijing_callbacks_total{{result="{seen}",pid="{pid}"}} {counts.get(seen, 0)}'
                for seen in Seen
            ),
            "# TYPE weijing_database_away gauge",
            f'weijing_database_away{{pid="{pid}"}} {int(database_is_away)}',
            "# TYPE weijing_spool_files gauge",
            f"weijing_spool_files {backlog.files}",
            "# TYPE weijing_spool_bytes gauge",
            f"weijing_spool_bytes {backlog.size_bytes}",
            "# TYPE weijing_spool_oldest_seconds gauge",
            f"weijing_spool_oldest_seconds {backlog.oldest_seconds:.1f}",
            "# TYPE weijing_spool_parked_files gauge",
            f"weijing_spool_parked_files {backlog.parked}",
        ]
        return "\n".join(lines) + "\n"
