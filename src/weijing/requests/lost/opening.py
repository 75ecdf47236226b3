"""One thing taken up for a step: by somebody who may, in the state the step begins from."""

from django.db.models import Q

from weijing.accounts.models import FIELD_ROLES, Officer, Role
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.models import LostItem, LostMatch

State = LostItem.State
UNPROVED = (State.REPORTED, State.FOUND, State.MATCHED)
ACTORS = (*FIELD_ROLES, Role.STATION_COMMAND)


class NotThisStep(DomainError):
    """Somebody else took the step, or it is not its turn."""

    def __init__(self) -> None:
        super().__init__("没有保存：这一件刚刚有人办过，请看过最新进度再办。")


def may_act(scope: Scope, item: LostItem) -> bool:
    """Those whose thing it is to deal with, and those of the other half of a match."""
    if item.county_id != scope.county_id or not scope.has(*ACTORS):
        return False
    if _is_theirs(scope, item):
        return True
    match = live_match(item)
    return match is not None and _is_theirs(scope, other_half(match, item))


def _is_theirs(scope: Scope, item: LostItem) -> bool:
    """The officers of the place, of the resident who told us, who wrote it down, who holds it."""
    if scope.officer_id in (item.held_by_id, item.taken_in_by_id):
        return True
    resident = item.resident
    return scope.covers(item.division) or (resident is not None and scope.covers(resident.division))


def opened(item: LostItem, side: str | None, *states: str, by: Officer, scope: Scope) -> LostItem:
    """The row, locked until the commit.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    assert scope.officer_id == by.pk, "a scope of somebody else"
    rows = LostItem.objects.select_for_update(of=("self",)).select_related("division")
    locked = rows.get(county_id=scope.county_id, pk=item.pk)
    if not may_act(scope, locked):
        raise PermissionDenied
    if locked.state not in states or (side and locked.side != side):
        raise NotThisStep
    return locked


def opened_match(match: LostMatch, state: str, *, by: Officer, scope: Scope) -> LostMatch:
    """The match with both halves locked, in the order of their ids.

    Raises `PermissionDenied`, `NotThisStep`.
    """
    assert scope.officer_id == by.pk, "a scope of somebody else"
    halves = {
        item.pk: item for item in locked_items(scope.county_id, match.lost_id, match.found_id)
    }
    rows = LostMatch.objects.select_for_update(of=("self",))
    locked = rows.get(county_id=scope.county_id, pk=match.pk)
    locked.lost, locked.found = halves[locked.lost_id], halves[locked.found_id]
    if not (may_act(scope, locked.found) or may_act(scope, locked.lost)):
        raise PermissionDenied
    if locked.undone_at is not None or locked.found.state != state:
        raise NotThisStep
    return locked


def locked_items(county_id: int, *item_ids: int) -> list[LostItem]:
    """Both halves of a pair; always in one order, so that two officers never wait in a circle."""
    rows = LostItem.objects.select_for_update(of=("self",)).select_related("division")
    return list(rows.filter(county_id=county_id, pk__in=item_ids).order_by("pk"))


def live_match(item: LostItem) -> LostMatch | None:
    rows = LostMatch.objects.filter(county_id=item.county_id, undone_at=None)
    of_item = rows.filter(Q(lost_id=item.pk) | Q(found_id=item.pk))
    return of_item.select_related(
        "lost__division",
        "lost__resident__division",
        "found__division",
        "found__resident__division",
        "found__held_by__station",
    ).first()


def other_half(match: LostMatch, item: LostItem) -> LostItem:
    return match.found if match.lost_id == item.pk else match.lost


def move(match: LostMatch, state: str) -> None:
    """Both halves go the way together."""
    rows = LostItem.objects.filter(
        county_id=match.county_id, pk__in=[match.lost_id, match.found_id]
    )
    rows.update(state=state)
