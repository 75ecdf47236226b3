"""Who is reached in somebody's place: a guardian for a child, a relative for who has no phone.

A child below 14 is never a contact itself: what concerns it goes to a guardian.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.residents.consent import OWN_CONSENT_FROM_AGE, age_on
from weijing.residents.figures.touching import touch
from weijing.residents.masking import masked_name
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Representative, Resident, ResidentChange
from weijing.residents.record import changing

Kind = Representative.Kind
ADULT_FROM_AGE = 18


class CannotRepresent(DomainError):
    """Not this person, or not in this way."""


class AlreadyRepresented(DomainError):
    """The same person stands in for them already."""


@dataclass(frozen=True)
class Appointed:
    """`is_reachable`: the representative is somebody's live contact, so a message would arrive."""

    representative: Representative
    is_reachable: bool


@transaction.atomic
def appoint(
    person: Resident,
    representative: Resident,
    kind: str,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
) -> Appointed:
    """Let `representative`, a grown-up on the roll, be reached in the person's place.

    Raises what `changing.open_record` raises, `CannotRepresent`, `AlreadyRepresented`.
    """
    locked = {one.pk: one for one in changing.lock(scope.county_id, [person.pk, representative.pk])}
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    other = locked.get(representative.pk)
    _check(person, other, Kind(kind), at)
    assert other is not None
    if in_force(person).filter(person=other).exists():
        raise AlreadyRepresented("这个人已经登记过了，没有重复登记。")
    row = Representative.objects.create(
        county_id=person.county_id,
        resident=person,
        person=other,
        kind=kind,
        started_at=at,
        recorded_by=by,
    )
    _note(row, "resident.represented", before={}, after=_named(row), by=by, at=at)
    return Appointed(row, is_reachable(other))


@transaction.atomic
def end(row: Representative, *, by: Officer, scope: Scope, at: datetime) -> None:
    """They stand in no longer. Ending twice does nothing.

    Raises what `changing.open_record` raises.
    """
    changing.open_record(row.resident, by=by, scope=scope)
    _end(row, by=by, at=at)


def end_all(person: Resident, *, by: Officer, at: datetime) -> None:
    """Nobody stands in for them, and they for nobody."""
    either = Q(resident=person) | Q(person=person)
    rows = Representative.objects.filter(either, county_id=person.county_id, ended_at=None)
    for row in rows.select_related("resident", "person"):
        _end(row, by=by, at=at)


def in_force(person: Resident) -> QuerySet[Representative]:
    """Who stands in for the person now, the latest first."""
    rows = Representative.objects.filter(county_id=person.county_id, resident=person, ended_at=None)
    return rows.select_related("person", "resident").order_by("-started_at")


def stands_in_for(person: Resident) -> QuerySet[Representative]:
    """For whom the person stands in now, the latest first."""
    rows = Representative.objects.filter(county_id=person.county_id, person=person, ended_at=None)
    return rows.select_related("resident", "person").order_by("-started_at")


def is_reachable(person: Resident) -> bool:
    """Through an account of their own, or one they share."""
    return reachable(person.county_id).filter(pk=person.pk).exists()


def reachable(county_id: int) -> QuerySet[Resident]:
    """Everybody to whom a message would arrive."""
    through = Q(identity__resident=OuterRef("pk")) | Q(identity__sharers__resident=OuterRef("pk"))
    return Resident.objects.filter(Exists(live(county_id).filter(through)), county_id=county_id)


def is_child(person: Resident, at: datetime) -> bool:
    """Below 14. Whose age we do not know is taken for a grown-up, as everywhere."""
    return _is_below(person, OWN_CONSENT_FROM_AGE, at)


def _is_below(person: Resident, age: int, at: datetime) -> bool:
    return person.born_on is not None and age_on(person.born_on, local_day(at)) < age


def _check(
    person: Resident, other: Resident | None, kind: Representative.Kind, at: datetime
) -> None:
    if other is None or other.lifecycle not in changing.ON_ROLL:
        raise CannotRepresent("没有登记：这个人不在册。请选在册的成年亲属。")
    if other.pk == person.pk:
        raise CannotRepresent("没有登记：不能由本人代本人。请选一位亲属。")
    if _is_below(other, ADULT_FROM_AGE, at):
        raise CannotRepresent("没有登记：未成年人不能代别人接收。请选一位成年亲属。")
    if kind == Kind.PROXY and is_child(person, at):
        raise CannotRepresent("不满 14 周岁的孩子只登记监护人，没有登记代收人。请改选监护人。")
    if in_force(other).filter(person=person).exists():
        raise CannotRepresent("没有登记：这两个人会互相代收，谁也收不到。请先结束原来的代收。")


def _end(row: Representative, *, by: Officer, at: datetime) -> None:
    open_rows = Representative.objects.filter(county_id=row.county_id, pk=row.pk, ended_at=None)
    if open_rows.update(ended_at=at):
        _note(row, "resident.representation_ended", before=_named(row), after={}, by=by, at=at)


def _note(
    row: Representative,
    action: str,
    *,
    before: dict[str, str],
    after: dict[str, str],
    by: Officer,
    at: datetime,
) -> None:
    changing.note(
        row.resident, ResidentChange.Kind.REPRESENTED, action, before=before, after=after,
        by=by, at=at, stand_in=row.person_id, representative=row.pk,
    )  # fmt: skip
    touch(row.county_id, [row.resident.division_id])


def _named(row: Representative) -> dict[str, str]:
    return {Kind(row.kind).label: masked_name(row.person.name)}
