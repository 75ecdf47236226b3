"""Households part and come together; in each one person is the head."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.residents import audience_changes
from weijing.residents.adding import refusals
from weijing.residents.figures.touching import touch
from weijing.residents.models import ContactWay, DoorVisit, Household, Resident, ResidentChange
from weijing.residents.record import changing, homes
from weijing.residents.record.homes import Place
from weijing.residents.record.moving_house import bring, whereabouts
from weijing.residents.record.opening_homes import open_homes

KIND = ResidentChange.Kind.HOUSEHOLD
Role = Resident.HouseholdRole
COLUMNS = ["household", "division", "household_role", "grams"]


class NobodyLeaves(DomainError):
    """A split leaves somebody on both sides; otherwise it is a move, or nothing."""


class SameHousehold(DomainError):
    """A household cannot be joined into itself."""


@transaction.atomic
def split(
    household: Household,
    leaving: Collection[Resident],
    to: Place,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    head: Resident | None = None,
    seen: str = "",
) -> Household:
    """Make a household of their own of some members, at the same address or another.

    `head` leads the new one; the others' roles there have to be asked anew.

    Raises what `open_homes` and `homes.check` raise, `NobodyLeaves`.
    """
    homes.check(to, scope=scope)
    ((old, members),) = open_homes({household: seen}, by=by, scope=scope)
    chosen = {person.pk for person in leaving}
    living = [person for person in members if person.lifecycle in changing.ON_ROLL]
    going = [person for person in living if person.pk in chosen]
    if not going or len(going) == len(living) or len(going) < len(chosen):
        raise NobodyLeaves("分户要有人分出去、有人留下。全家都走请用「全户迁移」。")
    home = homes.open_home(to.division, to.address)
    for person in going:
        role = Role.HEAD if head and person.pk == head.pk else Role.UNKNOWN
        _settle(person, home, role=role, action="household.split", by=by, at=at)
    _keep(going)
    refusals.follow(old, home, at=at)
    trail.record(by, "household.split", old, at=at, into=home.pk, members=len(going))
    touch(home.county_id, [old.division_id, home.division_id])
    audience_changes.people(home.county_id, [person.pk for person in going])
    changing.push_remarks(home.county_id, [person.pk for person in going])
    return home


@transaction.atomic
def join(
    household: Household,
    into: Household,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
    seen_into: str = "",
) -> Household:
    """Make one household of two: everybody of `household` belongs to `into`, and it ends.

    What was said at its door stays said: its visits and printed codes are the other's now.

    Raises what `open_homes` raises, `SameHousehold`.
    """
    if household.pk == into.pk:
        raise SameHousehold("两户是同一户，没有合并。请选另一户。")
    opened = open_homes({household: seen, into: seen_into}, by=by, scope=scope)
    (emptied, coming), (home, _) = opened
    for person in coming:
        _settle(person, home, role=Role.UNKNOWN, action="household.joined", by=by, at=at)
    _keep(coming)
    _bring_along(emptied, home)
    emptied.ended_on = local_day(at)
    emptied.save(update_fields=["ended_on"])
    trail.record(by, "household.joined", home, at=at, emptied=emptied.pk, members=len(coming))
    touch(home.county_id, [emptied.division_id, home.division_id])
    audience_changes.people(home.county_id, [person.pk for person in coming])
    changing.push_remarks(home.county_id, [person.pk for person in coming])
    return home


@transaction.atomic
def set_role(
    person: Resident, role: str, *, by: Officer, scope: Scope, at: datetime, seen: str = ""
) -> None:
    """Say what somebody is to the head. A new head takes over from the one before.

    Raises what `changing.open_record` raises.
    """
    former = _heads_beside(person) if role == Role.HEAD else []
    # All of them at once, by id: two officers may each make another member the head.
    locked = changing.lock(scope.county_id, [person.pk, *(head.pk for head in former)])
    fresh = changing.open_record(person, by=by, scope=scope, seen=seen)
    homes.lock(fresh.county_id, [fresh.household_id])
    if role == Role.HEAD and _heads_beside(fresh) != former:
        raise changing.ChangedMeanwhile
    _call(fresh, role, by=by, at=at)
    for head in locked:
        if head.pk != fresh.pk:
            _call(head, Role.UNKNOWN, by=by, at=at)
    changing.push_remarks(fresh.county_id, [one.pk for one in locked])


def _heads_beside(person: Resident) -> list[Resident]:
    """Who else is called head where the person lives now."""
    people = Resident.objects.filter(county_id=person.county_id)
    home = people.filter(pk=person.pk).values("household_id")
    heads = people.filter(
        ~Q(pk=person.pk),
        household_id__in=home,
        household_role=Role.HEAD,
        lifecycle=Resident.Lifecycle.ROLL,
    )
    return list(heads.order_by("pk"))


def _call(person: Resident, role: str, *, by: Officer, at: datetime) -> None:
    before, person.household_role = person.household_role, role
    if before == role:
        return
    person.save(update_fields=["household_role"])
    changing.note(
        person, ResidentChange.Kind.ROLE, "resident.role_set",
        before={"与户主关系": Role(before).label}, after={"与户主关系": Role(role).label},
        by=by, at=at,
    )  # fmt: skip


def _settle(
    person: Resident, home: Household, *, role: str, action: str, by: Officer, at: datetime
) -> None:
    before = whereabouts(person)
    bring(person, home, role=role)
    if person.lifecycle in changing.ON_ROLL:
        changing.note(
            person, KIND, action, before=before, after=whereabouts(person), by=by, at=at,
            home=home.pk,
        )  # fmt: skip


def _keep(people: Collection[Resident]) -> None:
    Resident.objects.bulk_update(people, COLUMNS)


def _bring_along(emptied: Household, home: Household) -> None:
    for model in (DoorVisit, ContactWay):
        rows = model.objects.filter(county_id=home.county_id, household=emptied)
        rows.update(household=home)
