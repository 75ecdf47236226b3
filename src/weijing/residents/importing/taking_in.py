"""Writing what is new or changed: one transaction, all or nothing."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from weijing.core.ids import ID_STEP, reserve
from weijing.residents import ordinals
from weijing.residents.figures import touching
from weijing.residents.importing import workers
from weijing.residents.importing.bulk_load import without_indexes
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.copy_rows import COLUMNS, escape
from weijing.residents.importing.copying import put_lines, temporary
from weijing.residents.importing.differing import bit
from weijing.residents.importing.gathering import Piece
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.places import Place
from weijing.residents.importing.spool import Spool
from weijing.residents.models import Household, Resident
from weijing.territory import grouping
from weijing.territory.models import Division

RESIDENTS, HOUSEHOLDS = Resident._meta.db_table, Household._meta.db_table
FIRST_LOAD_ROWS = 20_000  # fewer are quicker with the indexes in place
FIRST_LOAD_TIMES = 4  # so many times what the table holds


@dataclass(frozen=True)
class Writing:
    """Where the rows are, whose roll it is, and who helps to write them. `kept` as in `Weighed`."""

    county_id: int
    source: bytes
    marker: Marker
    places: Sequence[Place]
    kept: npt.NDArray[np.uint8]
    on: date
    pieces: Sequence[Piece]
    spool: Spool
    executor: Executor
    progress: Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Made:
    """The first of the new ids, each ID_STEP above the one before."""

    first_resident: int = 0
    residents: int = 0
    first_household: int = 0
    households: int = 0


def make_groups(county_id: int, names: dict[str, list[str]], *, source: str) -> int:
    """Make the groups a roll names below their villages (village code → names). How many."""
    villages = Division.objects.filter(county_id=county_id, code__in=list(names))
    before = Division.objects.filter(county_id=county_id).count()
    for village in villages.order_by("code"):
        grouping.add_groups(village, names[village.code], source=source)
    return Division.objects.filter(county_id=county_id).count() - before


def write(writing: Writing, homes: Homes, rows: pl.DataFrame, ids: npt.NDArray[np.int64]) -> Made:
    """Households first, then residents. `rows`: n, household, division_id of new and changed ones.

    `ids`, indexed by n, says who is changed; 0 is new.
    """
    county_id = writing.county_id
    known = ids[rows["n"].to_numpy()] != 0
    new, changed = rows.filter(pl.Series(~known)), rows.filter(pl.Series(known))
    first_ordinal = ordinals.take(county_id, new.height)
    leaving = _places_left(county_id, homes, changed, ids)
    left = _homes_left(county_id, ids[changed["n"].to_numpy()].tolist())
    tables = [RESIDENTS, HOUSEHOLDS]
    with without_indexes(tables) if _is_first_load(new.height) else nullcontext():
        home_ids, first_home = _write_homes(writing, homes, rows)
        new = new.join(home_ids, on="household", how="left", maintain_order="left")
        first = _insert(writing, new, first_ordinal)
        writing.progress("index", new.height, None)
    changed = changed.join(home_ids, on="household", how="left", maintain_order="left")
    if changed.height:
        _update(writing, changed, ids)
    _end_and_reopen(writing, left, home_ids["household_id"].to_list() if rows.height else [])
    touching.touch(county_id, {*leaving, *rows["division_id"].unique().to_list()})
    made = homes.frame.filter(pl.col("id") == 0).height
    return Made(first, new.height, first_home, made)


def _homes_left(county_id: int, people: list[int]) -> list[int]:
    """The households of those who change, who may be the last to leave."""
    homes = Resident.objects.filter(county_id=county_id, pk__in=people, household__isnull=False)
    return sorted(set(homes.values_list("household_id", flat=True))) if people else []


def _end_and_reopen(writing: Writing, left: list[int], named: list[int]) -> None:
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


def _places_left(
    county_id: int, homes: Homes, changed: pl.DataFrame, ids: npt.NDArray[np.int64]
) -> set[int | None]:
    """Where the households and people that change are before they do; and where homes come to."""
    moved = homes.frame.filter(pl.col("changed"))
    people = ids[changed["n"].to_numpy()].tolist() if changed.height else []
    places: set[int | None] = set(
        homes.frame.filter(pl.col("changed") | (pl.col("id") == 0))["division_id"].to_list()
    )
    if moved.height or people:
        with connection.cursor() as cursor:
            cursor.execute(
                _PLACES_LEFT,
                {"county": county_id, "people": people, "homes": moved["id"].to_list()},
            )
            places.update(row[0] for row in cursor.fetchall())
    return places


_PLACES_LEFT = """
SELECT division_id FROM residents_resident person
WHERE person.county_id = %(county)s
    AND (person.id = ANY(%(people)s::bigint[]) OR person.household_id = ANY(%(homes)s::bigint[]))
UNION
SELECT division_id FROM residents_household home
WHERE home.county_id = %(county)s AND home.id = ANY(%(homes)s::bigint[])
"""


def _is_first_load(count: int) -> bool:
    if count < FIRST_LOAD_ROWS:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*) FROM (SELECT 1 FROM "{RESIDENTS}" LIMIT %s) AS few',  # noqa: S608
            [count // FIRST_LOAD_TIMES + 1],
        )
        return bool(cursor.fetchone()[0] <= count // FIRST_LOAD_TIMES)


def _write_homes(writing: Writing, homes: Homes, rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
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


def _insert(writing: Writing, rows: pl.DataFrame, first_ordinal: int) -> int:
    """The first id."""
    first = reserve(rows.height)
    ids = first + np.arange(rows.height, dtype=np.int64) * ID_STEP
    county = writing.county_id

    def prefixes(start: int, stop: int) -> list[str]:
        return [f"{county}\troll\t{{}}\t{first_ordinal + n}\t" for n in range(start, stop)]

    put_lines(
        f"{RESIDENTS} (county_id, lifecycle, consents, ordinal, {', '.join(COLUMNS)})",
        _sealed(writing, rows, ids, prefixes),
    )
    return first


def _update(writing: Writing, rows: pl.DataFrame, ids: npt.NDArray[np.int64]) -> None:
    temporary(
        "roll_change",
        f"ON COMMIT DROP AS SELECT 0::int AS kept, {', '.join(COLUMNS)} "  # noqa: S608
        f"FROM {RESIDENTS} WHERE false",
    )
    numbers = rows["n"].to_numpy()
    kept = writing.kept[numbers].tolist()
    put_lines(
        "roll_change",
        _sealed(writing, rows, ids[numbers], lambda a, b: [f"{bits}\t" for bits in kept[a:b]]),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_change")
        cursor.execute(_UPDATE, [writing.county_id])


def _unless(field: str, new: str, column: str) -> str:
    """The new value, unless this cell of this row stays as somebody has made it."""
    return f"{column} = CASE WHEN kept & {bit(field)} = 0 THEN {new} ELSE person.{column} END"


# What the roll leaves empty stays as it is: somebody may have learnt it at the door.
_UPDATE = f"""
UPDATE residents_resident person SET
    {_unless("household", "row.household_id", "household_id")},
    {_unless("household", "row.division_id", "division_id")},
    {
    _unless(
        "role", "coalesce(nullif(row.household_role, ''), person.household_role)", "household_role"
    )
},
    {_unless("name", "row.name", "name")},
    {_unless("name", "row.pinyin", "pinyin")},
    {_unless("name", "row.initials", "initials")},
    {_unless("sex", "coalesce(nullif(row.sex, ''), person.sex)", "sex")},
    {_unless("born", "coalesce(row.born_on, person.born_on)", "born_on")},
    {_unless("phone", "coalesce(row.phone_sealed, person.phone_sealed)", "phone_sealed")},
    {_unless("phone", "coalesce(row.phone_index, person.phone_index)", "phone_index")},
    {
    _unless("phone", "coalesce(row.phone_tail_index, person.phone_tail_index)", "phone_tail_index")
},
    grams = row.grams,
    id_number_sealed = coalesce(row.id_number_sealed, person.id_number_sealed),
    id_number_index = coalesce(row.id_number_index, person.id_number_index),
    roll_digest = row.roll_digest,
    lifecycle = CASE WHEN person.lifecycle IN ('moved', 'provisional')
        AND kept & {bit("lifecycle")} = 0 THEN 'roll' ELSE person.lifecycle END
FROM roll_change row
WHERE person.county_id = %s AND person.id = row.id
"""  # noqa: S608  (no value is in it)


def _sealed(
    writing: Writing,
    rows: pl.DataFrame,
    ids: npt.NDArray[np.int64],
    prefixes: Callable[[int, int], list[str]],
) -> Iterator[bytes]:
    """The COPY lines of `rows`, part by part, sealed by the other processes."""
    numbers = rows["n"].to_numpy()
    households, divisions = rows["household_id"].to_numpy(), rows["division_id"].to_numpy()

    def orders() -> Iterator[workers.Order]:
        for number, piece in enumerate(writing.pieces):
            after = writing.pieces[number + 1].first_n if number + 1 < len(writing.pieces) else None
            start = int(np.searchsorted(numbers, piece.first_n))
            stop = len(numbers) if after is None else int(np.searchsorted(numbers, after))
            if start < stop:
                yield workers.Order(
                    good=writing.spool.get(piece.good),
                    positions=(numbers[start:stop].astype(np.int64) - piece.first_n).tolist(),
                    ids=ids[start:stop].tolist(),
                    household_ids=households[start:stop].tolist(),
                    division_ids=divisions[start:stop].tolist(),
                    prefixes=prefixes(start, stop),
                    source=writing.source,
                )

    done = 0
    for block in workers.in_order(writing.executor, workers.seal_rows, orders()):
        yield block
        done += block.count(b"\n")
        writing.progress("write", done, len(numbers))
