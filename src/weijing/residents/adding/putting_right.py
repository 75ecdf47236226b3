"""A visit that was recorded wrongly is put right by its recorder, on the same day."""

from datetime import datetime

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.adding import visiting
from weijing.residents.figures.touching import touch_households
from weijing.residents.models import DoorVisit, DoorVisitCorrection
from weijing.residents.record import homes
from weijing.residents.record.taking_turns import in_turn


class DayIsOver(DomainError):
    """Afterwards a visit stands; what is otherwise now is another visit."""


@in_turn
def correct(
    visit: DoorVisit, outcome: str, *, note: str = "", by: Officer, scope: Scope, at: datetime
) -> DoorVisit:
    """Change what `by` found at the door. What the visit said before is kept.

    Raises `PermissionDenied`, `DayIsOver`, `visiting.NoOutcome`, `Busy`.
    """
    visit = _opened(visit, by=by, scope=scope, at=at)
    visiting.check_outcome(outcome)
    note = visiting.written(note)
    if (outcome, note) == (visit.outcome, visit.note):
        return visit
    DoorVisitCorrection.objects.create(
        county_id=visit.county_id, visit=visit, outcome=visit.outcome, note=visit.note,
        corrected_at=at,
    )  # fmt: skip
    visit.outcome, visit.note = outcome, note
    visit.save(update_fields=["outcome", "note"])
    touch_households(visit.county_id, [visit.household_id])
    trail.record(by, "door.visit_corrected", visit.household, at=at, visit=visit.pk)
    return visit


def may_correct(visit: DoorVisit, *, by: Officer, at: datetime) -> bool:
    """The officer who recorded it, on that day."""
    return visit.officer_id == by.pk and local_day(visit.recorded_at) == local_day(at)


def _opened(visit: DoorVisit, *, by: Officer, scope: Scope, at: datetime) -> DoorVisit:
    """The row as it is now, with its household locked."""
    homes.lock(visit.county_id, [visit.household_id])
    rows = DoorVisit.objects.select_related("household__division")
    found = rows.get(county_id=visit.county_id, pk=visit.pk)
    visiting.may_record(found.household, by=by, scope=scope)
    if found.officer_id != by.pk:
        raise PermissionDenied("这次走访是别人登记的，没有改动。请登记的人自己改。")
    if not may_correct(found, by=by, at=at):
        raise DayIsOver("没有改动：走访只能在登记当天改。情况变了请另外登记一次走访。")
    return found
