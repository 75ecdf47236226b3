"""Writing what is new or changed: one transaction, all or nothing."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from weijing.core.ids import ID_STEP, reserve
from weijing.residents import audience_changes, ordinals
from weijing.residents.figures import touching
from weijing.residents.importing import home_rows, workers
from weijing.residents.importing.bulk_load import without_indexes
from weijing.residents.importing.comparing import Homes
from weijing.residents.importing.copy_rows import COLUMNS
from weijing.residents.importing.copying import put_lines, temporary
from weijing.residents.importing.differing import bit
from weijing.residents.importing.writing import Made, Writing
from weijing.residents.models import Household, Resident
from weijing.territory import grouping
from weijing.territory.models import Division

RESIDENTS, HOUSEHOLDS = Resident._meta.db_table, Household._meta.db_table
FIRST_LOAD_ROWS = 20_000  # fewer are quicker with the indexes in place
FIRST_LOAD_TIMES = 4  # so many times what the table holds


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
    left = home_rows.homes_left(county_id, ids[changed["n"].to_numpy()].tolist())
    tables = [RESIDENTS, HOUSEHOLDS]
    with without_indexes(tables) if _is_first_load(new.height) else nullcontext():
        home_ids, first_home = home_rows.write_homes(writing, homes, rows)
        new = new.join(home_ids, on="household", how="left", maintain_order="left")
        first = _insert(writing, new, first_ordinal)
        writing.progress("index", new.height, None)
    changed = changed.join(home_ids, on="household", how="left", maintain_order="left")
    if changed.height:
        _update(writing, changed, ids)
    there_before = homes.frame.filter(pl.col("id") != 0)["id"].to_list() if rows.height else []
    home_rows.end_and_reopen(writing, left, there_before)
    touching.touch(county_id, {*leaving, *rows["division_id"].unique().to_list()})
    _tell_audiences(county_id, homes, changed, ids, first, new.height)
    made = homes.frame.filter(pl.col("id") == 0).height
    return Made(first, new.height, first_home, made)


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


def _tell_audiences(
    county_id: int,
    homes: Homes,
    changed: pl.DataFrame,
    ids: npt.NDArray[np.int64],
    first: int,
    made: int,
) -> None:
    """The people made and changed, and whoever lives in a household that moved."""
    if made > audience_changes.TOO_MANY:
        audience_changes.everything(county_id)
        return
    moved = homes.frame.filter(pl.col("changed"))["id"].to_list()
    members = Resident.objects.filter(county_id=county_id, household_id__in=moved)
    audience_changes.people(
        county_id,
        {
            *(first + n * ID_STEP for n in range(made)),
            *(ids[changed["n"].to_numpy()].tolist() if changed.height else ()),
            *(members.values_list("pk", flat=True) if moved else ()),
        },
    )


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
