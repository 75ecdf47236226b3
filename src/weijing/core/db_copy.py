"""Move all data to another PostgreSQL, also of another major version, table by table.

Dumps and `pg_upgrade` fail between some of the servers we support (15 and 18); COPY between two
databases with the same schema does not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import LiteralString, Protocol, cast

from psycopg import Connection, IsolationLevel, connect, sql
from psycopg.rows import tuple_row

# Tables that migrations themselves fill; in the target their rows give way to the source's.
FILLED_BY_MIGRATIONS = ("django_migrations", "django_content_type", "auth_permission")

LOCK_KEY = 0x57454A434F5059  # "WEJCOPY"
CHUNK_BYTES = 256 * 1024
ROWS_PER_REPORT = 20_000

Row = tuple[object, ...]


class CannotCopy(Exception):
    """The copy was not made and the target is as it was; the message says why."""


class Progress(Protocol):
    """Hears how many rows of a table are copied; called at least once per table, at its end."""

    def __call__(self, table: str, copied: int, total: int) -> None: ...


def copy_database(
    source_url: str,
    target_url: str,
    *,
    progress: Progress,
    filled_by_migrations: Collection[str] = FILLED_BY_MIGRATIONS,
) -> list[tuple[str, int]]:
    """Copy every row and every sequence into a freshly migrated database: all of it, or nothing.

    Reads one snapshot of the source, so the source may be in use; what is written to it afterwards
    is not copied. Tables named in `filled_by_migrations` are replaced, all others must be empty.
    Our triggers do not run in the target. Row-level security that binds the given roles is an
    error, never a silent selection: come as the owner or as a superuser.

    Returns the tables as `schema.table` with their rows, in the order they were copied.
    Raises `CannotCopy`, `psycopg.Error`.
    """
    with _session(source_url) as source, _session(target_url) as target:
        source.isolation_level = IsolationLevel.REPEATABLE_READ
        source.read_only = True
        with source.transaction(), target.transaction():
            _claim(source, target)
            columns = _same_columns(source, target)
            totals = _row_counts(source, columns)
            _make_room(target, columns, filled_by_migrations)
            silenced = _silence_triggers(target)
            is_binary = _major(source) == _major(target)
            order = _parents_first(target, columns)
            for table in order:
                _copy(source, target, table, columns[table], totals[table], is_binary, progress)
            _set_sequences(source, target)
            _check_constraints_and_wake_triggers(target, silenced)
            if _row_counts(target, columns) != totals:
                raise CannotCopy("The rows in the target are not as many as in the source.")
        target.execute("ANALYZE")
    return [(".".join(table), totals[table]) for table in order]


Table = tuple[str, str]  # schema, name


def _session(url: str) -> Connection[Row]:
    """A connection on which text means the same on both sides, and nothing times out half-way."""
    session = connect(url, autocommit=True, row_factory=tuple_row, application_name="weijing-copy")
    settings = {
        "client_encoding": "UTF8",
        "datestyle": "ISO, YMD",
        "intervalstyle": "postgres",
        "timezone": "UTC",
        "extra_float_digits": "1",
        "row_security": "off",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": "10s",
    }
    for name, value in settings.items():
        session.execute("SELECT set_config(%s, %s, false)", (name, value))
    return session


def _claim(source: Connection[Row], target: Connection[Row]) -> None:
    """Refuse two copies at once, and a copy of a database onto itself."""
    for session, side in ((source, "source"), (target, "target")):
        if _value(session, "SELECT pg_try_advisory_xact_lock(%s)", LOCK_KEY):
            continue
        raise CannotCopy(
            f"The {side} is being copied already, or source and target are the same database."
        )


def _value(session: Connection[Row], query: LiteralString, *values: object) -> object:
    row = session.execute(query, values).fetchone()
    return row[0] if row else None


def _major(session: Connection[Row]) -> int:
    return session.info.server_version // 10_000


# What there is to copy.

TABLES = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname, a.attname
"""

SEQUENCES = """
    SELECT schemaname, sequencename FROM pg_sequences
    WHERE schemaname NOT LIKE 'pg\\_%' ORDER BY 1, 2
"""

FOREIGN_KEYS = """
    SELECT child_space.nspname, child.relname, parent_space.nspname, parent.relname
    FROM pg_constraint k
    JOIN pg_class child ON child.oid = k.conrelid
    JOIN pg_namespace child_space ON child_space.oid = child.relnamespace
    JOIN pg_class parent ON parent.oid = k.confrelid
    JOIN pg_namespace parent_space ON parent_space.oid = parent.relnamespace
    WHERE k.contype = 'f'
"""


def _columns(session: Connection[Row]) -> dict[Table, dict[str, str]]:
    """Every table with its columns, each with its type."""
    tables: dict[Table, dict[str, str]] = {}
    for schema, name, column, kind, generated in session.execute(TABLES):
        table = tables.setdefault((str(schema), str(name)), {})
        if column is not None:
            table[str(column)] = f"{kind} generated" if generated else str(kind)
    return tables


def _same_columns(source: Connection[Row], target: Connection[Row]) -> dict[Table, list[str]]:
    """The columns to copy of each table; those that the database computes are left out."""
    here, there = _columns(source), _columns(target)
    differing = [
        ".".join(table)
        for table in sorted(here.keys() | there.keys())
        if here.get(table) != there.get(table)
    ]
    if _sequences(source) != _sequences(target):
        differing.append("the sequences")
    if differing:
        raise CannotCopy(
            f"Source and target differ in {', '.join(differing[:10])}. "
            "Migrate both with the same version of Weijing, then copy again."
        )
    return {
        table: [column for column, kind in columns.items() if not kind.endswith(" generated")]
        for table, columns in here.items()
    }


def _sequences(session: Connection[Row]) -> list[Table]:
    return [(str(schema), str(name)) for schema, name in session.execute(SEQUENCES)]


def _row_counts(session: Connection[Row], tables: Collection[Table]) -> dict[Table, int]:
    return {table: _number(session, sql.SQL("SELECT count(*) FROM {}"), table) for table in tables}


def _number(session: Connection[Row], query: sql.SQL, table: Table) -> int:
    row = session.execute(query.format(sql.Identifier(*table))).fetchone()
    return cast(int, row[0]) if row else 0


def _parents_first(session: Connection[Row], tables: Collection[Table]) -> list[Table]:
    """The tables, each after those it points at, as far as there is such an order.

    Where tables point at each other in a circle, deferred constraints have to carry it.
    """
    parents: dict[Table, set[Table]] = {table: set() for table in tables}
    for child_schema, child, parent_schema, parent in session.execute(FOREIGN_KEYS):
        table, other = (str(child_schema), str(child)), (str(parent_schema), str(parent))
        if table in parents and other in parents and table != other:
            parents[table].add(other)
    while True:
        try:
            return list(TopologicalSorter(parents).static_order())
        except CycleError as circle:
            before, after = circle.args[1][:2]
            parents[after].discard(before)


# Into the target.


def _make_room(
    target: Connection[Row], tables: Collection[Table], filled_by_migrations: Collection[str]
) -> None:
    if not tables:
        raise CannotCopy("The source has no tables.")
    names = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
    target.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))
    occupied = [
        ".".join(table)
        for table in tables
        if table[1] not in filled_by_migrations
        and _number(
            target, sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT 1) AS first"), table
        )
    ]
    if occupied:
        raise CannotCopy(
            f"The target is not empty: {', '.join(occupied[:10])}. "
            "Copy into a new database that has only been migrated."
        )
    target.execute(sql.SQL("TRUNCATE {}").format(names))


Trigger = tuple[str, str, str, str]  # schema, table, name, "O" (on) or "A" (always on)


def _silence_triggers(target: Connection[Row]) -> list[Trigger]:
    """Copied rows have had their effects; a trigger must not have them a second time.

    A superuser also skips the check of foreign keys, which held in the source's snapshot already.
    Returns the triggers to wake again.
    """
    if _value(target, "SELECT has_parameter_privilege('session_replication_role', 'SET')"):
        target.execute("SET LOCAL session_replication_role = replica")
        return []
    target.execute("SET CONSTRAINTS ALL DEFERRED")
    triggers = [
        (str(schema), str(table), str(name), str(state))
        for schema, table, name, state in target.execute(
            "SELECT n.nspname, c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A')"
        )
    ]
    for trigger in triggers:
        _alter_trigger(target, trigger, sql.SQL("DISABLE TRIGGER"))
    return triggers


def _check_constraints_and_wake_triggers(
    target: Connection[Row], silenced: Collection[Trigger]
) -> None:
    target.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for trigger in silenced:
        verb = sql.SQL("ENABLE ALWAYS TRIGGER" if trigger[3] == "A" else "ENABLE TRIGGER")
        _alter_trigger(target, trigger, verb)


def _alter_trigger(target: Connection[Row], trigger: Trigger, verb: sql.SQL) -> None:
    schema, table, name, _ = trigger
    target.execute(
        sql.SQL("ALTER TABLE {} {} {}").format(
            sql.Identifier(schema, table), verb, sql.Identifier(name)
        )
    )


def _copy(
    source: Connection[Row],
    target: Connection[Row],
    table: Table,
    columns: list[str],
    total: int,
    is_binary: bool,
    progress: Progress,
) -> None:
    name = ".".join(table)
    if total:
        parts = {
            "table": sql.Identifier(*table),
            "columns": sql.SQL(", ").join(map(sql.Identifier, columns)),
            "form": sql.SQL("BINARY" if is_binary else "TEXT"),
        }
        # A query, because COPY TO does not read the partitions of a table by itself.
        read = sql.SQL("COPY (SELECT {columns} FROM {table}) TO STDOUT (FORMAT {form})")
        write = sql.SQL("COPY {table} ({columns}) FROM STDIN (FORMAT {form})")
        with (
            source.cursor().copy(read.format(**parts)) as rows,
            target.cursor().copy(write.format(**parts)) as sink,
        ):
            for chunk, copied in _chunks(rows):
                sink.write(chunk)
                progress(name, min(copied, total), total)
    progress(name, total, total)


def _chunks(rows: Iterable[bytes | bytearray | memoryview]) -> Iterator[tuple[bytes, int]]:
    """Rows gathered into larger pieces, each with the number of rows so far."""
    chunk, copied = bytearray(), 0
    for row in rows:
        chunk += row
        copied += 1
        if len(chunk) >= CHUNK_BYTES or copied % ROWS_PER_REPORT == 0:
            yield bytes(chunk), copied
            chunk.clear()
    if chunk:
        yield bytes(chunk), copied


def _set_sequences(source: Connection[Row], target: Connection[Row]) -> None:
    for sequence in _sequences(source):
        name = sql.Identifier(*sequence)
        position = source.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(name))
        last_value, is_called = position.fetchone() or (1, False)
        target.execute(
            "SELECT setval(%s::regclass, %s, %s)", (name.as_string(target), last_value, is_called)
        )
