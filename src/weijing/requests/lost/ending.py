"""A thing leaves the list: returned, found by its owner, or after 90 days; then it is forgotten."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.requests.lost import opening
from weijing.requests.lost.taking_in import KEPT
from weijing.requests.models import LostItem, LostMatch
from weijing.residents.models import Resident

Side, State, Outcome = LostItem.Side, LostItem.State, LostItem.Outcome
RETURNED_FOR_GOOD = timedelta(days=3)  # then nobody comes back about it
CHUNK = 500
SEALED = ("place", "words", "marks", "holder", "reporter", "phone")
NOTHING_LEFT = {
    **{f"{name}_sealed": None for name in SEALED},
    "holder_index": None, "id_index": None, "tail_index": None, "resident": None,
}  # fmt: skip

UNSIGNED = {"proof_note_sealed": None, "signed_sealed": None, "receiver_note_sealed": None}


class StillMatched(DomainError):
    """Its other half waits for the same owner: part them first."""


@transaction.atomic
def close(item: LostItem, outcome: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """End it by hand. What was returned closes with its other half, as returned.

    Raises `PermissionDenied`, `NotThisStep`, `StillMatched`.
    """
    states = (State.REPORTED, State.FOUND, State.MATCHED, State.VERIFIED, State.RETURNED)
    item = opening.opened(item, None, *states, by=by, scope=scope)
    if item.state in (State.MATCHED, State.VERIFIED):
        raise StillMatched("没有办结：它已经和另一件对上了，请先拆开，或办完领取。")
    if item.state == State.RETURNED:
        _close_returned([item.pk], item.county_id, by=by, at=at)
        return
    by_hand = {Outcome.MISTAKEN} if item.side == Side.FOUND else {
        Outcome.MISTAKEN, Outcome.RECOVERED
    }  # fmt: skip
    if outcome not in by_hand:
        raise opening.NotThisStep
    _close([item], outcome, by=by, at=at)


@transaction.atomic
def take_back(item: LostItem, *, by: Resident, at: datetime) -> None:
    """The resident who reported it has it again, or gave it back themselves.

    Raises `LostItem.DoesNotExist` for what somebody else reported, `NotThisStep`.
    """
    rows = LostItem.objects.select_for_update().filter(county_id=by.county_id, resident=by)
    item = rows.get(pk=item.pk)
    if item.state not in (State.REPORTED, State.FOUND) or item.held_at:
        raise opening.NotThisStep
    outcome = Outcome.RECOVERED if item.side == Side.LOST else Outcome.MISTAKEN
    _close([item], outcome, by=None, at=at)


def withdraw(items: list[LostItem], *, by: Officer | None, at: datetime) -> None:
    """Off the list without an end of its own; the caller has locked them."""
    _close(items, Outcome.MISTAKEN, by=by, at=at)


def expire(county_id: int, *, at: datetime) -> int:
    """Close what nobody claimed in 90 days, and what was returned a while ago. Returns how many."""
    today = local_day(at)
    open_rows = LostItem.objects.filter(
        county_id=county_id, expires_on__lte=today, state__in=[State.REPORTED, State.FOUND]
    )
    closed = 0
    for side, outcome in ((Side.LOST, Outcome.NOT_FOUND), (Side.FOUND, Outcome.UNCLAIMED)):
        ids = list(open_rows.filter(side=side).values_list("pk", flat=True)[:CHUNK])
        with transaction.atomic():
            locked = opening.locked_items(county_id, *ids)
            # An officer may have matched one since it was looked up.
            due = [one for one in locked if one.state in (State.REPORTED, State.FOUND)]
            _close(due, outcome, by=None, at=at)
        closed += len(due)
    returned = LostMatch.objects.filter(
        county_id=county_id, returned_at__lte=at - RETURNED_FOR_GOOD, found__state=State.RETURNED
    )
    ids = list(returned.values_list("found_id", flat=True)[:CHUNK])
    with transaction.atomic():
        closed += _close_returned(ids, county_id, by=None, at=at)
    return closed


def forget(county_id: int, *, at: datetime) -> int:
    """Erase what tells of people, 90 days after a thing came in and after it went out.

    Kind, place and dates stay, for counting. Returns how many.
    """
    today = local_day(at)
    rows = LostItem.objects.filter(
        county_id=county_id, erased_at=None, state=State.CLOSED, expires_on__lte=today
    )
    ids = list(rows.filter(_gone_since(today, at)).values_list("pk", flat=True)[:CHUNK])
    with transaction.atomic():
        erase(county_id, ids, at=at)
        matches = LostMatch.objects.filter(county_id=county_id, found__in=ids)
        matches.update(**UNSIGNED)
    return len(ids)


def erase(county_id: int, ids: list[int], *, at: datetime) -> None:
    """What tells of people in these closed things; of a lost one also who signed for it."""
    items = LostItem.objects.filter(county_id=county_id, pk__in=ids)
    items.update(**NOTHING_LEFT, erased_at=at)
    LostMatch.objects.filter(county_id=county_id, lost__in=ids).update(**UNSIGNED)
    for item in items:
        trail.record(None, "lost_item.erased", item, at=at)


def _gone_since(today: date, at: datetime) -> Q:
    """What was returned is kept a while longer: somebody may ask who signed for it."""
    return ~Q(outcome=Outcome.RETURNED) | Q(closed_at__lte=at - KEPT)


def _close(items: list[LostItem], outcome: str, *, by: Officer | None, at: datetime) -> None:
    for item in items:
        rows = LostItem.objects.filter(county_id=item.county_id, pk=item.pk)
        rows.update(state=State.CLOSED, outcome=outcome, closed_at=at, closed_by=by)
        trail.record(by, "lost_item.closed", item, at=at, outcome=outcome)
        if item.let_go_at is not None:
            erase(item.county_id, [item.pk], at=at)


def _close_returned(ids: list[int], county_id: int, *, by: Officer | None, at: datetime) -> int:
    """These returned things with their other halves."""
    live = LostMatch.objects.filter(county_id=county_id, undone_at=None)
    pairs = live.filter(Q(found__in=ids) | Q(lost__in=ids)).values_list("lost_id", "found_id")
    items = opening.locked_items(county_id, *{pk for pair in pairs for pk in pair})
    due = [item for item in items if item.state == State.RETURNED]
    _close(due, Outcome.RETURNED, by=by, at=at)
    return len(due)
