"""Counting coverage from the rows: the one definition of who is reached, as SQL.

A household is in exactly one state: linked (an adult of it has a live contact), refused (said no at
the door within `LEFT_IN_PEACE`), away (all adults work elsewhere, or the last visit found so),
unreachable (no phone or no WeChat, likewise), or open: there is somebody to go and see.

Denominators are people on the roll and households that have not ended. A person is linked through
an account of their own or one that they share; reachable also through who stands in for them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from weijing.core.clock import COUNTY_TIME
from weijing.residents.adding.refusals import LEFT_IN_PEACE

ADULT_FROM_AGE = 18
COUNTED = (
    "households", "households_linked", "households_refused", "households_away",
    "households_unreachable", "residents", "linked", "reachable",
)  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """One place, without those below it. `numbers` in the order of `COUNTED`."""

    division_id: int
    numbers: tuple[int, ...]
    changes_on: date | None


def adult_born(on: date) -> date:
    """Who was born on this day or earlier is an adult."""
    is_leap_day = (on.month, on.day) == (2, 29)  # there was none eighteen years ago
    return date(on.year - ADULT_FROM_AGE, on.month, 28 if is_leap_day else on.day)


def parameters(county_id: int, on: date) -> dict[str, Any]:
    """What the SQL of this module wants to know."""
    return {
        "county": county_id,
        "on": on,
        "day_ends_at": datetime.combine(on + timedelta(days=1), time(), tzinfo=COUNTY_TIME),
        "adult_born": adult_born(on),
        "in_peace_days": LEFT_IN_PEACE.days,
    }


def count(county_id: int, *, on: date, places: list[int] | None = None) -> list[Counted]:
    """The places as they are on that day; of the whole county, those where anybody is, without
    `places`. Places named but empty are missing from the answer.
    """
    inside = "true" if places is None else "{table}.division_id = ANY(%(places)s::bigint[])"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {counts(inside)} SELECT * FROM counted",  # noqa: S608
            parameters(county_id, on) | {"places": places},
        )
        return [Counted(row[0], row[1:-1], row[-1]) for row in cursor.fetchall()]


def counts(inside: str) -> str:
    """The CTEs that end in `counted`: a place, the `COUNTED`, and `changes_on`.

    `inside` restricts `{table}.division_id`; it is written here, values go as parameters.
    """
    return f"{homes(inside)}, {_COUNTED}"


def homes(inside: str) -> str:
    """The CTEs that end in `home`: every household that has not ended, with its one `state`."""
    return _HOMES.format(
        linked=IS_LINKED.format(person="person.id"),
        stand_in_linked=IS_LINKED.format(person="standing_in.person_id"),
        persons_inside=inside.format(table="person"),
        households_inside=inside.format(table="household"),
    )


# Everybody in whose pocket a message would arrive.
_LIVE = """(
    SELECT identity.resident_id AS person_id
    FROM residents_wechatidentity identity
    JOIN residents_contact contact ON contact.county_id = identity.county_id
        AND contact.identity_id = identity.id
    WHERE identity.county_id = %(county)s AND contact.county_id = %(county)s
        AND contact.state = 'linked'
    UNION ALL
    SELECT sharer.resident_id
    FROM residents_identitysharer sharer
    JOIN residents_contact contact ON contact.county_id = sharer.county_id
        AND contact.identity_id = sharer.identity_id
    WHERE sharer.county_id = %(county)s AND contact.county_id = %(county)s
        AND contact.state = 'linked')"""

# As expressions, so that the planner may look up a village's people one by one, or read the
# county's live pairs once.
IS_LINKED = f"EXISTS (SELECT 1 FROM {_LIVE} AS live WHERE live.person_id = {{person}})"  # noqa: S608

_HOMES = """
represented AS (
    SELECT person.id, bool_or({stand_in_linked}) AS is_reached
    FROM residents_representative standing_in
    JOIN residents_resident person ON person.county_id = standing_in.county_id
        AND person.id = standing_in.resident_id
    WHERE standing_in.county_id = %(county)s AND standing_in.ended_at IS NULL
        AND person.county_id = %(county)s AND {persons_inside}
    GROUP BY person.id
), member AS MATERIALIZED (
    SELECT person.division_id, person.household_id, person.born_on,
        person.born_on IS NULL OR person.born_on <= %(adult_born)s AS is_adult,
        person.away_at <> '' AS is_away,
        person.reach IN ('no_wechat', 'no_phone') AS is_out_of_reach,
        {linked} AS is_linked, coalesce(represented.is_reached, false) AS is_represented
    FROM residents_resident person
    LEFT JOIN represented ON represented.id = person.id
    WHERE person.county_id = %(county)s AND person.lifecycle = 'roll'
        AND person.division_id IS NOT NULL AND {persons_inside}
), together AS (
    SELECT division_id, household_id, count(*) AS residents,
        count(*) FILTER (WHERE is_linked) AS linked,
        count(*) FILTER (WHERE is_linked OR is_represented) AS reachable,
        bool_or(is_linked AND is_adult) AS is_linked,
        bool_and(is_away) FILTER (WHERE is_adult) AS is_away,
        bool_and(is_out_of_reach) FILTER (WHERE is_adult) AS is_out_of_reach,
        min(born_on) FILTER (WHERE NOT is_adult) AS eldest_child
    FROM member GROUP BY division_id, household_id
), visit AS (
    SELECT visit.household_id,
        (array_agg(visit.outcome ORDER BY visit.at DESC, visit.id DESC))[1] AS latest,
        (array_agg(visit.outcome ORDER BY visit.at DESC, visit.id DESC)
            FILTER (WHERE visit.outcome IN ('refused', 'added')))[1] AS answer,
        (max(visit.at) FILTER (WHERE visit.outcome = 'refused')
            AT TIME ZONE 'Asia/Shanghai')::date + %(in_peace_days)s AS in_peace_until
    FROM residents_doorvisit visit
    JOIN residents_household household ON household.county_id = visit.county_id
        AND household.id = visit.household_id
    WHERE visit.county_id = %(county)s AND household.county_id = %(county)s AND {households_inside}
    GROUP BY visit.household_id
), home AS (
    SELECT household.id, household.division_id, household.number, household.address,
        coalesce(together.residents, 0) AS residents, coalesce(together.linked, 0) AS linked,
        coalesce(together.reachable, 0) AS reachable,
        CASE WHEN together.is_linked THEN 'linked'
            WHEN visit.answer = 'refused' AND %(on)s < visit.in_peace_until THEN 'refused'
            WHEN together.is_away OR visit.latest = 'away' THEN 'away'
            WHEN together.is_out_of_reach OR visit.latest IN ('no_phone', 'no_wechat')
                THEN 'unreachable'
            ELSE 'open' END AS state,
        least(
            CASE WHEN together.eldest_child IS NOT NULL THEN
                greatest((together.eldest_child + interval '18 years')::date, %(on)s::date + 1) END,
            CASE WHEN visit.answer = 'refused' AND %(on)s < visit.in_peace_until
                THEN visit.in_peace_until END
        ) AS changes_on
    FROM residents_household household
    LEFT JOIN together ON together.household_id = household.id
        AND together.division_id = household.division_id
    LEFT JOIN visit ON visit.household_id = household.id
    WHERE household.county_id = %(county)s AND household.ended_on IS NULL AND {households_inside}
)"""

_COUNTED = """
people AS (
    SELECT division_id, sum(residents) AS residents, sum(linked) AS linked,
        sum(reachable) AS reachable
    FROM together GROUP BY division_id
), doors AS (
    SELECT division_id, count(*) AS households,
        count(*) FILTER (WHERE state = 'linked') AS linked,
        count(*) FILTER (WHERE state = 'refused') AS refused,
        count(*) FILTER (WHERE state = 'away') AS away,
        count(*) FILTER (WHERE state = 'unreachable') AS unreachable,
        min(changes_on) AS changes_on
    FROM home GROUP BY division_id
), counted AS (
    SELECT coalesce(doors.division_id, people.division_id) AS division_id,
        coalesce(doors.households, 0)::int AS households,
        coalesce(doors.linked, 0)::int AS households_linked,
        coalesce(doors.refused, 0)::int AS households_refused,
        coalesce(doors.away, 0)::int AS households_away,
        coalesce(doors.unreachable, 0)::int AS households_unreachable,
        coalesce(people.residents, 0)::int AS residents,
        coalesce(people.linked, 0)::int AS linked,
        coalesce(people.reachable, 0)::int AS reachable,
        doors.changes_on
    FROM doors FULL JOIN people ON people.division_id = doors.division_id
)"""
