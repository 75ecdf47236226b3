"""Walking lists: a chief picks places and a day, each officer gets their doors in walking order."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.queries import responsible_for
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.core.ids import new_ids
from weijing.residents.figures import counting
from weijing.residents.models import WalkingList, WalkingStop
from weijing.residents.record.house_numbers import as_walked
from weijing.territory import queries as territory
from weijing.territory.models import Division

MOST_STOPS = 300  # what an officer may be asked to walk with one list


class NothingToWalk(DomainError):
    """No household of these places is left to be visited, or nobody answers for them."""


class TooManyDoors(DomainError):
    """A list that nobody can walk is no list."""


class DayIsOver(DomainError):
    """The day to be done by lies in the past."""


class CountHasChanged(DomainError):
    """The chief agreed to another number than there is now."""


class Door(NamedTuple):
    """A household that has no linked adult."""

    id: int
    division_id: int
    address: str
    state: str  # of `counting`: refused, away, unreachable or open


@dataclass
class Plan:
    """What handing out would do. `doors` by officer, in walking order; the rest are counts."""

    places: dict[int, Division] = field(default_factory=dict)  # where the doors are
    officers: dict[int, Officer] = field(default_factory=dict)
    doors: dict[int, list[Door]] = field(default_factory=dict)
    refused: int = 0  # left in peace
    on_a_list: int = 0  # of an officer who is walking already
    without_officer: int = 0

    @property
    def stops(self) -> int:
        return sum(len(doors) for doors in self.doors.values())


def plan(
    places: Collection[Division],
    *,
    scope: Scope,
    at: datetime,
    only: Collection[int] | None = None,
) -> Plan:
    """Who would be asked to visit whom, if these places (with all below) were handed out now.

    `only`: none but these households. Places outside the scope are passed over. Households that
    have ended are not households.
    """
    found = Plan()
    parts = _parts([place for place in places if scope.covers(place)])
    officers = responsible_for(list(parts.values()), at=at)
    listed = _on_open_lists(scope.county_id, parts)
    for door in _missing(scope.county_id, list(parts), on=local_day(at)):
        if only is not None and door.id not in only:
            continue
        officer = officers.get(door.division_id)
        if door.state == "refused":
            found.refused += 1
        elif door.id in listed:
            found.on_a_list += 1
        elif officer is None:
            found.without_officer += 1
        else:
            found.officers[officer.pk] = officer
            found.doors.setdefault(officer.pk, []).append(door)
            found.places[door.division_id] = parts[door.division_id]
    for doors in found.doors.values():
        doors.sort(key=lambda door: (parts[door.division_id].lo, as_walked(door.address), door.id))
    return found


@transaction.atomic
def hand_out(
    places: Collection[Division],
    *,
    due_on: date,
    stops_seen: int,
    by: Officer,
    scope: Scope,
    at: datetime,
    only: Collection[int] | None = None,
) -> list[WalkingList]:
    """Give each officer of these places one list for each township, which is what a station
    answers for. `stops_seen` is the number the chief agreed to; `only` as of `plan`.

    Raises `DayIsOver`, `NothingToWalk`, `TooManyDoors`, `CountHasChanged`.
    """
    if due_on < local_day(at):
        raise DayIsOver("完成日期已经过了，还没有派发。请改成今天或以后的日期。")
    _take_turn(scope.county_id, places)
    planned = plan(places, scope=scope, at=at, only=only)
    _check(planned, stops_seen)
    townships = list(territory.townships(scope.county_id).order_by("lo"))
    return [
        _list(planned, planned.officers[pk], part, due_on=due_on, by=by, at=at)
        for pk, doors in planned.doors.items()
        for part in _by_township(doors, planned, townships)
    ]


def _by_township(
    doors: Sequence[Door], planned: Plan, townships: Sequence[Division]
) -> list[list[Door]]:
    starts = [township.lo for township in townships]
    parts: dict[int, list[Door]] = {}
    for door in doors:
        where = bisect_right(starts, planned.places[door.division_id].lo)
        parts.setdefault(where, []).append(door)
    return list(parts.values())


@transaction.atomic
def close(walking_list: WalkingList, *, by: Officer | None, at: datetime) -> bool:
    """End a list, walked or not; False when it has ended already. Its visits stay."""
    rows = WalkingList.objects.filter(
        county_id=walking_list.county_id, pk=walking_list.pk, closed_at=None
    )
    if not rows.update(closed_at=at):
        return False
    trail.record(by, "walking_list.closed", walking_list, at=at)
    return True


def _check(planned: Plan, stops_seen: int) -> None:
    if not planned.stops:
        raise NothingToWalk("选的地方没有可以走访的户，没有派发。请另选几个组。")
    longest = max(len(doors) for doors in planned.doors.values())
    if longest > MOST_STOPS:
        raise TooManyDoors(
            f"有民辅警要走 {longest} 户，一张清单最多 {MOST_STOPS} 户，还没有派发。请少选几个组。"
        )
    if planned.stops != stops_seen:
        raise CountHasChanged(
            f"刚才是 {stops_seen} 户，现在是 {planned.stops} 户，还没有派发。请核对后再点一次。"
        )


def _list(
    planned: Plan,
    officer: Officer,
    doors: Sequence[Door],
    *,
    due_on: date,
    by: Officer,
    at: datetime,
) -> WalkingList:
    walking_list = WalkingList.objects.create(
        county_id=officer.county_id,
        officer=officer,
        division=_around([planned.places[door.division_id] for door in doors]),
        ordered_by=by,
        ordered_at=at,
        due_on=due_on,
    )
    WalkingStop.objects.bulk_create(
        WalkingStop(
            id=id,
            county_id=officer.county_id,
            walking_list=walking_list,
            household_id=door.id,
            number=number,
        )
        for number, (id, door) in enumerate(zip(new_ids(len(doors)), doors, strict=True), start=1)
    )
    trail.record(
        by, "walking_list.ordered", walking_list, at=at, officer=officer.pk, stops=len(doors)
    )
    return walking_list


def _around(places: Sequence[Division]) -> Division:
    """The smallest division that contains all of them."""
    lo, hi = min(place.lo for place in places), max(place.hi for place in places)
    around = Division.objects.filter(county_id=places[0].county_id, lo__lte=lo, hi__gte=hi)
    return around.order_by("-lo", "hi")[0]


def _take_turn(county_id: int, places: Collection[Division]) -> None:
    """Two chiefs who hand out the same doors at once must not send two officers to one of them.

    One may have named a village and the other a group of it, so they meet at the township.
    """
    rows = territory.townships(county_id).select_for_update(no_key=True)
    around = [Q(lo__lte=place.hi, hi__gte=place.lo) for place in places]
    list(rows.filter(reduce(or_, around, Q(pk__in=[]))).order_by("pk"))


def _parts(places: Collection[Division]) -> dict[int, Division]:
    """The places with all that lies below them, by id."""
    parts: dict[int, Division] = {}
    for place in places:
        below = Division.objects.filter(
            county_id=place.county_id, lo__gte=place.lo, lo__lte=place.hi
        )
        parts |= {part.pk: part for part in below}
    return parts


def _missing(county_id: int, place_ids: list[int], *, on: date) -> list[Door]:
    inside = "{table}.division_id = ANY(%(places)s::bigint[])"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {counting.homes(inside)} {_NOT_LINKED}",
            counting.parameters(county_id, on) | {"places": place_ids},
        )
        return [Door(*row) for row in cursor.fetchall()]


_NOT_LINKED = "SELECT id, division_id, address, state FROM home WHERE state <> 'linked'"


def _on_open_lists(county_id: int, place_ids: Collection[int]) -> set[int]:
    """Households of these places that somebody is asked to visit already."""
    stops = WalkingStop.objects.filter(
        county_id=county_id,
        walking_list__closed_at=None,
        household__county_id=county_id,
        household__division_id__in=place_ids,
    )
    return set(stops.values_list("household_id", flat=True))
