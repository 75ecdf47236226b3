"""What hangs on one record is hung on another: for one pair of records or many thousand at once.

A row that the other record has already (both carried the tag) is taken away and returned whole, so
that an undo can bring it back as it was.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from weijing.residents.merges.referring import Once, Relation, relations


@dataclass(frozen=True)
class Pair:
    """`stranger` turns out to be `resident`. Ids."""

    stranger: int
    resident: int


@dataclass
class Moved:
    """Of one pair: ids of the rows that moved, by `Relation.key`, and those taken away."""

    rows: dict[str, list[int]] = field(default_factory=dict)
    # {"table": …, "twin": id of the row that stands for it or None, "row": {column: value}}
    dropped: list[dict[str, Any]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.rows.values())) + len(self.dropped)


def move(county_id: int, pairs: Collection[Pair]) -> dict[int, Moved]:
    """Everything of each stranger to its resident, keyed by stranger. No resident is a stranger."""
    moved: dict[int, Moved] = defaultdict(Moved)
    values = _values(county_id, pairs)
    for relation in relations():
        for stranger, twin, row in _take_away(relation, values):
            moved[stranger].dropped.append(_dropped(relation.table, twin, row))
        for stranger, id in _move(relation, values):
            moved[stranger].rows.setdefault(relation.key, []).append(id)
    for stranger, twin, row in _fetch(_SHARED_WITH_ONESELF, values):
        moved[stranger].dropped.append(_dropped("residents_identitysharer", twin, row))
    return dict(moved)


def move_rows(
    county_id: int, relation: Relation, ids: Sequence[int], *, source: int, target: int
) -> list[int]:
    """Only these rows, as far as they still are the source's. Returns those that moved."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{relation.table}" SET "{relation.column}" = %s '  # noqa: S608
            f'WHERE county_id = %s AND id = ANY(%s) AND "{relation.column}" = %s RETURNING id',
            [target, county_id, list(ids), source],
        )
        return [row[0] for row in cursor.fetchall()]


def count(county_id: int, resident_id: int) -> dict[str, int]:
    """How many rows refer to the person, by `Relation.key`; those without any are missing."""
    counted = {}
    with connection.cursor() as cursor:
        for relation in relations():
            cursor.execute(
                f'SELECT count(*) FROM "{relation.table}" '  # noqa: S608
                f'WHERE county_id = %s AND "{relation.column}" = %s',
                [county_id, resident_id],
            )
            counted[relation.key] = int(cursor.fetchone()[0])
    return {key: rows for key, rows in counted.items() if rows}


def _values(county_id: int, pairs: Collection[Pair]) -> dict[str, Any]:
    return {
        "county": county_id,
        "strangers": [pair.stranger for pair in pairs],
        "residents": [pair.resident for pair in pairs],
    }


def _dropped(table: str, twin: int | None, row: str) -> dict[str, Any]:
    return {"table": table, "twin": twin, "row": json.loads(row)}  # Django hands JSON out as text


_PAIRS = "unnest(%(strangers)s::bigint[], %(residents)s::bigint[])"


def _take_away(relation: Relation, values: dict[str, Any]) -> list[Any]:
    """Rows that the resident has, or gets from another stranger, or that would name them twice."""
    reasons = [_twins(relation, once) for once in relation.once]
    reasons += [_same_person(relation, column) for column in relation.never_equal]
    if not reasons:
        return []
    return _fetch(
        f"WITH clash AS (SELECT DISTINCT ON (id) * FROM ({' UNION ALL '.join(reasons)}) found "  # noqa: S608
        f"ORDER BY id, twin NULLS LAST) "
        f'DELETE FROM "{relation.table}" gone USING clash '
        f"WHERE gone.county_id = %(county)s AND gone.id = clash.id "
        f"RETURNING clash.stranger, clash.twin, to_jsonb(gone)",
        values,
    )


def _twins(relation: Relation, once: Once) -> str:
    """All rows of both sides in one pass, as they would stand together: the first of them stays."""
    alike = ", ".join(f'held."{name}"' for name in once.columns)
    known = "".join(f' AND "{name}" IS NOT NULL' for name in once.columns)  # NULL equals nothing
    return (
        f"SELECT id, stranger, twin FROM (SELECT held.id, pair.stranger, first_value(held.id) "  # noqa: S608
        f'OVER (PARTITION BY coalesce(pair.resident, held."{relation.column}"), {alike} '
        f"ORDER BY pair.stranger IS NOT NULL, held.id) AS twin "
        f'FROM (SELECT * FROM "{relation.table}" WHERE county_id = %(county)s '
        f'AND "{relation.column}" = ANY(%(strangers)s::bigint[] || %(residents)s::bigint[]) '
        f"AND {once.holds_where}{known}) held "
        f"LEFT JOIN {_PAIRS} pair (stranger, resident) "
        f'ON pair.stranger = held."{relation.column}") together '
        f"WHERE stranger IS NOT NULL AND twin <> id"
    )


def _same_person(relation: Relation, other: str) -> str:
    return (
        f"SELECT mine.id, pair.stranger, NULL::bigint AS twin "  # noqa: S608
        f'FROM "{relation.table}" mine JOIN {_PAIRS} pair (stranger, resident) '
        f'ON mine."{relation.column}" = pair.stranger '
        f"LEFT JOIN {_PAIRS} also (stranger, resident) "
        f'ON also.stranger = mine."{other}" '
        f"WHERE mine.county_id = %(county)s "
        f'AND pair.resident IN (mine."{other}", also.resident)'
    )


def _move(relation: Relation, values: dict[str, Any]) -> list[Any]:
    return _fetch(
        f'UPDATE "{relation.table}" mine SET "{relation.column}" = pair.resident '  # noqa: S608
        f"FROM {_PAIRS} pair (stranger, resident) "
        f'WHERE mine.county_id = %(county)s AND mine."{relation.column}" = pair.stranger '
        f"RETURNING pair.stranger, mine.id",
        values,
    )


# A couple's account of which both names turn out to be one person.
_SHARED_WITH_ONESELF = f"""
DELETE FROM residents_identitysharer gone
USING residents_wechatidentity identity, {_PAIRS} pair (stranger, resident)
WHERE gone.county_id = %(county)s AND gone.resident_id = pair.resident
    AND identity.county_id = gone.county_id AND identity.id = gone.identity_id
    AND identity.resident_id = pair.resident
RETURNING pair.stranger, NULL::bigint, to_jsonb(gone)
"""  # noqa: S608


def _fetch(statement: str, values: dict[str, Any]) -> list[Any]:
    """Names come from the models, values go as parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
        return rows
