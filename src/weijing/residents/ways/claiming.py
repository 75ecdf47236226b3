"""A code's row while somebody works on it: whose turn it is, how it ended."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from weijing.audit import trail
from weijing.core.logs import log
from weijing.residents.models import ContactWay

LEASE = timedelta(minutes=2)
MOST_TIMES = 5  # a deletion that WeCom rejects is tried, then it is somebody's to look at
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6))


def claim(county_id: int, way_id: int, *, at: datetime) -> ContactWay | None:
    """The row, ours for `LEASE`; None when nothing is due or somebody else is at it."""
    rows = ContactWay.objects.filter(county_id=county_id, pk=way_id)
    if not rows.filter(due_at__lte=at).update(due_at=at + LEASE):
        return None
    return rows.select_related("officer", "beat").get()


def settle(way: ContactWay) -> bool:
    """Nothing is due any more, unless it was wished again while we were calling."""
    row(way).update(refused_because="")
    return bool(still_ours(way).update(due_at=None, attempts=0))


@transaction.atomic
def refuse(way: ContactWay, code: str, *, at: datetime) -> None:
    """Note why; nothing is due any more, unless it was put off or wished again."""
    log.warning("residents.way_refused", errcode=code, way_id=way.pk)
    trail.record(None, "way.refused", way, at=at, errcode=code)
    still_ours(way).update(due_at=None)
    row(way).update(refused_because=code)


def later(way: ContactWay, *, at: datetime, seconds: float = 0.0) -> None:
    """Try once more after a pause, unless it is somebody else's turn or was wished again."""
    pause = max(PAUSES[min(way.attempts, len(PAUSES) - 1)], timedelta(seconds=seconds))
    still_ours(way).update(due_at=at + pause, attempts=F("attempts") + 1)


def waiting(county_id: int) -> QuerySet[ContactWay]:
    """Codes of which WeCom has yet to be told something."""
    return ContactWay.objects.filter(county_id=county_id, due_at__isnull=False)


def parked(county_id: int) -> QuerySet[ContactWay]:
    """Ended codes that WeCom would not delete, given up after `MOST_TIMES`."""
    ended = ContactWay.objects.filter(county_id=county_id, ended_at__isnull=False, due_at=None)
    return ended.filter(refused_because__gt="")


def row(way: ContactWay) -> QuerySet[ContactWay]:
    return ContactWay.objects.filter(county_id=way.county_id, pk=way.pk)


def still_ours(way: ContactWay) -> QuerySet[ContactWay]:
    return row(way).filter(due_at=way.due_at)
