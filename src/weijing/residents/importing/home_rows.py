"""The households of a roll: made, changed, marked; ended when the last one leaves, and reopened."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from django.db import connection

from weijing.core.ids import ID_STEP, reserve
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.copy_rows import escape
from weijing.residents.importing.copying import put_lines
from weijing.residents.importing.writing import Writing
from weijing.residents.models import Household, Resident

HOUSEHOLDS = Household._meta.db_table


def write_homes(writing: Writing, homes: Homes, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """household and household_id of every household of the file; the first id of the new ones."""
    county_id, frame = writing.county_id, homes.frame
    new = frame.filter(pl.col("id") == 0)
    first = reserve(new.height) if new.height else 0
    ids = first + np.arange(new.height, dtype=np.int64) * ID_STEP
    new = new.with_columns(pl.Series("id", ids, pl.Int64))
    columns = "county_id, id, number, division_id, address, kind, roll_marks"
    put_lines(f"{HOUSEHOLDS} ({columns})", [_home_lines(writing, new)])
    changed = frame.filter(pl.col("changed"))
    if changed.height:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE_HOMES, {"county": county_id, "k": changed["k"].to_list()})
            cursor.execute(_MOVE_MEMBERS, {"county": county_id, "homes": changed["id"].to_list()})
    known = frame.filter(pl.col("id") != 0)
    _mark_homes(writing, known.join(rows, on="household", how="semi"))
    both = pl.concat([known.select("household", "id"), new.select("household", "id")])
    return both.rename({"id": "household_id"}), first


def _home_lines(writing: Writing, homes: pl.DataFrame) -> bytes:
    county_id = writing.county_id
    cells = homes.select("id", "household", "division_id", "address", "kind").iter_rows()
    return "".join(
        f"{county_id}\t{id}\t{escape(number)}\t{division}\t{escape(address)}\t{kind or 'family'}"
        f"\t\\\\x{said.hex()}\n"
        for (id, number, division, address, kind), said in zip(
            cells, _said(writing, homes), strict=True
        )
    ).encode()


def _said(writing: Writing, homes: pl.DataFrame) -> Iterator[bytes]:
    """The marks of what the file says of each household, taken over or not."""
    keys = [place.key for place in writing.places]
    for place, address, kind in homes.select("place", "said_address", "said_kind").iter_rows():
        yield writing.marker.home(keys[place], address, kind)


def _mark_homes(writing: Writing, homes: pl.DataFrame) -> None:
    """Of households with new or changed rows: the others said what they said before."""
    if not homes.height:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK_HOMES,
            [homes["id"].to_list(), list(_said(writing, homes)), writing.county_id],
        )


_MARK_HOMES = """
UPDATE residents_household home SET roll_marks = said.marks
FROM unnest(%s::bigint[], %s::bytea[]) AS said (id, marks)
WHERE home.county_id = %s AND home.id = said.id AND home.roll_marks IS DISTINCT FROM said.marks
"""


_UPDATE_HOMES = """
UPDATE residents_household home SET division_id = row.division_id,
    address = coalesce(nullif(row.address, ''), home.address),
    kind = coalesce(nullif(row.kind, ''), home.kind)
FROM roll_home row
WHERE home.county_id = %(county)s AND home.number = row.number AND row.k = ANY(%(k)s)
"""
# Also members whom this roll does not name: a resident lives where the household does.
_MOVE_MEMBERS = """
UPDATE residents_resident person SET division_id = home.division_id
FROM residents_household home
WHERE home.county_id = %(county)s AND home.id = ANY(%(homes)s)
AND person.county_id = %(county)s AND person.household_id = home.id
AND person.division_id IS DISTINCT FROM home.division_id
"""


def homes_left(county_id: int, people: list[int]) -> list[int]:
    """The households of those who change, who may be the last to leave."""
    homes = Resident.objects.filter(county_id=county_id, pk__in=people, household__isnull=False)
    return sorted(set(homes.values_list("household_id", flat=True))) if people else []


def end_and_reopen(writing: Writing, left: list[int], named: list[int]) -> None:
    """A household that nobody on the roll lives in has ended; one that is lived in has not."""
    values: dict[str, Any] = {
        "county": writing.county_id,
        "left": left,
        "named": named,
        "on": writing.on,
    }
    with connection.cursor() as cursor:
        if left:
            cursor.execute(_END, values)
        if named:
            cursor.execute(_REOPEN, values)


_END = """
UPDATE residents_household home SET ended_on = %(on)s
WHERE home.county_id = %(county)s AND home.id = ANY(%(left)s::bigint[]) AND home.ended_on IS NULL
AND NOT EXISTS (SELECT 1 FROM residents_resident person WHERE person.county_id = %(county)s
    AND person.household_id = home.id AND person.lifecycle = 'roll')
"""
_REOPEN = """
UPDATE residents_household home SET ended_on = NULL
WHERE home.county_id = %(county)s AND home.ended_on IS NOT NULL
AND home.id = ANY(%(named)s::bigint[])
AND EXISTS (SELECT 1 FROM residents_resident person WHERE person.county_id = %(county)s
    AND person.household_id = home.id AND person.lifecycle = 'roll')
"""
