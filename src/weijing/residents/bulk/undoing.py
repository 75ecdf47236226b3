"""Stopping what was ordered, having it go on, and taking it back."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.ids import ID_STEP, reserve
from weijing.residents import policies
from weijing.residents.bulk.ordering import MAX_PIECES, begin
from weijing.residents.models import BulkPiece, BulkWork

State = BulkWork.State
OVER = (State.DONE, State.STOPPED, State.FAILED)
UNDO_FOR = timedelta(days=30)


class NotNow(DomainError):
    """It is over, taken back already, or too long ago."""


def works_in(scope: Scope) -> QuerySet[BulkWork]:
    """Own works, those of the station's officers, all for the county desk; the latest first."""
    works = BulkWork.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return works.none()
    if not (scope.whole_county and scope.has(Role.STATION_COMMAND)):
        own = Q(by_id=scope.officer_id)
        if scope.has(Role.STATION_COMMAND):
            own |= Q(by__station_id__in=scope.station_ids)
        works = works.filter(own)
    return works.select_related("by", "undoes").order_by("-at", "-pk")


@transaction.atomic
def stop(work: BulkWork, *, by: Officer, scope: Scope, at: datetime) -> None:
    """After the piece that is being done now; what is done stays. Raises `NotNow`."""
    work = _open(work, scope)
    if work.state in OVER or work.stop_asked_at:
        raise NotNow("这个任务已经结束，没有停止。")
    work.stop_asked_at = at
    work.save(update_fields=["stop_asked_at"])
    trail.record(by, "bulk.stop_asked", work, at=at)


def can_go_on(work: BulkWork) -> bool:
    """Whether it stopped half-way and is still known whom it has not reached."""
    if work.state not in (State.STOPPED, State.FAILED) or _undone(work):
        return False
    pieces = BulkPiece.objects.filter(county_id=work.county_id)
    if work.undoes_id and not pieces.filter(work_id=work.undoes_id).exists():
        return False
    return _unfinished(pieces.filter(work=work)).exists()


@transaction.atomic
def go_on(work: BulkWork, *, by: Officer, scope: Scope, at: datetime) -> None:
    """With the people not reached when it stopped. Raises `NotNow`."""
    work = _open(work, scope)
    if not can_go_on(work):
        raise NotNow("这个任务已经做完、撤销，或超过 30 天，没有继续。已改的不变。")
    work.state, work.stop_asked_at, work.finished_at = State.WAITING, None, None
    work.save(update_fields=["state", "stop_asked_at", "finished_at"])
    trail.record(by, "bulk.continued", work, at=at)
    begin(work)


def can_undo(work: BulkWork, *, at: datetime) -> bool:
    return (
        work.state in OVER
        and work.undoes_id is None
        and work.changed > 0
        and at - work.at <= UNDO_FOR
        and not _undone(work)
    )


@transaction.atomic
def undo(work: BulkWork, *, by: Officer, scope: Scope, at: datetime) -> BulkWork:
    """Take back what it changed, as a work of its own. What somebody changed since stays.

    Raises `PermissionDenied`, `NotNow`.
    """
    work = _open(work, scope)
    if not can_undo(work, at=at):
        raise NotNow("这个任务还没结束、已经撤销，或超过 30 天，没有撤销。")
    taking_back = BulkWork.objects.create(
        county_id=work.county_id, kind=work.kind, parameters=work.parameters, by=by, at=at,
        total=work.changed, undoes=work,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _SAME_PEOPLE,
            {
                "county": work.county_id, "work": work.pk, "undo": taking_back.pk,
                "first": reserve(MAX_PIECES), "step": ID_STEP,
            },
        )  # fmt: skip
    trail.record(by, "bulk.undo_ordered", taking_back, at=at, undoes=work.pk, count=work.changed)
    begin(taking_back)
    return taking_back


_SAME_PEOPLE = """
INSERT INTO residents_bulkpiece (county_id, id, work_id, number, resident_ids, changed)
SELECT county_id, %(first)s + number * %(step)s, %(undo)s, number,
    ARRAY(SELECT (line ->> 0)::bigint FROM jsonb_array_elements(changed) line), '[]'
FROM residents_bulkpiece
WHERE county_id = %(county)s AND work_id = %(work)s AND changed <> '[]'
"""


def forget_old(county_id: int, *, at: datetime) -> int:
    """Who they were is kept as long as it can be undone, or is being. Returns how many went."""
    pieces = BulkPiece.objects.filter(county_id=county_id)
    taking_back = _unfinished(pieces).filter(work__undoes=OuterRef("work_id"))
    old = pieces.filter(~Exists(taking_back), work__at__lt=at - UNDO_FOR, work__state__in=OVER)
    return old.delete()[0]


def _unfinished(pieces: QuerySet[BulkPiece]) -> QuerySet[BulkPiece]:
    return pieces.filter(done_at=None)


def _open(work: BulkWork, scope: Scope) -> BulkWork:
    if not policies.can_change_many(scope) or not works_in(scope).filter(pk=work.pk).exists():
        raise PermissionDenied
    rows = BulkWork.objects.select_for_update(no_key=True, of=("self",))
    return rows.get(county_id=work.county_id, pk=work.pk)


def _undone(work: BulkWork) -> bool:
    return BulkWork.objects.filter(county_id=work.county_id, undoes=work).exists()
