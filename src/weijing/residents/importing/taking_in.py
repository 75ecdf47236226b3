"""Writing what is new or changed: one transaction, all or nothing."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from weijing.core.ids import ID_STEP, new_ids, reserve
from weijing.residents import ordinals, touching
from weijing.residents.importing import workers
from weijing.residents.importing.bulk_load import without_indexes
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.copy_rows import COLUMNS, escape
from weijing.residents.importing.copying import put_lines, temporary
from weijing.residents.importing.gathering import Piece
from weijing.residents.importing.spool import Spool
from weijing.residents.models import Household, Resident
from weijing.territory import grouping
from weijing.territory.models import Division

RESIDENTS, HOUSEHOLDS = Resident._meta.db_table, Household._meta.db_table
FIRST_LOAD_ROWS = 20_000  # fewer are quicker with the indexes in place
FIRST_LOAD_TIMES = 4  # so many times what the table holds


@dataclass(frozen=True)
class Writing:
    """Where the rows are, and who helps to write them."""

    county_id: int
    pieces: Sequence[Piece]
    spool: Spool
    executor: Executor
    progress: Callable[[str, int], None]


def make_groups(county_id: int, names: dict[str, list[str]], *, source: str) -> int:
    """Make the groups a roll names below their villages (village code → names). How many."""
    villages = Division.objects.filter(county_id=county_id, code__in=list(names))
    before = Division.objects.filter(county_id=county_id).count()
    for village in villages.order_by("code"):
        grouping.add_groups(village, names[village.code], source=source)
    return Division.objects.filter(county_id=county_id).count() - before


def write(writing: Writing, homes: Homes, rows: pl.DataFrame, ids: npt.NDArray[np.int64]) -> None:
    """Households first, then residents. `rows`: n, household, division_id of new and changed ones.

    `ids`, indexed by n, says who is changed; 0 is new.
    """
    known = ids[rows["n"].to_numpy()] != 0
    new, changed = rows.filter(pl.Series(~known)), rows.filter(pl.Series(known))
    first_ordinal = ordinals.take(writing.county_id, new.height)
    leaving = _places_left(writing.county_id, homes, changed, ids)
    tables = [RESIDENTS, HOUSEHOLDS]
    with without_indexes(tables) if _is_first_load(new.height) else nullcontext():
        home_ids = _write_homes(writing.county_id, homes)
        new = new.join(home_ids, on="household", how="left", maintain_order="left")
        _insert(writing, new, first_ordinal)
        writing.progress("index", new.height)
    changed = changed.join(home_ids, on="household", how="left", maintain_order="left")
    if changed.height:
        _update(writing, changed, ids)
    touching.touch(writing.county_id, {*leaving, *rows["division_id"].unique().to_list()})


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


def _write_homes(county_id: int, homes: Homes) -> pl.DataFrame:
    """household and household_id of every household of the file."""
    frame = homes.frame
    new = frame.filter(pl.col("id") == 0)
    new = new.with_columns(pl.Series("id", new_ids(new.height) if new.height else [], pl.Int64))
    columns = "county_id, id, number, division_id, address, kind"
    put_lines(f"{HOUSEHOLDS} ({columns})", [_home_lines(county_id, new)])
    changed = frame.filter(pl.col("changed"))
    if changed.height:
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE_HOMES, {"county": county_id, "k": changed["k"].to_list()})
            cursor.execute(_MOVE_MEMBERS, {"county": county_id, "homes": changed["id"].to_list()})
    known = frame.filter(pl.col("id") != 0)
    both = pl.concat([known.select("household", "id"), new.select("household", "id")])
    return both.rename({"id": "household_id"})


def _home_lines(county_id: int, homes: pl.DataFrame) -> bytes:
    cells = homes.select("id", "household", "division_id", "address", "kind").iter_rows()
    return "".join(
        f"{county_id}\t{id}\t{escape(number)}\t{division}\t{escape(address)}\t{kind or 'family'}\n"
        for id, number, division, address, kind in cells
    ).encode()


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


def _insert(writing: Writing, rows: pl.DataFrame, first_ordinal: int) -> None:
    ids = reserve(rows.height) + np.arange(rows.height, dtype=np.int64) * ID_STEP
    county = writing.county_id

    def prefixes(start: int, stop: int) -> list[str]:
        return [f"{county}\troll\t{{}}\t{first_ordinal + n}\t" for n in range(start, stop)]

    put_lines(
        f"{RESIDENTS} (county_id, lifecycle, consents, ordinal, {', '.join(COLUMNS)})",
        _sealed(writing, rows, ids, prefixes),
    )


def _update(writing: Writing, rows: pl.DataFrame, ids: npt.NDArray[np.int64]) -> None:
    temporary(
        "roll_change",
        f"ON COMMIT DROP AS SELECT {', '.join(COLUMNS)} FROM {RESIDENTS} WHERE false",  # noqa: S608
    )
    of_rows = ids[rows["n"].to_numpy()]
    put_lines("roll_change", _sealed(writing, rows, of_rows, lambda a, b: [""] * (b - a)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_change")
        cursor.execute(_UPDATE, [writing.county_id])


# What the roll leaves empty stays as it is: somebody may have learnt it at the door.
_UPDATE = """
UPDATE residents_resident person SET
    household_id = row.household_id, division_id = row.division_id,
    household_role = coalesce(nullif(row.household_role, ''), person.household_role),
    name = row.name, pinyin = row.pinyin, initials = row.initials, grams = row.grams,
    sex = coalesce(nullif(row.sex, ''), person.sex),
    born_on = coalesce(row.born_on, person.born_on),
    phone_sealed = coalesce(row.phone_sealed, person.phone_sealed),
    phone_index = coalesce(row.phone_index, person.phone_index),
    phone_tail_index = coalesce(row.phone_tail_index, person.phone_tail_index),
    id_number_sealed = coalesce(row.id_number_sealed, person.id_number_sealed),
    id_number_index = coalesce(row.id_number_index, person.id_number_index),
    roll_digest = row.roll_digest,
    lifecycle = CASE WHEN person.lifecycle IN ('moved', 'provisional') THEN 'roll'
        ELSE person.lifecycle END
FROM roll_change row
WHERE person.county_id = %s AND person.id = row.id
"""


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
                )

    done = 0
    for block in workers.in_order(writing.executor, workers.seal_rows, orders()):
        yield block
        done += block.count(b"\n")
        writing.progress("write", done)
