"""Somebody sees a road or a slope give way, and says so from where they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns.emergency import policies
from weijing.campaigns.emergency.models import EmergencyEvent, EventDivision
from weijing.core import jobs
from weijing.core.clock import local_day
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County, Division, RoadSection, RoadSectionDivision

MOST_PLACES = 200


class Incomplete(DomainError):
    """Something is missing or too long; what was typed stays in the form."""


@dataclass(frozen=True)
class Report:
    """What is known at the first moment. A road brings the villages beside it."""

    kind: str
    place: str
    happened_at: datetime
    source: str
    road: RoadSection | None = None
    divisions: Sequence[Division] = ()
    note: str = ""
    is_drill: bool = False
    once: UUID | None = None


@transaction.atomic
def report(said: Report, *, by: Officer, at: datetime) -> EmergencyEvent:
    """Take an event down; a form sent twice is one event.

    Raises `PermissionDenied`, `Incomplete`.
    """
    if not policies.can_report(by, at=at):
        raise PermissionDenied
    _check(said, at=at)
    # One number at a time; the second of two taps waits here and then finds the first.
    County.objects.select_for_update(no_key=True).get(pk=by.county_id)
    if said.once:
        known = EmergencyEvent.objects.filter(county_id=by.county_id, once=said.once).first()
        if known is not None:
            return known
    event = EmergencyEvent.objects.create(
        county_id=by.county_id,
        number=_next_number(by.county_id, said.is_drill, at),
        is_drill=said.is_drill,
        kind=said.kind,
        road=said.road,
        place=said.place.strip(),
        happened_at=said.happened_at,
        source=said.source,
        note=said.note.strip(),
        reported_by=by,
        reported_at=at,
        once=said.once,
    )
    set_places(event, _places(said))
    trail.record(by, "emergency.reported", event, at=at, drill=said.is_drill)
    jobs.enqueue("campaigns.tell_duty", county_id=event.county_id, event_id=event.pk)
    return event


def set_places(event: EmergencyEvent, divisions: Sequence[Division]) -> None:
    """The area of the event is these places and no others."""
    wanted = {division.pk for division in divisions}
    rows = EventDivision.objects.filter(county_id=event.county_id, event=event)
    had = set(rows.values_list("division_id", flat=True))
    rows.filter(division_id__in=had - wanted).delete()
    EventDivision.objects.bulk_create(
        EventDivision(county_id=event.county_id, event=event, division_id=pk)
        for pk in sorted(wanted - had)
    )


def _places(said: Report) -> list[Division]:
    found = {division.pk: division for division in said.divisions}
    if said.road is not None:
        beside = RoadSectionDivision.objects.filter(
            county_id=said.road.county_id, section=said.road
        ).select_related("division")
        found |= {row.division_id: row.division for row in beside}
    return sorted(found.values(), key=lambda division: division.lo)


def _check(said: Report, *, at: datetime) -> None:
    if said.kind not in EmergencyEvent.Kind.values:
        raise Incomplete("请选是什么险情。")
    if said.source not in EmergencyEvent.Source.values:
        raise Incomplete("请选消息从哪里来。")
    if not said.place.strip() or len(said.place) > 100 or "\0" in said.place + said.note:
        raise Incomplete("请写清地点，最多 100 个字，如「K23+400，往县城方向」。")
    if len(said.note) > 300:
        raise Incomplete("情况最多写 300 个字。")
    if said.happened_at > at:
        raise Incomplete("发生时间还没到，请核对。")
    places = _places(said)
    if not places:
        raise Incomplete("请选路段，或者选受影响的村。")
    if len(places) > MOST_PLACES:
        raise Incomplete(f"最多选 {MOST_PLACES} 个地方，范围再大请选乡镇。")


def _next_number(county_id: int, is_drill: bool, at: datetime) -> str:
    """JJ-1124-01; a drill is YL-…, so that nobody takes it for real over the radio."""
    prefix = f"{'YL' if is_drill else 'JJ'}-{local_day(at):%m%d}-"
    taken = EmergencyEvent.objects.filter(county_id=county_id, number__startswith=prefix)
    last = max((int(n[len(prefix) :]) for n in taken.values_list("number", flat=True)), default=0)
    return f"{prefix}{last + 1:02}"
