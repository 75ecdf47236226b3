"""The residents an expression means as the rows say it: the truth that the index must equal.

Seconds where the index needs milliseconds; `weijing doctor --deep` compares the two for saved
audiences, the tests for all kinds. Who received what both ask of campaigns, which keep it.
"""

from datetime import date

from django.db.models import Q, QuerySet

from weijing.audiences import counting
from weijing.audiences.expression import (
    Aged,
    All,
    AnyOf,
    ContactIs,
    Except,
    HadResult,
    HasConsent,
    HasReceived,
    HasTag,
    InDivision,
    IsLinked,
    Leaf,
    Node,
    OfSex,
    Saved,
)
from weijing.core import clock
from weijing.residents.models import Contact, IdentitySharer, Resident
from weijing.tags.models import Tag, TagAssignment
from weijing.territory.models import Division


def matching(expression: Node, *, county_id: int, on: date | None = None) -> QuerySet[Resident]:
    """The residents meant: on the roll or provisional, with everything committed until now.

    Ages, and tags that expire, are those of the day `on`; today in the county if not given.
    """
    day = on or clock.today()
    people = Resident.objects.filter(
        county_id=county_id,
        lifecycle__in=[Resident.Lifecycle.ROLL, Resident.Lifecycle.PROVISIONAL],
    )
    return people.filter(_condition(expression, county_id, day))


def count(expression: Node, *, county_id: int, on: date | None = None) -> int:
    return matching(expression, county_id=county_id, on=on).count()


def _condition(node: Node, county_id: int, day: date) -> Q:
    match node:
        case All(parts):
            condition = Q()
            for part in parts:
                condition &= _condition(part, county_id, day)
            return condition
        case AnyOf(parts):
            return _any(parts, county_id, day)
        case Except(parts):
            return ~_any(parts, county_id, day)
        case _:
            return _leaf(node, county_id, day)


def _any(parts: tuple[Node, ...], county_id: int, day: date) -> Q:
    condition = Q(pk__in=[])
    for part in parts:
        condition |= _condition(part, county_id, day)
    return condition


def _leaf(leaf: Leaf, county_id: int, day: date) -> Q:
    """Every leaf is true or false, never NULL: `except` would lose people otherwise."""
    match leaf:
        case InDivision(codes):
            return Q(division_id__in=_subtrees(codes, county_id), division_id__isnull=False)
        case HasTag(codes):
            return _tagged(codes, county_id, day)
        case Aged(from_, to):
            return _aged(from_, to, day)
        case OfSex(sex):
            return Q(sex=sex)
        case IsLinked(linked):
            return _linked(county_id) if linked else ~_linked(county_id)
        case ContactIs(state):
            return _linked(county_id, state)
        case HasConsent(scope):
            return Q(consents__contains=[scope])
        case HasReceived() | HadResult():
            return Q(ordinal__in=list(counting.people(leaf, county_id=county_id, on=day)))
        case Saved(meant=meant):
            return _condition(meant, county_id, day)


def _linked(county_id: int, state: str = Contact.State.LINKED) -> Q:
    """With a contact of their own, or one that another person lets them use."""
    contacts = Contact.objects.filter(county_id=county_id, state=state)
    shared = IdentitySharer.objects.filter(
        county_id=county_id, identity_id__in=contacts.values("identity_id")
    )
    own = Q(pk__in=contacts.values("identity__resident_id"))
    return own | Q(pk__in=shared.values("resident_id"))


def _subtrees(codes: tuple[str, ...], county_id: int) -> QuerySet[Division, int]:
    """Ids of all divisions below the named ones; read again at every count, numbers may shift."""
    divisions = Division.objects.filter(county_id=county_id)
    inside = Q(pk__in=[])
    for lo, hi in divisions.filter(code__in=codes).values_list("lo", "hi"):
        inside |= Q(lo__gte=lo, lo__lte=hi)
    return divisions.filter(inside).values_list("pk", flat=True)


def _tagged(codes: tuple[str, ...], county_id: int, day: date) -> Q:
    free: list[int] = []
    by_scope: dict[str, list[int]] = {}
    tags = Tag.objects.filter(county_id=county_id, code__in=codes).select_related("group")
    for tag in tags:
        if tag.sensitive or tag.group.needs_separate_consent:
            by_scope.setdefault(tag.group.code, []).append(tag.pk)
        else:
            free.append(tag.pk)
    condition = _carrying(free, county_id, day) if free else Q(pk__in=[])
    for scope, sensitive in by_scope.items():
        # A consent taken back ends here at once, before the tag itself is removed.
        consented = Q(consents__contains=[scope])
        condition |= _carrying(sensitive, county_id, day) & consented
    return condition


def _carrying(tag_ids: list[int], county_id: int, day: date) -> Q:
    held = TagAssignment.objects.filter(
        county_id=county_id, tag_id__in=tag_ids, expires_on__gte=day
    )
    return Q(pk__in=held.values("resident_id"))


def _aged(from_: int | None, to: int | None, day: date) -> Q:
    condition = Q(born_on__isnull=False)
    if from_ is not None:
        condition &= Q(born_on__lte=clock.years_before(day, from_))
    if to is not None:
        condition &= Q(born_on__gt=clock.years_before(day, to + 1))
    return condition
