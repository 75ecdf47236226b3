"""Whom a message would reach, through whom, and who is left out and why. One statement, all sets.

Each matched resident is in exactly one row: with a `reason` (left out), or with an officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from pyroaring import BitMap

from weijing.accounts.scope import Scope, scope_of
from weijing.audiences import counting
from weijing.audiences import expression as expressions
from weijing.campaigns.models import Campaign
from weijing.campaigns.moving import LIVE
from weijing.core.clock import COUNTY_TIME, local_day

# Our own limit, below WeCom's: once a natural day, twice in seven days.
PER_WEEK = 2
WEEK = timedelta(days=7)

NO_CONTACT, NO_CONSENT, RECEIVED_TODAY, WEEK_FULL = REASONS = (
    "no_contact",
    "no_consent",
    "received_today",
    "week_full",
)


@dataclass(frozen=True, slots=True)
class TownshipReach:
    division_id: int | None  # None: nobody knows yet where they live
    name: str
    reachable: int
    households: int


@dataclass(frozen=True, slots=True)
class Reach:
    """`matched` = `reachable` + the sum of `left_out`, which has every one of `REASONS`.

    `unreachable_households`: households of matched people of whom nobody is reachable; go there.
    """

    matched: int
    reachable: int
    left_out: dict[str, int]
    officers: int
    households: int
    largest_officer_load: int
    by_township: tuple[TownshipReach, ...]
    unreachable_households: int
    computed_at: datetime
    ms: float = field(compare=False)


def reach(
    expression: Any,
    *,
    county_id: int,
    at: datetime,
    within: Scope | None = None,
    topic: str = "",
) -> Reach:
    """Count whom this audience (a tree or a parsed expression) would reach now.

    `within` keeps it to what an author answers for; some tags serve one `topic` only.
    Raises `BadExpression`.
    """
    if isinstance(expression, dict):
        expression = expressions.parse(expression, county_id=county_id, topic=topic)
    people = counting.people(expression, county_id=county_id, on=local_day(at), within=within)
    return reach_of_people(people, county_id=county_id, at=at)


def reach_of(campaign: Campaign, *, at: datetime) -> Reach:
    """The same for a campaign as it stands. Raises `BadExpression`."""
    return reach_of_people(people_of(campaign, at=at), county_id=campaign.county_id, at=at)


def people_of(campaign: Campaign, *, at: datetime) -> BitMap:
    """Whom the audience means, within what the author answers for: ordinals of residents.

    Raises `BadExpression`.
    """
    parsed = expressions.parse(
        campaign.audience, county_id=campaign.county_id, topic=campaign.topic
    )
    return counting.people(
        parsed,
        county_id=campaign.county_id,
        on=local_day(at),
        within=scope_of(campaign.drafted_by, at=at),
    )


def reach_of_people(people: BitMap, *, county_id: int, at: datetime) -> Reach:
    started = perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        plan_into_temporary_table(cursor, people, county_id=county_id, at=at)
        figures = _figures(cursor)
        townships = _by_township(cursor, county_id)
        cursor.execute("DROP TABLE reach_plan")
    return Reach(
        **figures,
        by_township=tuple(townships),
        computed_at=at,
        ms=(perf_counter() - started) * 1000,
    )


def plan_into_temporary_table(cursor: Any, people: BitMap, *, county_id: int, at: datetime) -> None:
    """Fill `reach_plan` with one row per matched resident; it goes away with the transaction."""
    midnight = at.astimezone(COUNTY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    # Sorting 900,000 pairs on disk would take longer than everything else here.
    cursor.execute("SET LOCAL work_mem = '256MB'")
    cursor.execute("DROP TABLE IF EXISTS reach_plan")
    cursor.execute(
        PLAN,
        [
            people.to_array().tolist(),  # matched
            *(county_id, county_id, at, at),  # posted
            county_id,  # answers
            county_id,  # person
            *(county_id, county_id),  # through
            *(
                midnight,
                county_id,
                county_id,
                at - WEEK,
                [state.value for state in LIVE],
                at - WEEK,
            ),  # received
            PER_WEEK,
        ],
    )
    cursor.execute("ANALYZE reach_plan")


# `posted`: primary officers and the stretches of their beats, by themselves: on a county that was
# loaded a moment ago the planner knows no sizes, and would try every posting with every division.
# `answers`: the primary officer of each division, by the narrowest beat that covers it.
# `through`: one live contact per resident, the primary officer's if there is one, else the latest.
# `received`: what our own sends count against the resident, those still on their way included.
PLAN = """
CREATE TEMPORARY TABLE reach_plan ON COMMIT DROP AS
WITH matched (ordinal) AS (SELECT unnest(%s::int[])),
posted AS MATERIALIZED (
    SELECT b.lo, b.hi, p.officer_id
    FROM accounts_posting p
    JOIN territory_beatdivision bd ON bd.county_id = p.county_id AND bd.beat_id = p.beat_id
    JOIN territory_division b ON b.county_id = bd.county_id AND b.id = bd.division_id
    WHERE p.county_id = %s AND b.county_id = %s AND p.kind = 'primary'
      AND p.starts_at <= %s AND (p.ends_at IS NULL OR p.ends_at > %s)
),
answers AS MATERIALIZED (
    SELECT DISTINCT ON (d.id) d.id AS division_id, posted.officer_id
    FROM posted
    JOIN territory_division d ON d.county_id = %s AND d.lo BETWEEN posted.lo AND posted.hi
    ORDER BY d.id, posted.hi - posted.lo
),
person AS MATERIALIZED (
    SELECT r.id, r.division_id, r.household_id, 'publicity' = ANY (r.consents) AS consents
    FROM residents_resident r JOIN matched m ON m.ordinal = r.ordinal
    WHERE r.county_id = %s
),
through AS (
    SELECT DISTINCT ON (person.id) person.id, c.officer_id, i.external_userid
    FROM person
    JOIN residents_wechatidentity i ON i.resident_id = person.id AND i.county_id = %s
    JOIN residents_contact c ON c.county_id = i.county_id AND c.identity_id = i.id
    JOIN accounts_officer o ON o.county_id = c.county_id AND o.id = c.officer_id
    LEFT JOIN answers a ON a.division_id = person.division_id AND a.officer_id = c.officer_id
    WHERE c.county_id = %s AND c.state = 'linked'
      AND o.is_active AND o.serves_residents AND o.wecom_userid <> ''
    ORDER BY person.id, (a.officer_id IS NULL), c.added_at DESC, c.id DESC
),
received AS MATERIALIZED (
    SELECT d.resident_id,
           bool_or(d.result = 'pending' OR d.sent_at >= %s) AS today,
           count(*) AS this_week
    FROM campaigns_share s
    JOIN campaigns_delivery d ON d.county_id = s.county_id AND d.share_id = s.id
    WHERE s.county_id = %s AND d.county_id = %s
      AND (s.confirmed_at > %s OR s.state = ANY (%s))
      AND (d.result = 'pending' AND s.state <> 'finished'
           OR d.result = 'sent' AND d.sent_at > %s)
    GROUP BY d.resident_id
)
SELECT person.id AS resident_id, person.household_id, person.division_id,
       through.officer_id, through.external_userid,
       CASE WHEN through.id IS NULL THEN 'no_contact'
            WHEN NOT person.consents THEN 'no_consent'
            WHEN received.today THEN 'received_today'
            WHEN received.this_week >= %s THEN 'week_full'
       END AS reason
FROM person
LEFT JOIN through ON through.id = person.id
LEFT JOIN received ON received.resident_id = person.id
"""


def _figures(cursor: Any) -> dict[str, Any]:
    cursor.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE reason IS NULL),
               count(DISTINCT household_id) FILTER (WHERE reason IS NULL),
               count(DISTINCT officer_id) FILTER (WHERE reason IS NULL),
               count(DISTINCT household_id)
        FROM reach_plan
        """
    )
    matched, reachable, households, officers, all_households = cursor.fetchone()
    cursor.execute(
        "SELECT coalesce(max(people), 0) FROM (SELECT count(*) AS people FROM reach_plan "
        "WHERE reason IS NULL GROUP BY officer_id) loads"
    )
    (largest,) = cursor.fetchone()
    return {
        "matched": matched,
        "reachable": reachable,
        "left_out": left_out(cursor),
        "officers": officers,
        "households": households,
        "largest_officer_load": largest,
        "unreachable_households": all_households - households,
    }


def left_out(cursor: Any) -> dict[str, int]:
    """How many of `reach_plan` are left out, for each of `REASONS`."""
    cursor.execute(
        "SELECT reason, count(*) FROM reach_plan WHERE reason IS NOT NULL GROUP BY reason"
    )
    return {**dict.fromkeys(REASONS, 0), **dict(cursor.fetchall())}


def _by_township(cursor: Any, county_id: int) -> Sequence[TownshipReach]:
    cursor.execute(
        """
        SELECT t.id, coalesce(t.name, ''), sum(p.people), sum(p.households)
        FROM (SELECT division_id, count(*) AS people, count(DISTINCT household_id) AS households
              FROM reach_plan WHERE reason IS NULL GROUP BY division_id) p
        LEFT JOIN territory_division d ON d.county_id = %s AND d.id = p.division_id
        LEFT JOIN territory_division t
          ON t.county_id = d.county_id AND t.level = 'township' AND d.lo BETWEEN t.lo AND t.hi
        GROUP BY t.id, t.name ORDER BY 3 DESC, 2
        """,
        [county_id],
    )
    return [TownshipReach(id, name, int(n), int(h)) for id, name, n, h in cursor.fetchall()]
