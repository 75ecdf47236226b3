"""One person, or a whole household, goes to live somewhere else in the county."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.residents import audience_changes
from weijing.residents.figures.touching import touch
from weijing.residents.finding.grams import grams
from weijing.residents.models import Household, Resident, ResidentChange
from weijing.residents.record import answering, changing, homes, opening_homes
from weijing.residents.record.homes import Place
from weijing.territory.models import Division
from weijing.territory.queries import path_name

KIND = ResidentChange.Kind.HOUSEHOLD
Role = Resident.HouseholdRole


class AlreadyThere(DomainError):
    """Nothing would change."""


class HasAHead(DomainError):
    """A household has one head; who joins it does not become it by the way."""


@transaction.atomic
def move(
    person: Resident,
    to: Place,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    role: str = "",
    seen: str = "",
) -> Household:
    """Let one person live at another place, alone or with whoever lives there.

    Their old role ended with the old household: it becomes `role`, or head of a home that is new.
    The household left empty ends.

    Raises what `changing.open_record` and `homes.settle` raise, `AlreadyThere`, `HasAHead`.
    """
    homes.check(to, scope=scope)
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    left, place = person.household_id, person.division
    home = homes.settle(to, leaving=left)
    if home.pk == left:
        raise AlreadyThere("本来就住在这一户，没有改动。")
    is_first = not homes.living_in(person.county_id, [home.pk])
    if role == Role.HEAD and not is_first:
        raise HasAHead("这一户已经有人住，没有迁移。请先迁入，再到「与户主关系」里改户主。")
    before = whereabouts(person)
    bring(person, home, role=role or (Role.HEAD if is_first else Role.UNKNOWN))
    answering.forget_if_elsewhere(person, place, at=at)
    person.save(update_fields=[*_COLUMNS, "primary_officer"])
    homes.end_if_empty(person.county_id, left, at=at)
    changing.note(
        person, KIND, "resident.moved_house", before=before, after=whereabouts(person),
        by=by, at=at, left=left or 0, home=home.pk,
    )  # fmt: skip
    touch(person.county_id, [place.pk if place else None, home.division_id])
    audience_changes.people(person.county_id, [person.pk])
    changing.push_remarks(person.county_id, [person.pk])
    return home


@transaction.atomic
def move_household(
    household: Household,
    to: Place,
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    seen: str = "",
) -> Household:
    """Move all of a household to another address; it stays the household it was.

    Whoever lives at that address already stays a household of their own; `join` makes them one.

    Raises as `move` does.
    """
    homes.check(to, scope=scope)
    ((home, members),) = opening_homes.open_homes({household: seen}, by=by, scope=scope)
    address, old = homes.written(to.address), home.division
    if (home.division_id, home.address) == (to.division.pk, address):
        raise AlreadyThere("本来就住在这里，没有改动。")
    before = {person.pk: whereabouts(person) for person in members}
    home.division, home.address = to.division, address
    home.save(update_fields=["division", "address"])
    for person in members:
        bring(person, home, role=person.household_role)
        answering.forget_if_elsewhere(person, old, at=at)
    Resident.objects.bulk_update(members, [*_COLUMNS, "primary_officer"])
    for person in members:
        if person.lifecycle in changing.ON_ROLL:
            changing.note(
                person, KIND, "resident.moved_house",
                before=before[person.pk], after=whereabouts(person), by=by, at=at, home=home.pk,
            )  # fmt: skip
    trail.record(by, "household.moved", home, at=at, members=len(members))
    touch(home.county_id, [old.pk, to.division.pk])
    audience_changes.people(home.county_id, [person.pk for person in members])
    changing.push_remarks(home.county_id, [person.pk for person in members])
    return home


_COLUMNS = ("household", "division", "household_role", "grams")


def bring(person: Resident, home: Household, *, role: str) -> None:
    """Set what follows from living in this home; the caller saves."""
    person.household, person.division = home, home.division
    person.household_role = role
    person.grams = grams(person.name, home.address)


def whereabouts(person: Resident) -> dict[str, str]:
    """Where somebody lives, in words, for the timeline."""
    place: Division | None = person.division
    home = f" {person.household.address}" if person.household else ""
    role = Role(person.household_role).label if person.household_role else "未填"
    return {"住址": f"{path_name(place)}{home}" if place else "住址不详", "与户主关系": role}
