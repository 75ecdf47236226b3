"""How far walking lists are: which doors were knocked at since, which have a contact now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.in_pieces import in_pieces
from weijing.residents.adding import walking
from weijing.residents.figures import counting
from weijing.residents.models import DoorVisit, WalkingList

LISTS_AT_ONCE = 50  # with up to 300 doors each


class Progress(NamedTuple):
    """Stops of a list. Done is visited since the list was ordered, or linked, or no household
    any more; `linked` of them have a linked adult now. Of the others `absent` and `refused` are
    what the last visit found.
    """

    stops: int
    done: int
    linked: int
    absent: int = 0
    refused: int = 0


class Stop(NamedTuple):
    """A door of a list, with what its last visit since then found ("" when there was none)."""

    number: int
    household_id: int
    division_id: int
    address: str
    people: int  # on the roll
    state: str  # of `counting`; "ended" for a household that has ended since
    outcome: str
    visited_at: datetime | None

    @property
    def is_done(self) -> bool:
        return bool(self.outcome) or self.state in ("linked", "ended")

    @property
    def outcome_word(self) -> str:
        return DoorVisit.Outcome(self.outcome).label if self.outcome else ""


@dataclass(frozen=True)
class Walk:
    """A list and how far it is."""

    walking_list: WalkingList
    progress: Progress

    @property
    def left(self) -> int:
        return self.progress.stops - self.progress.done


def lists_of(officer: Officer) -> QuerySet[WalkingList]:
    """The officer's open lists, the most urgent first."""
    mine = WalkingList.objects.filter(county_id=officer.county_id, officer=officer, closed_at=None)
    return mine.select_related("division__parent", "ordered_by").order_by("due_on", "pk")


def lists_in(scope: Scope) -> QuerySet[WalkingList]:
    """Lists of places that lie in the scope; open ones first, the most urgent first."""
    rows = WalkingList.objects.filter(scope.divisions(), county_id=scope.county_id)
    if not scope.whole_county:
        inside = Q(pk__in=[])
        for lo, hi in scope.ranges:
            inside |= Q(division__lo__gte=lo, division__hi__lte=hi)
        rows = rows.filter(inside)
    return rows.select_related("division__parent", "officer", "ordered_by")


def walks(lists: Collection[WalkingList], *, on: date) -> list[Walk]:
    """Each list with its progress; one query for all of them."""
    if not lists:
        return []
    county_id = next(iter(lists)).county_id
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS.format(**_SQL), _values(county_id, lists, on))
        found = {row[0]: Progress(*row[1:]) for row in cursor.fetchall()}
    return [Walk(one, found.get(one.pk, Progress(0, 0, 0))) for one in lists]


def stops_of(walking_list: WalkingList, *, on: date) -> list[Stop]:
    """The doors in walking order."""
    with connection.cursor() as cursor:
        cursor.execute(_STOPS.format(**_SQL), _values(walking_list.county_id, [walking_list], on))
        return [Stop(*row) for row in cursor.fetchall()]


def close_walked(county_id: int, *, at: datetime, on: date) -> int:
    """End the lists on which nothing is left to do, or not for the officer who has them: a grid
    that became somebody else's can be handed out again. How many.
    """
    rows = WalkingList.objects.filter(county_id=county_id, closed_at=None)
    closed = 0
    for lists in in_pieces(rows, LISTS_AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(_NOT_THEIRS, _values(county_id, lists, on) | {"at": at})
            ended = {pk for (pk,) in cursor.fetchall()}
        ended |= {walk.walking_list.pk for walk in walks(lists, on=on) if not walk.left}
        closed += sum(walking.close(one, by=None, at=at) for one in lists if one.pk in ended)
    return closed


def _values(county_id: int, lists: Collection[WalkingList], on: date) -> dict[str, Any]:
    return counting.parameters(county_id, on) | {"lists": [one.pk for one in lists]}


_NOT_THEIRS = """
SELECT list.id
FROM residents_walkinglist list
JOIN accounts_officer officer ON officer.county_id = list.county_id AND officer.id = list.officer_id
WHERE list.county_id = %(county)s AND list.id = ANY(%(lists)s::bigint[])
AND (NOT officer.is_active OR NOT EXISTS (
    SELECT 1
    FROM residents_walkingstop stop
    JOIN residents_household home ON home.county_id = stop.county_id
        AND home.id = stop.household_id
    JOIN territory_division place ON place.county_id = home.county_id
        AND place.id = home.division_id
    JOIN accounts_posting posting ON posting.county_id = list.county_id
        AND posting.officer_id = list.officer_id AND posting.starts_at <= %(at)s
        AND (posting.ends_at IS NULL OR posting.ends_at > %(at)s)
    JOIN territory_beatdivision served ON served.county_id = posting.county_id
        AND served.beat_id = posting.beat_id
    JOIN territory_division part ON part.county_id = served.county_id
        AND part.id = served.division_id
    WHERE stop.county_id = list.county_id AND stop.walking_list_id = list.id
        AND place.lo BETWEEN part.lo AND part.hi))
"""
# Of the households on the lists and no others; a place has hundreds.
_SQL = {
    "homes": counting.homes(
        "{table}.division_id = ANY(ARRAY(SELECT home.division_id FROM residents_household home "
        "JOIN stop ON stop.household_id = home.id WHERE home.county_id = %(county)s))"
    )
}
_STOP = """
WITH stop AS MATERIALIZED (
    SELECT list.id AS list_id, list.ordered_at, stop.number, stop.household_id
    FROM residents_walkinglist list
    JOIN residents_walkingstop stop ON stop.county_id = list.county_id
        AND stop.walking_list_id = list.id
    WHERE list.county_id = %(county)s AND list.id = ANY(%(lists)s::bigint[])
), {homes}, seen AS (
    SELECT stop.list_id, stop.number, stop.household_id, household.division_id, household.address,
        coalesce(home.residents, 0)::int AS people, coalesce(home.state, 'ended') AS state,
        coalesce(found.outcome, '') AS outcome, found.at
    FROM stop
    JOIN residents_household household ON household.county_id = %(county)s
        AND household.id = stop.household_id
    LEFT JOIN home ON home.id = stop.household_id
    LEFT JOIN LATERAL (
        SELECT visit.outcome, visit.at FROM residents_doorvisit visit
        WHERE visit.county_id = %(county)s AND visit.household_id = stop.household_id
            AND visit.at >= stop.ordered_at
        ORDER BY visit.at DESC, visit.id DESC LIMIT 1
    ) found ON true
)
"""
_STOPS = (
    _STOP
    + """
SELECT number, household_id, division_id, address, people, state, outcome, at
FROM seen ORDER BY number
"""
)
_PROGRESS = (
    _STOP
    + """
SELECT list_id, count(*)::int,
    (count(*) FILTER (WHERE outcome <> '' OR state IN ('linked', 'ended')))::int,
    (count(*) FILTER (WHERE state = 'linked'))::int,
    (count(*) FILTER (WHERE state <> 'linked' AND outcome = 'absent'))::int,
    (count(*) FILTER (WHERE state <> 'linked' AND outcome = 'refused'))::int
FROM seen GROUP BY list_id
"""
)
