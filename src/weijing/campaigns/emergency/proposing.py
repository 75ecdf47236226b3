"""Whom an event concerns, proposed from its road and its places as an audience expression."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from pyroaring import BitMap

from weijing.audiences import counting
from weijing.audiences import expression as expressions
from weijing.campaigns.emergency import policies
from weijing.campaigns.emergency.models import EmergencyEvent
from weijing.tags.models import Tag, TagChange
from weijing.tags.queries import successor
from weijing.territory.models import Division

# One tag a township, by its name: 小沙江常行驾驶人, 小沙江险情路段周边户.
OFTEN, OFTEN_ENDS = "TRF05", "常行驾驶人"
BESIDE, BESIDE_ENDS = "TRF06", "险情路段周边户"
FOUR_WHEELS_AND_MORE = ("TRF01", "TRF02")
FIRMS = ("TRF10009", "TRF10010")  # safety officers of transport firms, logistics parks
SCHOOL_BUSES = ("TRF01004", "TRF10008")
AT_RISK = "SAF03"
# The last three of SAF03 are people who help, not households in danger.
HELPERS = ("SAF03016", "SAF03017", "SAF03018")


@dataclass(frozen=True)
class Group:
    """One line of the proposal: its expression, and whether it is part of the audience now."""

    key: str
    name: str
    tree: dict[str, Any]


def groups(event: EmergencyEvent) -> list[Group]:
    """Drivers of the section, who lives beside it, transport firms, school buses.

    Only what the county's catalogue has; a group of nobody is still shown, as 0.
    """
    places = policies.places(event)
    codes = [place.code for place in places]
    found: list[Group] = []
    if codes:
        found.append(Group("residents", "附近村的群众", {"division": codes}))
    found += [
        Group(key, name, {"tag": tags})
        for key, name, tags in (
            ("beside", "险情路段周边户", _of_towns(event.county_id, places, BESIDE, BESIDE_ENDS)),
            ("often", "常走这一带的驾驶人", _of_towns(event.county_id, places, OFTEN, OFTEN_ENDS)),
            ("firms", "运输企业、物流园", _known(event.county_id, FIRMS)),
            ("buses", "校车驾驶人、照管员", _known(event.county_id, SCHOOL_BUSES)),
        )
        if tags
    ]
    vehicles, towns = _known(event.county_id, FOUR_WHEELS_AND_MORE), _towns(places)
    if vehicles and towns:
        tree = {"all": [{"division": towns}, {"tag": vehicles}]}
        found.insert(1, Group("drivers", "沿线乡镇的驾驶人", tree))
    return found


def tree(chosen: Sequence[Group]) -> dict[str, Any]:
    """Any of the groups; empty when none is chosen."""
    return {"any": [group.tree for group in chosen]} if chosen else {}


def chosen_keys(event: EmergencyEvent) -> set[str]:
    """Which of the proposed groups the event's audience has."""
    parts = event.audience.get("any", [])
    return {group.key for group in groups(event) if group.tree in parts}


def people(event: EmergencyEvent, audience: dict[str, Any] | None = None) -> BitMap:
    """Ordinals of everybody meant, wherever in the county they live. Raises `BadExpression`."""
    wanted = event.audience if audience is None else audience
    if not wanted:
        return BitMap()
    parsed = expressions.parse(wanted, county_id=event.county_id)
    return counting.people(parsed, county_id=event.county_id)


def at_risk(event: EmergencyEvent) -> BitMap:
    """Who lives in a household in danger, within the event's places."""
    places = [place.code for place in policies.places(event)]
    tags = _known(event.county_id, (AT_RISK,), without=HELPERS)
    if not places or not tags:
        return BitMap()
    return people(event, {"all": [{"division": places}, {"tag": tags}]})


def _of_towns(county_id: int, places: list[Division], start: str, ends: str) -> list[str]:
    """The tags that the catalogue names by these townships, whatever they are called since."""
    towns = _town_rows(places)
    tags = Tag.objects.filter(county_id=county_id, code__startswith=start).order_by("code")
    former: dict[int, list[str]] = defaultdict(list)
    changes = TagChange.objects.filter(county_id=county_id, tag__in=tags)
    for tag_id, name in changes.values_list("tag_id", "former_name"):
        former[tag_id].append(name)
    return _today(
        tag
        for tag in tags
        for name in [tag.name, *former[tag.pk]]
        if any(name.endswith(ends) and town.name.startswith(name[: -len(ends)]) for town in towns)
    )


def _known(county_id: int, starts: Sequence[str], *, without: Sequence[str] = ()) -> list[str]:
    """What the catalogue has of them today."""
    named = Q()
    for start in starts:
        named |= Q(code__startswith=start)
    tags = Tag.objects.filter(named, county_id=county_id).order_by("code")
    return _today(tag for tag in tags if tag.code not in without)


def _today(tags: Iterable[Tag]) -> list[str]:
    """Their codes; of one that was merged the one that stands for it, of one that ended none."""
    stands = [successor(tag) for tag in tags]
    return list(dict.fromkeys(tag.code for tag in stands if tag.retired_at is None))


def _towns(places: list[Division]) -> list[str]:
    return [town.code for town in _town_rows(places)]


def _town_rows(places: list[Division]) -> list[Division]:
    found: dict[int, Division] = {}
    for place in places:
        step: Division | None = place
        while step is not None and step.level not in (
            Division.Level.TOWNSHIP,
            Division.Level.COUNTY,
        ):
            step = step.parent
        if step is not None and step.level == Division.Level.TOWNSHIP:
            found[step.pk] = step
    return sorted(found.values(), key=lambda town: town.lo)
