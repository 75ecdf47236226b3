"""Who is no friend any more is visited: the homes a message did not come to, as walking lists."""

from dataclasses import dataclass
from datetime import date, datetime

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns.models import Campaign, Delivery
from weijing.campaigns.queries import shares_in
from weijing.residents.adding import walking
from weijing.residents.models import WalkingList
from weijing.residents.queries import visible_to
from weijing.territory.models import Division


@dataclass(frozen=True)
class Visits:
    """`homeless`: people of whom no home in the scope is known. `befriended`: homes where somebody
    else is a friend by now, so that nobody has to go."""

    people: int
    homeless: int
    befriended: int
    plan: walking.Plan


def plan(campaign: Campaign, *, scope: Scope, at: datetime) -> Visits:
    """Who would have to go where now, of the homes that the scope answers for."""
    people, homes = _homes(campaign, scope)
    found = walking.plan(_places(homes, scope), scope=scope, at=at, only=set(homes))
    planned = found.stops + found.refused + found.on_a_list + found.without_officer
    return Visits(
        people=len(people),
        homeless=sum(home is None for home in people),
        befriended=len(homes) - planned,
        plan=found,
    )


def hand_out(
    campaign: Campaign,
    *,
    due_on: date,
    stops_seen: int,
    by: Officer,
    scope: Scope,
    at: datetime,
) -> list[WalkingList]:
    """Give the officers of these homes their lists.

    Raises `DayIsOver`, `NothingToWalk`, `TooManyDoors`, `CountHasChanged`.
    """
    _, homes = _homes(campaign, scope)
    lists = walking.hand_out(
        _places(homes, scope), due_on=due_on, stops_seen=stops_seen, by=by, scope=scope, at=at,
        only=set(homes),
    )  # fmt: skip
    trail.record(by, "campaign.visits_ordered", campaign, at=at, stops=stops_seen)
    return lists


def _homes(campaign: Campaign, scope: Scope) -> tuple[list[int | None], dict[int, int]]:
    """The home of each person (None: not known here), and where each home lies."""
    not_friends = Delivery.objects.filter(
        county_id=campaign.county_id,
        share__in=shares_in(campaign, scope),
        result=Delivery.Result.NOT_FRIEND,
    )
    ours = visible_to(scope).filter(
        pk__in=not_friends.values("resident_id"), household__division__isnull=False
    )
    known = {pk: (home, place) for pk, home, place in
             ours.values_list("pk", "household_id", "household__division_id")}  # fmt: skip
    ids = set(not_friends.values_list("resident_id", flat=True))
    people = [known[pk][0] if pk in known else None for pk in ids]
    return people, dict(known.values())


def _places(homes: dict[int, int], scope: Scope) -> list[Division]:
    places = Division.objects.filter(county_id=scope.county_id, pk__in=set(homes.values()))
    return [place for place in places.order_by("lo") if scope.covers(place)]
