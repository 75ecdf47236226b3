"""Doors as an officer's phone shows them: the address, why nobody is reached, the last visit.

Addresses and no names: these lists are kept on the phone.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from django.db import connection

from weijing.accounts.scope import Scope
from weijing.core.clock import COUNTY_TIME, local_day
from weijing.residents.adding import refusals
from weijing.residents.figures import counting, coverage
from weijing.residents.models import DoorVisit, Household, WalkingList, WalkingStop
from weijing.residents.record.house_numbers import as_walked
from weijing.territory.models import Division


class Door(NamedTuple):
    """A household. `state` as `counting` has it, or "ended"."""

    number: int  # in walking order, from 1
    household_id: int
    division_id: int
    address: str
    people: int  # on the roll
    state: str
    outcome: str  # of the last visit, "" when there was none
    visited_at: datetime | None
    in_peace_until: date | None  # the first day somebody may ask there again
    is_done: bool

    @property
    def outcome_word(self) -> str:
        return DoorVisit.Outcome(self.outcome).label if self.outcome else ""

    @property
    def reason(self) -> str:
        """Why nobody is reached, as far as we know: the last visit's finding, or the roll's."""
        is_open = self.state in ("open", "linked", "ended")
        return self.outcome_word or ("" if is_open else coverage.STATE_WORDS[self.state])


def of_list(walking_list: WalkingList, *, scope: Scope, at: datetime) -> list[Door]:
    """The doors that a chief handed out; done are those visited since, linked or ended.

    Those that lie in the scope: since it was ordered a grid may have become another officer's.
    """
    stops = WalkingStop.objects.filter(
        scope.divisions("household__division"),
        county_id=walking_list.county_id,
        walking_list=walking_list,
    ).order_by("number")
    ids = list(stops.values_list("household_id", flat=True))
    return look(walking_list.county_id, ids, since=walking_list.ordered_at, at=at)


def of_place(place: Division, *, scope: Scope, at: datetime) -> list[Door]:
    """The doors without a contact of exactly this place; done are those visited today."""
    homes = coverage.unreached_households(scope, on=local_day(at)).filter(division=place)
    addresses = homes.order_by("pk").values_list("pk", "address")
    in_order = sorted(addresses, key=lambda row: (as_walked(row[1]), row[0]))
    return look(scope.county_id, [pk for pk, _ in in_order], since=midnight(at), at=at)


def look(
    county_id: int, household_ids: Sequence[int], *, since: datetime, at: datetime
) -> list[Door]:
    """These households, in this order; done are those visited since then, linked or ended."""
    if not household_ids:
        return []
    in_peace = refusals.left_in_peace(county_id, household_ids, at=at)
    found = {row[0]: row[1:] for row in _rows(county_id, household_ids, at=at)}
    return [
        Door(number, id, *found[id], in_peace.get(id), _is_done(*found[id], since=since))
        for number, id in enumerate(household_ids, start=1)
    ]


def midnight(at: datetime) -> datetime:
    """When the day began that `at` lies in."""
    return datetime.combine(local_day(at), time(), tzinfo=COUNTY_TIME)


def _is_done(
    _division: int, _address: str, _people: int, state: str, _outcome: str,
    visited_at: datetime | None, *, since: datetime,
) -> bool:  # fmt: skip
    is_visited = visited_at is not None and visited_at >= since
    return is_visited or state in ("linked", "ended")


def _rows(
    county_id: int, household_ids: Sequence[int], *, at: datetime
) -> list[tuple[int, int, str, int, str, str, datetime | None]]:
    homes = Household.objects.filter(county_id=county_id, pk__in=household_ids)
    places = list(homes.order_by().values_list("division_id", flat=True).distinct())
    inside = "{table}.division_id = ANY(%(places)s::bigint[])"
    values = {"places": places, "homes": list(household_ids)}
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {counting.homes(inside)} {_DOORS}",
            counting.parameters(county_id, local_day(at)) | values,
        )
        return list(cursor.fetchall())


_DOORS = """
SELECT household.id, household.division_id, household.address,
    coalesce(home.residents, 0)::int, coalesce(home.state, 'ended'),
    coalesce(latest.outcome, ''), latest.at
FROM residents_household household
LEFT JOIN home ON home.id = household.id
LEFT JOIN LATERAL (
    SELECT visit.outcome, visit.at FROM residents_doorvisit visit
    WHERE visit.county_id = %(county)s AND visit.household_id = household.id
    ORDER BY visit.at DESC, visit.id DESC LIMIT 1
) latest ON true
WHERE household.county_id = %(county)s AND household.id = ANY(%(homes)s::bigint[])
"""
