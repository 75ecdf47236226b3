"""An officer says that a found thing is the lost one, or that it is not after all."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.errors import PermissionDenied
from weijing.requests.lost import ending, opening, weighing
from weijing.requests.lost.opening import NotThisStep
from weijing.requests.models import LostItem, LostMatch

State = LostItem.State
WAITED_FOR = timedelta(days=30)
CHUNK = 500


@transaction.atomic
def match(
    lost: LostItem, found: LostItem, *, by: Officer, scope: Scope, at: datetime, came: bool = False
) -> LostMatch:
    """Say that the two are one; the proof follows. `came`: the owner stands before the officer.

    Raises `PermissionDenied`, `NotThisStep` (one of them was matched or closed meanwhile).
    """
    assert scope.officer_id == by.pk, "a scope of somebody else"
    halves = {one.pk: one for one in opening.locked_items(scope.county_id, lost.pk, found.pk)}
    if lost.pk not in halves or found.pk not in halves:
        raise PermissionDenied
    lost, found = halves[lost.pk], halves[found.pk]
    if not (opening.may_act(scope, lost) or opening.may_act(scope, found)):
        raise PermissionDenied
    if lost.state != State.REPORTED or found.state != State.FOUND:
        raise NotThisStep
    reasons = weighing.reasons(lost, found)
    made = LostMatch.objects.create(
        county_id=scope.county_id, lost=lost, found=found, matched_at=at, matched_by=by,
        reasons=[*(["came"] if came else []), *reasons],
    )  # fmt: skip
    opening.move(made, State.MATCHED)
    trail.record(by, "lost_item.matched", found, at=at, match=made.pk, lost=lost.pk)
    return made


@transaction.atomic
def part(match: LostMatch, *, by: Officer, scope: Scope, at: datetime) -> None:
    """They are not one after all: both wait again. What was proved is proved no more.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    state = State.VERIFIED if match.verified_at else State.MATCHED
    match = opening.opened_match(match, state, by=by, scope=scope)
    _part(match, by=by, at=at)


def part_unclaimed(county_id: int, *, at: datetime) -> int:
    """Both are past their day and no owner came for a month: what expires them can have them.

    Returns how many pairs.
    """
    today, long_ago = local_day(at), at - WAITED_FOR
    due = LostMatch.objects.filter(
        Q(verified_at=None) | Q(verified_at__lte=long_ago), county_id=county_id,
        undone_at=None, returned_at=None, matched_at__lte=long_ago,
        lost__expires_on__lte=today, found__expires_on__lte=today,
    )  # fmt: skip
    parted = 0
    for match in due.only("pk", "lost_id", "found_id", "county_id")[:CHUNK]:
        with transaction.atomic():
            opening.locked_items(county_id, match.lost_id, match.found_id)
            # An officer may have parted or returned it since it was looked up.
            still = due.select_related("lost", "found").filter(pk=match.pk).first()
            if still is not None:
                _part(still, by=None, at=at)
                parted += 1
    return parted


def _part(match: LostMatch, *, by: Officer | None, at: datetime) -> None:
    rows = LostMatch.objects.filter(county_id=match.county_id, pk=match.pk)
    rows.update(undone_at=at, undone_by=by)
    items = LostItem.objects.filter(county_id=match.county_id)
    items.filter(pk=match.lost_id).update(state=State.REPORTED)
    items.filter(pk=match.found_id).update(state=State.FOUND)
    trail.record(by, "lost_item.parted", match.found, at=at, match=match.pk, lost=match.lost_id)
    if match.lost.let_go_at is not None:  # nobody waits for it any more
        ending.withdraw([match.lost], by=by, at=at)
