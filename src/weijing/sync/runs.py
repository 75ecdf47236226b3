"""Full readings as rows: begun, gone on with, finished; numbers for whoever watches."""

from datetime import datetime
from typing import Any

from weijing.sync.models import SyncRun


def begin(county_id: int, kind: str, *, at: datetime) -> SyncRun:
    return SyncRun.objects.create(county_id=county_id, kind=kind, started_at=at)


def unfinished(county_id: int, kind: str) -> SyncRun | None:
    """The reading that stopped half-way, if the last one did."""
    last = latest(county_id, kind)
    return last if last is not None and last.finished_at is None else None


def latest(county_id: int, kind: str) -> SyncRun | None:
    rows = SyncRun.objects.filter(county_id=county_id, kind=kind)
    return rows.order_by("-started_at", "-pk").first()


def save_progress(run: SyncRun, progress: dict[str, Any]) -> None:
    run.progress, run.failure = progress, ""
    run.save(update_fields=["progress", "failure"])


def finish(run: SyncRun, *, at: datetime) -> None:
    run.finished_at, run.failure = at, ""
    run.save(update_fields=["finished_at", "progress", "failure"])


def note_failure(run: SyncRun, error: Exception) -> None:
    """Shown on the pages; the next attempt goes on where this one stopped."""
    run.failure = f"{type(error).__name__}: {error}"[:120]
    run.save(update_fields=["failure"])
