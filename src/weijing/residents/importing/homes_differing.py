"""Households whose place, address or kind the roll gives differently: whose word counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.db import connection

from weijing.residents.importing import marks
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.places import Place
from weijing.residents.importing.verdicts import Policy, Verdict, judge


@dataclass(frozen=True)
class HomeDifference:
    """One cell of a household. `member_id` is its head, or its first; None when nobody lives there.

    A place is said by name; `key` is that of the roll's (`Place.key`).
    """

    household: str
    household_id: int
    member_id: int | None
    field: str
    ours: str
    theirs: str
    verdict: Verdict
    key: str = ""


def settle(
    county_id: int,
    homes: Homes,
    places: Sequence[Place],
    *,
    marker: Marker,
    policies: Mapping[str, Policy],
) -> tuple[Homes, list[HomeDifference]]:
    """The households as they shall become, and every difference with its verdict.

    `roll_home`, the file's households in the database, is brought in line.
    """
    changed = homes.frame.filter(pl.col("changed"))
    if not changed.height:
        return homes, []
    ours = _ours(county_id, changed["id"].to_list())
    differences: list[HomeDifference] = []
    become: list[dict[str, Any]] = []  # what a household is to be: roll or ours, cell by cell
    for row in changed.iter_rows(named=True):
        mine = ours[row["id"]]
        found = list(_cells(row, mine, places, marker, policies))
        differences += found
        kept = {one.field for one in found if one.verdict != Verdict.TAKE}
        become.append(
            {
                "k": row["k"],
                "division_id": mine["division_id"] if "place" in kept else row["division_id"],
                "address": mine["address"] if "address" in kept else row["address"],
                "kind": mine["kind"] if "kind" in kept else row["kind"],
                "changed": len(kept) < len(found),
            }
        )
    return Homes(_replaced(homes.frame, become)), differences


def _cells(
    row: Mapping[str, Any],
    mine: Mapping[str, Any],
    places: Sequence[Place],
    marker: Marker,
    policies: Mapping[str, Policy],
) -> list[HomeDifference]:
    place = places[row["place"]]
    said = {"place": place.key, "address": row["address"], "kind": row["kind"]}
    found = []
    for field in marks.HOME:
        ours, theirs = mine[field], said[field]
        if not theirs or theirs == ours:
            continue
        last = marks.of_home(mine["marks"], field) if mine["marks"] else None
        verdict = Verdict.TAKE
        if ours:
            verdict = judge(
                marker.mark(field, ours), marker.mark(field, theirs), last,
                policy=policies[field], is_from_roll=True,
            )  # fmt: skip
        if field == "place":
            ours, theirs = mine["words"], words(place)
        found.append(
            HomeDifference(
                row["household"], row["id"], mine["member"], field, ours, theirs, verdict, place.key
            )
        )
    return found


def words(place: Place) -> str:
    """小沙江镇桃李村4组."""
    return f"{place.township_name}{place.village_name}{place.group}"


def _replaced(frame: pl.DataFrame, become: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {
        name: frame.schema[name] for name in ("k", "division_id", "address", "kind", "changed")
    }
    new = pl.DataFrame(become, schema=schema)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE roll_home SET division_id = new.division_id, address = new.address, "
            "kind = new.kind FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::text[]) "
            "AS new (k, division_id, address, kind) WHERE roll_home.k = new.k",
            [new[name].to_list() for name in ("k", "division_id", "address", "kind")],
        )
    return frame.update(new, on="k", how="left")


def _ours(county_id: int, ids: list[int]) -> dict[int, dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_OURS, {"county": county_id, "ids": ids})
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["id"]: {**row, "marks": bytes(row["marks"] or b"")} for row in rows}


# A household stands in a group, or right below a village.
_OURS = """
SELECT home.id, home.division_id, home.address, home.kind, home.roll_marks AS marks,
    CASE WHEN place.level = 'group' THEN village.code || '/' || place.name
        ELSE place.code || '/' END AS place,
    CASE WHEN place.level = 'group' THEN town.name || village.name || place.name
        ELSE village.name || place.name END AS words,
    (SELECT person.id FROM residents_resident person
        WHERE person.county_id = %(county)s AND person.household_id = home.id
            AND person.lifecycle = 'roll'
        ORDER BY person.household_role <> 'head', person.id LIMIT 1) AS member
FROM residents_household home
JOIN territory_division place ON place.county_id = %(county)s AND place.id = home.division_id
LEFT JOIN territory_division village
    ON village.county_id = %(county)s AND village.id = place.parent_id
LEFT JOIN territory_division town
    ON town.county_id = %(county)s AND town.id = village.parent_id
WHERE home.county_id = %(county)s AND home.id = ANY(%(ids)s::bigint[])
"""
