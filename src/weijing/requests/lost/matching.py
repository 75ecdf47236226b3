"""An officer says that a found thing is the lost one, or that it is not after all."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import PermissionDenied
from weijing.requests.lost import opening, weighing
from weijing.requests.lost.opening import NotThisStep
from weijing.requests.models import LostItem, LostMatch

State = LostItem.State


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
    rows = LostMatch.objects.filter(county_id=match.county_id, pk=match.pk)
    rows.update(undone_at=at, undone_by=by)
    items = LostItem.objects.filter(county_id=match.county_id)
    items.filter(pk=match.lost_id).update(state=State.REPORTED)
    items.filter(pk=match.found_id).update(state=State.FOUND)
    trail.record(by, "lost_item.parted", match.found, at=at, match=match.pk, lost=match.lost_id)
