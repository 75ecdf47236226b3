"""The divisions that the rows of a file stand in; groups that the roll names first are made."""

from collections.abc import Mapping

import polars as pl

from weijing.residents.importing.gathering import Gathered
from weijing.territory.models import Division


def division_ids(county_id: int) -> dict[str, int]:
    """Division by the key of its place (`places.Place.key`)."""
    rows = Division.objects.filter(county_id=county_id)
    groups = rows.filter(level=Division.Level.GROUP).values_list("code", "name", "pk")
    villages = rows.filter(level=Division.Level.VILLAGE).values_list("code", "pk")
    found = {f"{code[:12]}/{name}": pk for code, name, pk in groups}
    return found | {f"{code}/": pk for code, pk in villages}


def missing_groups(gathered: Gathered, known: Mapping[str, int]) -> dict[str, list[str]]:
    """Village code → names of groups that are not made yet."""
    missing: dict[str, list[str]] = {}
    for number in gathered.rows["place"].unique().sort().to_list():
        place = gathered.places[number]
        if place.key not in known:
            missing.setdefault(place.village_code, []).append(place.group)
    return missing


def division_column(gathered: Gathered, known: Mapping[str, int]) -> pl.Expr:
    """`division_id` for the number of a place; 0 where the division is not made yet."""
    ids = {number: known.get(p.key, 0) for number, p in enumerate(gathered.places)}
    return pl.col("place").replace_strict(ids, return_dtype=pl.Int64).alias("division_id")


def homes_of(gathered: Gathered) -> pl.DataFrame:
    """household, place, address, kind: the head's own words, else the first row's."""
    said = gathered.homes.sort("is_head", descending=True, maintain_order=True)
    said = said.unique(["household", "place"], keep="first", maintain_order=True)
    used = gathered.rows.select("household", "place").unique("household", maintain_order=True)
    joined = used.join(said, on=["household", "place"], how="left", maintain_order="left")
    return joined.select("household", "place", "address", "kind")


def name_of(county_id: int, key: str) -> str:
    """小沙江镇桃李村4组, of the key of a place."""
    code, _, group = key.partition("/")
    villages = Division.objects.filter(county_id=county_id, code=code).select_related("parent")
    village = villages.first()
    if village is None:
        return group
    return f"{village.parent.name if village.parent else ''}{village.name}{group}"
