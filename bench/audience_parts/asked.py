"""The twelve expressions, from a rare tag to nearly everybody, over a county of any size."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from audience_parts.county import COMMON, MIDDLING, SOME, tags_by_rank
from audience_parts.shapes import Names

SENDABLE = [{"contact": "linked"}, {"consent": "publicity"}]
WITHOUT_LINKWECHAT = ("E10", "E12")  # its table has only those who are contacts


def expressions(county: Any) -> dict[str, tuple[str, Any]]:
    """What it says, and the tree, by name."""
    from weijing.territory.models import Division

    tags = tags_by_rank(county)
    common = tags[:COMMON]
    middling = tags[COMMON : COMMON + MIDDLING]
    some = tags[COMMON + MIDDLING : COMMON + MIDDLING + SOME]
    rare = tags[COMMON + MIDDLING + SOME :]
    towns = [{"division": [place.code]} for place in _places(county, Division.Level.TOWNSHIP)]
    villages = [{"division": [place.code]} for place in _places(county, Division.Level.VILLAGE)]
    district = {"division": [towns[3]["division"][0], towns[4]["division"][0]]}
    old = {"age": {"from": 60}}

    def has(*wanted: Any) -> dict[str, list[str]]:
        return {"tag": [tag.code for tag in wanted]}

    def sendable(*parts: Any) -> dict[str, Any]:
        return {"all": [*parts, *SENDABLE]}

    return {
        "E01": ("a rare tag", sendable(has(rare[1]))),
        "E02": ("a tag of a few in a hundred, one village", sendable(has(some[0]), villages[100])),
        "E03": ("a tag of a few in a hundred", sendable(has(some[1]))),
        "E04": ("common and middling", sendable(has(common[0]), has(middling[0]))),
        "E05": ("common and not common", sendable(
            has(common[0]), {"except": [has(common[1])]})),
        "E06": ("one of three, and not common", sendable(
            has(some[2], some[3], some[4]), {"except": [has(common[0])]})),
        "E07": ("a township, 60+, common", sendable(towns[7], old, has(common[1]))),
        "E08": ("two pairs, and neither of two", sendable(
            has(middling[1], middling[2]), has(middling[3], middling[4]),
            {"except": [has(some[5]), has(some[6])]})),
        "E09": ("two townships, 18 to 59, not rare", sendable(
            district, {"age": {"from": 18, "to": 59}}, {"except": [has(rare[3])]})),
        "E10": ("common, or not middling", {"any": [
            has(common[2]), {"except": [has(middling[5])]}]}),
        "E11": ("everybody sendable but three rare tags", sendable(
            {"except": [has(rare[5]), has(rare[7]), has(rare[9])]})),
        "E12": ("not linked, 60+, two townships, one of two", {"all": [
            {"contact": "unlinked"}, old, district, has(middling[6], middling[7])]}),
    }  # fmt: skip


def names(county: Any) -> Names:
    """The same codes in the tables of others."""
    from weijing.core import clock
    from weijing.territory.models import Division

    today = clock.today()

    def bounds(age: dict[str, int]) -> tuple[str | None, str | None]:
        first = clock.years_before(today, age["to"] + 1) + timedelta(days=1) if "to" in age else ""
        last = clock.years_before(today, age["from"]) if "from" in age else ""
        return str(first) or None, str(last) or None

    places = Division.objects.filter(county=county).values_list("code", "lo", "hi")
    return Names(
        ranks={tag.code: rank for rank, tag in enumerate(tags_by_rank(county))},
        ranges={code: (lo, hi) for code, lo, hi in places},
        bounds=bounds,
    )


def _places(county: Any, level: str) -> list[Any]:
    from weijing.territory.models import Division

    return list(Division.objects.filter(county=county, level=level).order_by("lo"))
