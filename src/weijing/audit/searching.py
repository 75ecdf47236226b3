"""Who did what, and who saw whom: for those who check the others. Asking is an entry itself."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core.clock import COUNTY_TIME

READING = ("record.viewed", "resident.phone_revealed", "resident.id_number_revealed")
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Wanted:
    """None and "" mean any. `resident_id`: acts on this record, and readings of it."""

    since: date
    until: date
    officer_id: int | None = None
    resident_id: int | None = None
    readings_only: bool = False
    resident_type: str = "residents.resident"


def entries(wanted: Wanted, *, by: Officer, at: datetime) -> QuerySet[AuditEntry]:
    """The latest first, of `by`'s county. At most a year."""
    until = min(wanted.until, wanted.since + timedelta(days=LONGEST_DAYS))
    condition = Q(
        county_id=by.county_id,
        at__gte=_midnight(wanted.since),
        at__lt=_midnight(until) + timedelta(days=1),
    )
    if wanted.officer_id is not None:
        condition &= Q(actor=wanted.officer_id)
    if wanted.resident_id is not None:
        condition &= Q(object_type=wanted.resident_type, object_id=wanted.resident_id)
    if wanted.readings_only:
        condition &= Q(action__in=READING)
    if wanted.resident_id is not None or wanted.officer_id is not None:
        trail.record(
            by, "audit.searched", by, at=at,
            resident=wanted.resident_id, officer=wanted.officer_id,
        )  # fmt: skip
    return (
        AuditEntry.objects.filter(condition).select_related("actor__station").order_by("-at", "-pk")
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), COUNTY_TIME)
