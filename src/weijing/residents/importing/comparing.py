"""What of the file is new, changed, or known already. Set-based, on keys only.

Rows with an ID number are recognised by its blind index, others by household number and name. A
row is unchanged when its keyed digest equals the one kept with the resident: nothing is opened.
Somebody without number who was moved or renamed since is recognised by what the roll said then.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from weijing.residents.importing.copy_rows import escape
from weijing.residents.importing.copying import fetch_fixed, put_fixed, put_lines, temporary
from weijing.residents.importing.marks import MEMBER_AT, MEMBER_BYTES, Marker

AMBIGUOUS = "本户在册的同名人员不止一个，请补上身份证号"
# Who was merged into another record is left to that record; who died stays so.
_SAME = (
    "coalesce(lifecycle = 'duplicate' OR (substring(roll_digest FROM 1 FOR 16) = digest "
    "AND lifecycle IN ('roll', 'deceased')), false)"
)
_FOUND = np.dtype([("n", ">i4"), ("id", ">i8"), ("same", "?")])


@dataclass(frozen=True)
class Residents:
    """For every row number `n` of the file: the resident it is about. Arrays, indexed by n."""

    ids: npt.NDArray[np.int64]  # 0: nobody yet
    unchanged: npt.NDArray[np.bool_]
    ambiguous: pl.DataFrame  # n, reason


@dataclass(frozen=True)
class Homes:
    """The file's households: k, household, place, division_id, address, kind, id (0: new), changed.

    `place` is a position in `Gathered.places`. What the file itself says stays in `place`,
    `said_address` and `said_kind`, whatever becomes of the others.
    """

    frame: pl.DataFrame


def compare_residents(county_id: int, rows: pl.DataFrame, count: int, marker: Marker) -> Residents:
    """`rows`: n, name, household, id_index, digest of accepted rows; `count`: the largest n + 1."""
    ids = np.zeros(count, dtype=np.int64)
    unchanged = np.zeros(count, dtype=np.bool_)
    ambiguous = pl.DataFrame(schema={"n": pl.UInt32, "reason": pl.String})
    if not rows.height or not _has_residents(county_id):
        return Residents(ids, unchanged, ambiguous)
    numbered = rows.filter(pl.col("id_index").is_not_null())
    found = _by_number(county_id, numbered)
    ids[found["n"]], unchanged[found["n"]] = found["id"], found["same"]
    others = rows.filter(pl.Series(ids[rows["n"].to_numpy()] == 0))
    ambiguous = _by_household(county_id, others, ids, unchanged)
    left = others.filter(pl.Series(ids[others["n"].to_numpy()] == 0)).join(
        ambiguous, on="n", how="anti"
    )
    if left.height:
        _by_last_word(county_id, left, marker, ids, unchanged)
    return Residents(ids, unchanged, ambiguous)


def _has_residents(county_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM residents_resident WHERE county_id = %s "
            "AND (id_number_index IS NOT NULL OR household_id IS NOT NULL))",
            [county_id],
        )
        return bool(cursor.fetchone()[0])


def _by_number(county_id: int, rows: pl.DataFrame) -> npt.NDArray[np.void]:
    temporary("roll_number", "(n integer, id_index uuid, digest bytea) ON COMMIT DROP")
    put_fixed(
        "roll_number (n, id_index, digest)",
        [rows["n"].to_numpy(), _bytes16(rows["id_index"]), _bytes16(rows["digest"])],
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_number")
    return fetch_fixed(
        f"SELECT n, person.id, {_SAME} "  # noqa: S608  (no value is in it)
        "FROM roll_number JOIN residents_resident person "
        "ON person.county_id = %s AND person.id_number_index = id_index",
        [county_id],
        _FOUND,
    )


def _by_household(
    county_id: int,
    rows: pl.DataFrame,
    ids: npt.NDArray[np.int64],
    unchanged: npt.NDArray[np.bool_],
) -> pl.DataFrame:
    """Find the others, write what is certain into the arrays, and return the uncertain.

    A child gets an ID number one day: a row with a new number may be somebody without one.
    """
    temporary(
        "roll_member",
        "(n integer, household varchar, name varchar, has_number boolean, digest bytea) "
        "ON COMMIT DROP",
    )
    put_lines("roll_member", [_member_lines(rows)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_member")
        cursor.execute(_CANDIDATES, {"county": county_id})
        candidates = pl.DataFrame(
            cursor.fetchall(),
            schema={
                "n": pl.UInt32,
                "id": pl.Int64,
                "same": pl.Boolean,
                "exact": pl.Boolean,
                "has_number": pl.Boolean,
            },
            orient="row",
        )
    best = candidates.filter(pl.col("exact") == pl.col("exact").max().over("n"))
    doubtful = best.filter((pl.len().over("n") > 1) & ~pl.col("has_number"))
    best = best.filter(pl.len().over("n") == 1).filter(pl.col("id").is_first_distinct())
    where = best["n"].to_numpy()
    ids[where], unchanged[where] = best["id"].to_numpy(), best["same"].to_numpy()
    return doubtful.select(pl.col("n").unique(), pl.lit(AMBIGUOUS).alias("reason"))


# Materialized: otherwise the second condition is asked for every member of every household.
_CANDIDATES = f"""
WITH candidate AS MATERIALIZED (
    SELECT roll_member.n, has_number, person.id, person.id_number_index,
        {_SAME} AS same
    FROM roll_member
    JOIN residents_household home ON home.county_id = %(county)s AND home.number = household
    JOIN residents_resident person ON person.county_id = %(county)s
        AND person.household_id = home.id AND person.name = roll_member.name
    WHERE person.lifecycle IN ('roll', 'moved', 'deceased')
    AND (person.id_number_index IS NULL OR NOT has_number)
)
SELECT candidate.n, id, same, id_number_index IS NULL, has_number
FROM candidate LEFT JOIN roll_number taken ON taken.id_index = id_number_index
WHERE taken.n IS NULL
ORDER BY candidate.n, id
"""  # noqa: S608  (no value is in it)


def _by_last_word(
    county_id: int,
    rows: pl.DataFrame,
    marker: Marker,
    ids: npt.NDArray[np.int64],
    unchanged: npt.NDArray[np.bool_],
) -> None:
    """By the household and name of the last roll, whatever somebody has made of them since."""
    temporary("roll_named", "(n integer, member bytea, digest bytea) ON COMMIT DROP")
    cells = rows.select("n", "household", "name", "digest").iter_rows()
    lines = "".join(
        f"{n}\t\\\\x{marker.member(household, name).hex()}\t\\\\x{digest.hex()}\n"
        for n, household, name, digest in cells
    )
    put_lines("roll_named", [lines.encode()])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_named")
    found = fetch_fixed(_BY_LAST_WORD, {"county": county_id}, _FOUND)
    free = ~np.isin(found["id"], ids[ids != 0])
    found = found[free]
    once = (
        (np.bincount(found["n"].astype(np.int64)) == 1)[found["n"]]
        if len(found)
        else np.empty(0, dtype=bool)
    )
    _, first = np.unique(found["id"], return_index=True)
    for n, id, same in found[np.intersect1d(np.flatnonzero(once), first)].tolist():
        ids[n], unchanged[n] = id, same


_BY_LAST_WORD = f"""
SELECT n, person.id, {_SAME}
FROM roll_named JOIN residents_resident person
ON person.county_id = %(county)s AND person.id_number_index IS NULL
AND substring(roll_digest FROM {MEMBER_AT + 1} FOR {MEMBER_BYTES}) = member
"""  # noqa: S608


def _member_lines(rows: pl.DataFrame) -> bytes:
    cells = zip(
        rows["n"].to_list(),
        rows["household"].to_list(),
        rows["name"].to_list(),
        rows["id_index"].is_not_null().to_list(),
        rows["digest"].to_list(),
        strict=True,
    )
    return "".join(
        f"{n}\t{escape(home)}\t{escape(name)}\t{has_number}\t\\\\x{digest.hex()}\n"
        for n, home, name, has_number, digest in cells
    ).encode()


def compare_homes(county_id: int, homes: pl.DataFrame) -> Homes:
    """`homes`: household, division_id (0: not made yet), address, kind; each household once.

    An empty address or kind in the file leaves what we know.
    """
    placed = homes.with_columns(
        pl.int_range(homes.height, dtype=pl.UInt32).alias("k"),
        pl.col("address").alias("said_address"),
        pl.col("kind").alias("said_kind"),
    )
    temporary(
        "roll_home",
        "(k integer, number varchar, division_id bigint, address varchar, kind varchar) "
        "ON COMMIT DROP",
    )
    put_lines("roll_home", [_home_lines(placed)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE roll_home")
    found = fetch_fixed(
        "SELECT k, home.id, home.division_id = roll_home.division_id "
        "AND roll_home.address IN ('', home.address) AND roll_home.kind IN ('', home.kind) "
        "FROM roll_home JOIN residents_household home "
        "ON home.county_id = %s AND home.number = roll_home.number",
        [county_id],
        _FOUND,
    )
    ids = np.zeros(placed.height, dtype=np.int64)
    changed = np.zeros(placed.height, dtype=np.bool_)
    ids[found["n"]], changed[found["n"]] = found["id"], ~found["same"]
    return Homes(placed.with_columns(pl.Series("id", ids), pl.Series("changed", changed)))


def _home_lines(homes: pl.DataFrame) -> bytes:
    cells = homes.select("k", "household", "division_id", "address", "kind").iter_rows()
    return "".join(
        f"{k}\t{escape(number)}\t{division_id}\t{escape(address)}\t{kind}\n"
        for k, number, division_id, address, kind in cells
    ).encode()


def _bytes16(values: pl.Series) -> npt.NDArray[np.void]:
    if values.is_empty():
        return np.empty(0, dtype="V16")
    width = pl.Array(pl.UInt8, 16)
    return values.bin.reinterpret(dtype=width).to_numpy().reshape(-1).view("V16")
