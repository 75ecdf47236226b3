"""A person decides where the roll and our record differ, and whether the missing moved away."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.env import keyring
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import audience_changes
from weijing.residents.figures.touching import touch, touch_residents
from weijing.residents.finding import names
from weijing.residents.importing import marks, noting, placing, refinding
from weijing.residents.importing.verdicts import TITLES
from weijing.residents.models import (
    Household,
    Resident,
    ResidentChange,
    RollAbsence,
    RollConflict,
)
from weijing.residents.queries import visible_to
from weijing.residents.record import changing, homes, lifecycle

Lifecycle = Resident.Lifecycle


class HomeGone(DomainError):
    """The household or place that the roll named is not there any more."""


def open_conflicts(scope: Scope) -> QuerySet[RollConflict]:
    """What waits for a decision about people whom the officer may see, the oldest roll first."""
    rows = RollConflict.objects.filter(
        county_id=scope.county_id,
        state=RollConflict.State.OPEN,
        resident_id__in=visible_to(scope).values("pk"),
    )
    return rows.select_related("resident__division__parent", "roll_import").order_by("pk")


def open_absences(scope: Scope) -> QuerySet[RollAbsence]:
    """The missing whom the officer may see and who are still on the roll."""
    people = visible_to(scope).filter(lifecycle=Lifecycle.ROLL)
    rows = RollAbsence.objects.filter(
        county_id=scope.county_id,
        state=RollAbsence.State.OPEN,
        resident_id__in=people.values("pk"),
    )
    return rows.select_related("resident__division__parent", "resident__household").order_by("pk")


def _check(by: Officer, scope: Scope) -> None:
    if scope.officer_id != by.pk or not scope.has(Role.STATION_COMMAND):
        raise PermissionDenied


@transaction.atomic
def decide(
    conflict_ids: Collection[int], *, take: bool, by: Officer, scope: Scope, at: datetime
) -> int:
    """Take the roll's word, or keep ours. How many; what was decided meanwhile is left out.

    Raises `PermissionDenied`, `HomeGone`.
    """
    _check(by, scope)
    wanted = open_conflicts(scope).filter(pk__in=conflict_ids)
    changing.lock(scope.county_id, list(wanted.values_list("resident_id", flat=True)))
    rows = RollConflict.objects.select_for_update(of=("self",)).filter(
        county_id=scope.county_id, pk__in=wanted.values("pk"), state=RollConflict.State.OPEN
    )
    conflicts = list(rows.select_related("resident__household", "resident__division"))
    for conflict in conflicts:
        if take:
            _take(conflict, by=by, at=at)
        conflict.state = RollConflict.State.TAKEN if take else RollConflict.State.KEPT
        conflict.decided_by, conflict.decided_at = by, at
        conflict.save(update_fields=["state", "decided_by", "decided_at"])
        trail.record(by, "roll_conflict.decided", conflict, at=at, took=take)
    return len(conflicts)


def _take(conflict: RollConflict, *, by: Officer, at: datetime) -> None:
    # Several conflicts of one person: each starts from what the one before has made.
    rows = Resident.objects.select_related("household", "division")
    person = rows.get(county_id=conflict.county_id, pk=conflict.resident_id)
    touch_residents(person.county_id, [person.pk])
    if conflict.field in marks.HOME:
        people = _change_home(person, conflict)
    else:
        _change_person(person, conflict.field, conflict.theirs, at)
        person.save()
        people = [person]
    county_id = person.county_id
    refinding.refind(county_id, [one.pk for one in people], [])
    touch_residents(county_id, [person.pk])
    field, title = conflict.field, TITLES[conflict.field]
    for one in people:
        changing.note(
            one, noting.KINDS.get(field, ResidentChange.Kind.CORRECTED), "resident.roll_followed",
            before={title: in_words(county_id, field, conflict.ours)},
            after={title: in_words(county_id, field, conflict.theirs)},
            by=by, at=at, source=ResidentChange.Source.ROLL, conflict=conflict.pk,
        )  # fmt: skip
    changing.push_remarks(county_id, [one.pk for one in people])


def in_words(county_id: int, field: str, text: str) -> str:
    """A cell of a conflict for a screen; a phone masked, a place by its name."""
    if field != "place" or "/" not in text:
        return noting.shown(field, text)
    return placing.name_of(county_id, text)


def _change_person(person: Resident, field: str, text: str, at: datetime) -> None:
    if field == "name":
        person.name = text
        person.pinyin, person.initials = names.sound(text)
    elif field == "role":
        person.household_role = text
    elif field == "sex":
        person.sex = text
    elif field == "born":
        person.born_on = date.fromisoformat(text)
    elif field == "phone":
        person.phone = text
        person.phone_index = keyring().blind_index(text, purpose="phone")
        person.phone_tail_index = keyring().blind_index(text[-4:], purpose="phone_tail")
    elif field == "lifecycle":
        person.lifecycle = Lifecycle.ROLL
        homes.lock(person.county_id, [person.household_id])
        homes.reopen(person.county_id, person.household_id)
    elif field == "household":
        _change_household(person, text, at)


def _change_household(person: Resident, number: str, at: datetime) -> None:
    there = Household.objects.filter(county_id=person.county_id, number=number).first()
    if there is None:
        raise HomeGone("没有采用：名册里的这一户已经不在了。现有资料没有动，请先核对。")
    left = person.household_id
    home = homes.lock(person.county_id, [left, there.pk])[there.pk]
    person.household, person.division = home, home.division
    person.save(update_fields=["household", "division"])
    homes.reopen(person.county_id, home.pk)
    homes.end_if_empty(person.county_id, left, at=at)


def _change_home(person: Resident, conflict: RollConflict) -> list[Resident]:
    """Everybody who lives there is concerned."""
    county_id = person.county_id
    home = homes.lock(county_id, [person.household_id]).get(person.household_id or 0)
    if home is None:
        raise HomeGone("没有采用：这个人现在不在任何一户。现有资料没有动，请先核对。")
    if conflict.field == "place":
        place = placing.division_ids(county_id).get(conflict.theirs)
        if place is None:
            raise HomeGone("没有采用：名册里的村组已经不在了。现有资料没有动，请先核对。")
        touch(county_id, [home.division_id, place])
        home.division_id = place
    else:
        setattr(home, conflict.field, conflict.theirs)
    home.save(update_fields=["division", "address", "kind"])
    members = Resident.objects.filter(county_id=county_id, household=home)
    members.update(division_id=home.division_id)
    audience_changes.people(county_id, members.values_list("pk", flat=True))
    return list(members.filter(lifecycle=Lifecycle.ROLL).order_by("pk"))


@transaction.atomic
def decide_absences(
    absence_ids: Collection[int], *, moved: bool, by: Officer, scope: Scope, at: datetime
) -> int:
    """They have moved away, or are still here and only missing on paper. How many.

    Raises `PermissionDenied` and what `lifecycle.move_away` raises.
    """
    _check(by, scope)
    wanted = open_absences(scope).filter(pk__in=absence_ids)
    changing.lock(scope.county_id, list(wanted.values_list("resident_id", flat=True)))
    rows = RollAbsence.objects.select_for_update(of=("self",)).filter(
        county_id=scope.county_id, pk__in=wanted.values("pk"), state=RollAbsence.State.OPEN
    )
    absences = list(rows.select_related("resident__division").order_by("resident_id"))
    for absence in absences:
        if moved:
            lifecycle.move_away(
                absence.resident, on=local_day(at), by=by, scope=scope, at=at,
                source=ResidentChange.Source.ROLL,
            )  # fmt: skip
        absence.state = RollAbsence.State.MOVED if moved else RollAbsence.State.STAYS
        absence.decided_by, absence.decided_at = by, at
        absence.save(update_fields=["state", "decided_by", "decided_at"])
        trail.record(by, "roll_absence.decided", absence, at=at, moved=moved)
    return len(absences)
