"""Whom a message would reach, through whom, and who is left out and why. All sets, in memory.

Each matched person is left out for one reason, or is reached through one officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

from pyroaring import BitMap

from weijing.accounts.scope import Scope, scope_of
from weijing.audiences import counting
from weijing.audiences import expression as expressions
from weijing.audiences.index import keeping
from weijing.audiences.index.holding import Index
from weijing.campaigns.models import Campaign
from weijing.campaigns.received import received
from weijing.campaigns.routing import Routes, routes
from weijing.core.clock import local_day
from weijing.residents import consent
from weijing.territory.models import Division

REASONS = (
    NO_CONTACT,
    OFFICER_AWAY,
    NO_CONSENT,
    RECEIVED_TODAY,
    WEEK_FULL,
    QUOTA_FULL,
    SHARES_ACCOUNT,
) = (
    "no_contact",
    "officer_away",  # and nobody else has them as a contact
    "no_consent",
    "received_today",
    "week_full",  # our own limit
    "quota_full",  # WeCom's, less what is kept for emergencies
    "shares_account",  # with somebody who gets it
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
    with keeping.current(county_id) as index:
        plan = planned(people, index, at=at)
        figures = _figures(plan, index)
        by_township = _by_township(plan.reachable, index)
    return Reach(
        **figures,
        by_township=tuple(by_township),
        computed_at=at,
        ms=(perf_counter() - started) * 1000,
    )


@dataclass(frozen=True)
class Plan:
    """`matched` are the `reachable` and those left out, each for one reason."""

    matched: BitMap
    reachable: BitMap
    left_out: dict[str, BitMap]
    routes: Routes


def planned(people: BitMap, index: Index, *, at: datetime, urgent: bool = False) -> Plan:
    """Ordinals sorted into whom a message of this moment reaches, and whom not and why.

    What is `urgent` protects life: it asks for no consent to publicity, and no limit holds it back.
    `index` is the caller's until the plan has been used (`keeping.current`).
    """
    ways = routes(index, at=at)
    lately = received(index, at=at, urgent=urgent)
    known = people & ways.reached
    willing = known if urgent else known & index.consents.get(consent.PUBLICITY, BitMap())
    today, week, full = (
        _as_accounts(which, ways.owners) for which in (lately.today, lately.week, lately.full)
    )
    fresh = willing - today
    free = fresh - week
    reachable = free - full
    doubled = _behind_one_account(reachable, ways.owners)
    left_out = {
        NO_CONTACT: people - known - ways.absent,
        OFFICER_AWAY: (people - known) & ways.absent,
        NO_CONSENT: known - willing,
        RECEIVED_TODAY: willing & today,
        WEEK_FULL: fresh & week,
        QUOTA_FULL: free & full,
        SHARES_ACCOUNT: doubled,
    }
    return Plan(people, reachable - doubled, left_out, ways)


def _as_accounts(people: BitMap, owners: dict[int, int]) -> BitMap:
    """These people and whoever is behind the same account: what one of them got, all have had."""
    accounts = {owner for one, owner in owners.items() if one in people or owner in people}
    sharers = [one for one, owner in owners.items() if owner in accounts]
    return people | BitMap(accounts) | BitMap(sharers) if accounts else people


def _behind_one_account(people: BitMap, owners: dict[int, int]) -> BitMap:
    """Who would get it once more on an account that somebody else of these has."""
    doubled: list[int] = []
    taken: set[int] = set()
    for one, owner in owners.items():
        if one not in people:
            continue
        if owner in people or owner in taken:
            doubled.append(one)
        else:
            taken.add(owner)
    return BitMap(doubled)


def _figures(plan: Plan, index: Index) -> dict[str, Any]:
    loads = plan.routes.loads(plan.reachable)
    households = index.count_homes(plan.reachable)
    return {
        "matched": len(plan.matched),
        "reachable": len(plan.reachable),
        "left_out": {reason: len(people) for reason, people in plan.left_out.items()},
        "officers": len(loads),
        "largest_officer_load": max(loads.values(), default=0),
        "households": households,
        "unreachable_households": index.count_homes(plan.matched) - households,
    }


def _by_township(reachable: BitMap, index: Index) -> Sequence[TownshipReach]:
    """The fullest first; those whose address nobody knows yet under no name."""
    towns = Division.objects.filter(county_id=index.county_id, level=Division.Level.TOWNSHIP)
    found, rest = [], reachable
    for id, name, lo, hi in towns.order_by("lo").values_list("pk", "name", "lo", "hi"):
        people = reachable & index.inside(lo, hi)
        rest = rest - people
        if people:
            found.append(TownshipReach(id, name, len(people), index.count_homes(people)))
    if rest:
        found.append(TownshipReach(None, "", len(rest), index.count_homes(rest)))
    return sorted(found, key=lambda town: (-town.reachable, town.name))
