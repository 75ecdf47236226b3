"""Loading many rows into a nearly empty table: indexes and foreign keys are made afterwards.

All inside the caller's transaction, so a crash leaves the table exactly as it was. The tables stay
locked until the commit; that is why only a first load goes this way.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

LOCK_SECONDS = 60


@dataclass(frozen=True)
class _Piece:
    """An index or constraint: how it goes and how it comes back, in PostgreSQL's own words."""

    drop: str
    create: str


@contextmanager
def without_indexes(tables: Sequence[str]) -> Iterator[None]:
    """Take off what slows a load and put it back at the end, checked. Needs a transaction.

    Primary keys, and unique constraints that foreign keys of other tables need, stay.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])
        # A table with deferred checks pending cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        pieces = [piece for table in tables for piece in _pieces(cursor, table)]
        for piece in pieces:
            cursor.execute(piece.drop)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for piece in reversed(pieces):
            cursor.execute(piece.create)
        for table in tables:
            cursor.execute(f'ANALYZE "{table}"')
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _pieces(cursor, table: str) -> list[_Piece]:  # type: ignore[no-untyped-def]
    cursor.execute(_FOREIGN_KEYS, [table])
    keys = [_constraint(table, *row) for row in cursor.fetchall()]
    cursor.execute(_UNIQUE, [table])
    unique = [_constraint(table, *row) for row in cursor.fetchall()]
    cursor.execute(_INDEXES, [table])
    indexes = [_Piece(f"DROP INDEX {name}", definition) for name, definition in cursor.fetchall()]
    return [*keys, *unique, *indexes]


def _constraint(table: str, name: str, definition: str) -> _Piece:
    return _Piece(
        f'ALTER TABLE "{table}" DROP CONSTRAINT {name}',
        f'ALTER TABLE "{table}" ADD CONSTRAINT {name} {definition}',
    )


_FOREIGN_KEYS = """
SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'f' AND confrelid <> conrelid
ORDER BY conname
"""
_UNIQUE = """
SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint mine
WHERE conrelid = %s::regclass AND contype = 'u' AND NOT EXISTS (
    SELECT 1 FROM pg_constraint key WHERE key.contype = 'f' AND key.conindid = mine.conindid)
ORDER BY conname
"""
_INDEXES = """
SELECT quote_ident(relname), pg_get_indexdef(indexrelid) FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = %s::regclass AND NOT EXISTS (
    SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY relname
"""
