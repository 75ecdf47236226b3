"""Coverage of every place, counted in plain Python: what the figures are compared with."""

from collections import defaultdict
from datetime import date, timedelta

from weijing.core.clock import local_day
from weijing.residents.models import (
    Contact,
    DoorVisit,
    Household,
    IdentitySharer,
    Representative,
    Resident,
    WechatIdentity,
)
from weijing.territory.models import County, Division

NAMES = (
    "households", "households_linked", "households_refused", "households_away",
    "households_unreachable", "residents", "linked", "reachable",
)  # fmt: skip


def recount(county: County, on: date) -> dict[str, tuple[int, ...]]:
    """By division code, places below included, in the order of `NAMES`."""
    places = list(Division.objects.filter(county=county))
    own: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    linked = _linked(county)
    reachable = linked | {
        row.resident_id
        for row in Representative.objects.filter(county=county, ended_at=None)
        if row.person_id in linked
    }
    members: dict[int, list[Resident]] = defaultdict(list)
    for person in Resident.objects.filter(county=county, lifecycle="roll", division__isnull=False):
        own[person.division_id]["residents"] += 1  # type: ignore[index]
        own[person.division_id]["linked"] += person.pk in linked  # type: ignore[index]
        own[person.division_id]["reachable"] += person.pk in reachable  # type: ignore[index]
        if person.household_id is not None:
            members[person.household_id].append(person)
    visits: dict[int, list[DoorVisit]] = defaultdict(list)
    for visit in DoorVisit.objects.filter(county=county).order_by("at", "pk"):
        visits[visit.household_id].append(visit)
    for home in Household.objects.filter(county=county, ended_on=None):
        here = [one for one in members[home.pk] if one.division_id == home.division_id]
        state = _state(here, linked, visits[home.pk], on)
        own[home.division_id]["households"] += 1
        if state:
            own[home.division_id][f"households_{state}"] += 1
    return {
        place.code: tuple(
            sum(own[part.pk][name] for part in places if place.lo <= part.lo <= place.hi)
            for name in NAMES
        )
        for place in places
    }


def _linked(county: County) -> set[int]:
    live = set(
        Contact.objects.filter(county=county, state="linked").values_list("identity_id", flat=True)
    )
    own = WechatIdentity.objects.filter(county=county, pk__in=live)
    shared = IdentitySharer.objects.filter(county=county, identity_id__in=live)
    return {
        *own.values_list("resident_id", flat=True),
        *shared.values_list("resident_id", flat=True),
    }


def _state(
    members: list[Resident], linked: set[int], visits: list[DoorVisit], on: date
) -> str | None:
    adults = [one for one in members if one.born_on is None or _age(one.born_on, on) >= 18]
    if any(one.pk in linked for one in adults):
        return "linked"
    answers = [visit for visit in visits if visit.outcome in ("refused", "added")]
    no = answers[-1] if answers and answers[-1].outcome == "refused" else None
    if no is not None and on < local_day(no.at) + timedelta(days=180):
        return "refused"
    latest = visits[-1].outcome if visits else ""
    if (adults and all(one.away_at for one in adults)) or latest == "away":
        return "away"
    nothing = ("no_phone", "no_wechat")
    if (adults and all(one.reach in nothing for one in adults)) or latest in nothing:
        return "unreachable"
    return None


def _age(born_on: date, on: date) -> int:
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
