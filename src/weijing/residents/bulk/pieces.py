"""Working through what was ordered, a piece in each transaction.

A worker that is killed loses at most the piece it had begun; the next one finds it undone. A slice
of a few seconds goes to the end of the queue, so that two orders take turns.
"""

import time
from collections import Counter
from datetime import datetime

from django.db.models import QuerySet

from weijing.accounts.scope import Scope, scope_of
from weijing.core.tenancy import TenantModel
from weijing.residents.bulk.kinds import KINDS, Outcome
from weijing.residents.models import BulkPiece, BulkWork, Resident
from weijing.residents.record.taking_turns import in_turn

State = BulkWork.State
BUSY = (State.WAITING, State.RUNNING)
SLICE_SECONDS = 3.0
GONE = "已不在底册（合并或删除）"
ELSEWHERE = "不在您的辖区，或还没有登记住址"


def run_slice(county_id: int, work_id: int, *, at: datetime) -> bool:
    """Pieces for a few seconds. Returns whether there is more to do.

    Raises `taking_turns.Busy` with all finished pieces kept.
    """
    ends = time.monotonic() + SLICE_SECONDS
    while run_next(county_id, work_id, at=at):
        if time.monotonic() > ends:
            return True
    return False


@in_turn
def run_next(county_id: int, work_id: int, *, at: datetime) -> bool:
    """The next piece that nobody else is at. False when there is none, or the work is over."""
    work = _works(county_id).select_related("by", "undoes").get(pk=work_id)
    if work.state not in BUSY:
        return False
    if work.stop_asked_at is not None:
        _end(_locked(work), State.STOPPED, at=at)
        return False
    waiting = BulkPiece.objects.filter(county_id=county_id, work=work, done_at=None)
    rows = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("number")
    piece = rows.first()
    if piece is None:
        if not waiting.exists():  # forgotten; the last one would have ended the work
            fail(county_id, work_id, at=at)
        return False
    outcome = _do(work, piece, at=at)
    piece.changed, piece.done_at = outcome.changed, at
    piece.save(update_fields=["changed", "done_at"])
    return _count(_locked(work), len(piece.resident_ids), outcome, at=at)


def fail(county_id: int, work_id: int, *, at: datetime) -> None:
    """It cannot end by itself: what is done stays, a person may have it go on."""
    rows = _works(county_id).filter(pk=work_id, state__in=BUSY)
    rows.update(state=State.FAILED, finished_at=at)


def unfinished() -> list[BulkWork]:
    """Works of all counties that a worker should be at."""
    return list(BulkWork.objects.filter(state__in=BUSY).order_by("at"))


def _do(work: BulkWork, piece: BulkPiece, *, at: datetime) -> Outcome:
    known = _lock_people(work.county_id, piece.resident_ids)
    scope = scope_of(work.by, at=at)
    people = [person for person in known if _may_change(scope, person)]
    if work.undoes is None:
        outcome = KINDS[work.kind].do(work, people, at=at)
    else:
        first = BulkPiece.objects.get(
            county_id=work.county_id, work_id=work.undoes_id, number=piece.number
        )
        assert first.done_at is not None
        outcome = KINDS[work.kind].undo(
            work.undoes, first.changed, people, since=first.done_at, by=work.by, at=at
        )
    outcome.refused[GONE] += len(piece.resident_ids) - len(known)
    outcome.refused[ELSEWHERE] += len(known) - len(people)
    return outcome


def _lock_people(county_id: int, ids: list[int]) -> list[Resident]:
    """Locked in the order in which everybody locks people; merged ones are no longer anybody."""
    rows = Resident.objects.select_for_update(no_key=True, of=("self",)).filter(
        county_id=county_id, pk__in=ids
    )
    rows = rows.select_related("division").order_by("pk").only(
        "county_id", "lifecycle", "consents", "primary_officer_id", "division__county_id",
        "division__lo",
    )  # fmt: skip
    return [row for row in rows if row.lifecycle != Resident.Lifecycle.DUPLICATE]


def _may_change(scope: Scope, person: Resident) -> bool:
    # As `policies.can_change`, whose roles were asked for when the work was ordered.
    return scope.covers(person.division)


def changeable(people: QuerySet[Resident], scope: Scope) -> QuerySet[Resident]:
    """As a piece will decide: without those it counts as `ELSEWHERE`."""
    return people.filter(scope.divisions(), division__isnull=False)


def _count(work: BulkWork, people: int, outcome: Outcome, *, at: datetime) -> bool:
    """Returns whether there is more to do."""
    work.done += people
    work.changed += len(outcome.changed)
    work.refused = dict(+(Counter(work.refused) + outcome.refused))
    work.started_at = work.started_at or at
    work.state = State.RUNNING
    work.save(update_fields=["done", "changed", "refused", "started_at", "state"])
    if work.done < work.total:
        return True
    _end(work, State.DONE, at=at)
    return False


def _end(work: BulkWork, state: str, *, at: datetime) -> None:
    work.state, work.finished_at = state, at
    work.save(update_fields=["state", "finished_at"])


def _works(county_id: int) -> QuerySet[BulkWork]:
    return BulkWork.objects.filter(county_id=county_id)


def _locked(work: TenantModel) -> BulkWork:
    rows = _works(work.county_id).select_for_update(no_key=True, of=("self",))
    return rows.get(pk=work.pk)
