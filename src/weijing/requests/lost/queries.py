"""Named reads of things lost and found."""

from datetime import date, datetime

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.requests.lost.opening import ACTORS, live_match, other_half
from weijing.requests.models import LostItem, LostMatch
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to

Side, State = LostItem.Side, LostItem.State
OPEN = Q(closed_at=None)
PURPOSE = "lost.record"
WAITING = Q(state__in=[State.MATCHED, State.VERIFIED]) | Q(state=State.FOUND, held_at=None)


def seen_by(scope: Scope) -> QuerySet[LostItem]:
    """Things of the scope's places and people, the officer's own, and the other halves of all."""
    rows = LostItem.objects.filter(county_id=scope.county_id)
    if not scope.has(*ACTORS):
        return rows.none()
    if not scope.whole_county:
        mine = Q(held_by_id=scope.officer_id) | Q(taken_in_by_id=scope.officer_id)
        theirs = scope.divisions() | scope.divisions("resident__division")
        own = rows.filter(mine | theirs).values("pk")
        live = LostMatch.objects.filter(county_id=scope.county_id, undone_at=None)
        rows = rows.filter(
            Q(pk__in=own)
            | Q(pk__in=live.filter(lost__in=own).values("found_id"))
            | Q(pk__in=live.filter(found__in=own).values("lost_id"))
        )
    return rows.select_related("division__parent__parent__parent", "held_by__station")


def opened_by(scope: Scope, officer: Officer, number: str, *, at: datetime) -> LostItem:
    """One thing, with the reading of everything on its page noted before it is served.

    Its page names its other half, who told us of either, and its owner in the book.

    Raises `LostItem.DoesNotExist` also for those the officer may not know of.
    """
    assert scope.officer_id == officer.pk, "a scope of somebody else"
    item = seen_by(scope).get(number=number.upper())
    match = live_match(item)
    items = [item, other_half(match, item)] if match else [item]
    people = {one.resident_id for one in items if one.resident_id}
    if owner := shown_owner(item, scope)[1]:
        people.add(owner.pk)
    for label, ids in (
        (LostItem._meta.label_lower, [one.pk for one in items]),
        (Resident._meta.label_lower, sorted(people)),
    ):
        trail.viewed(officer, label, ids, purpose=PURPOSE, at=at)
    return item


def public(county_id: int, *, on: date) -> QuerySet[LostItem]:
    """Found things in our hands, the latest first: what residents may look through, for 90 days."""
    states = [State.FOUND, State.MATCHED, State.VERIFIED]
    rows = LostItem.objects.filter(
        county_id=county_id, side=Side.FOUND, state__in=states, held_at__isnull=False,
        expires_on__gt=on,
    )  # fmt: skip
    rows = rows.select_related("division__parent__parent__parent", "held_by__station")
    return rows.order_by("-happened_on", "-pk")


def reported_by(resident: Resident) -> QuerySet[LostItem]:
    """What this person told us of, the latest first."""
    rows = LostItem.objects.filter(county_id=resident.county_id, resident=resident)
    return rows.select_related("division__parent__parent__parent").order_by("-taken_in_at", "-pk")


def waiting_for(scope: Scope) -> QuerySet[LostItem]:
    """Found things that somebody has to do something about."""
    return seen_by(scope).filter(WAITING, side=Side.FOUND)


def shown_owner(item: LostItem, scope: Scope) -> tuple[bool, Resident | None]:
    """`owner_in_the_book` of a found thing that has no other half yet: then its page says so."""
    if item.side != Side.FOUND or item.state != State.FOUND:
        return False, None
    return owner_in_the_book(item, scope)


def owner_in_the_book(item: LostItem, scope: Scope) -> tuple[bool, Resident | None]:
    """Whether the number on a document is of somebody on the roll; who, if the officer may know."""
    if item.id_index is None:
        return False, None
    people = Resident.objects.filter(county_id=scope.county_id, id_number_index=item.id_index)
    person = visible_to(scope).filter(id_number_index=item.id_index).first()
    return (True, person) if person else (people.exists(), None)
