"""Which residents an officer may see, as a query to start from."""

from collections.abc import Callable
from typing import ClassVar

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.models import Contact, Resident
from weijing.territory.models import Division


def visible_to(scope: Scope) -> QuerySet[Resident]:
    """Residents of the scope's divisions, and strangers who are contacts of its officers.

    A stranger has no address yet, so the officer who was added is the only one to ask about them.
    Rows merged into another person are never among them.
    """
    people = Resident.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return people.none()
    people = people.filter(~Q(lifecycle=Resident.Lifecycle.DUPLICATE))
    if scope.whole_county:
        return people
    stranger = Q(division=None) & Q(Exists(_contacts_of(scope)))
    return people.filter(scope.divisions() | stranger)


def visible_parts(scope: Scope) -> list[QuerySet[Resident]]:
    """The people of `visible_to`, in queries that each have an index to start from.

    The ids of a beat's dozen places are found at once; a range of their numbers, or a condition
    that also lets strangers in, would be tried on everybody who fits a search.
    """
    if scope.whole_county or not scope.sees_residents:
        return [visible_to(scope)]
    people = Resident.objects.filter(
        ~Q(lifecycle=Resident.Lifecycle.DUPLICATE), county_id=scope.county_id
    )
    inside = Q(pk__in=[])
    for lo, hi in scope.ranges:
        inside |= Q(lo__gte=lo, lo__lte=hi)
    places = Division.objects.filter(inside, county_id=scope.county_id)
    ids = list(places.values_list("pk", flat=True))
    strangers = people.filter(Exists(_contacts_of(scope)), division=None)
    return [people.filter(Among("division_id", ids)), strangers]


def narrowed(
    scope: Scope, narrow: Callable[[QuerySet[Resident]], QuerySet[Resident]]
) -> QuerySet[Resident]:
    """What `narrow` leaves of `visible_to`; asked of each part, so that a list of a station's
    people does not read the county's."""
    parts = [narrow(part) for part in visible_parts(scope)]
    if len(parts) == 1:
        return parts[0]
    first, *others = [part.order_by().values("pk") for part in parts]
    people = Resident.objects.filter(county_id=scope.county_id)
    return people.filter(pk__in=first.union(*others, all=True))


class Among(Func):
    """`column = ANY(ids)`: one array, where `IN` would be a parameter for each id."""

    template = "%(expressions)s::bigint[])"
    arg_joiner = " = ANY("
    output_field: ClassVar = BooleanField()

    def __init__(self, column: str, ids: list[int]) -> None:
        super().__init__(F(column), Value(ids))


def _contacts_of(scope: Scope) -> QuerySet[Contact]:
    """Contacts that the outer resident has with an officer of the scope."""
    officers = Officer.objects.filter(county_id=scope.county_id)
    return Contact.objects.filter(
        county_id=scope.county_id,
        identity__resident=OuterRef("pk"),
        state__in=[Contact.State.LINKED, Contact.State.HALF],
        officer__in=officers.filter(Q(pk=scope.officer_id) | Q(station_id__in=scope.station_ids)),
    )


def to_be_labelled(scope: Scope) -> QuerySet[Contact]:
    """Live contacts whose person nobody has named yet, the longest waiting first.

    A field officer has their own, a station those of its officers, the county desk all.
    """
    waiting = Contact.objects.filter(
        county_id=scope.county_id,
        labelled_at=None,
        state=Contact.State.LINKED,
        identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL,
    )
    if not scope.sees_residents:
        return waiting.none()
    if not scope.whole_county:
        own = Q(officer_id=scope.officer_id)
        waiting = waiting.filter(own | Q(officer__station_id__in=scope.station_ids))
    return waiting.order_by("added_at", "pk")
