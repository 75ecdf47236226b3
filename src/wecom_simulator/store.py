"""The simulator's memory: one SQLite file, written before any answer leaves.

WAL with `synchronous=NORMAL`: what was answered survives kill -9 of the process. The disk is
synced at checkpoints only: a power cut may lose the last moments, which a simulator may.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from wecom_simulator.schema import SCHEMA

CACHE_KIB = 131_072  # 128 MiB of pages: enough for the indexes of 900,000 relations


class Store:
    """One connection, used from the event loop only: between two awaits nobody else writes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._db.executescript(SCHEMA)

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def value(self, sql: str, *values: object) -> Any:
        """First column of the first row; `None` without a row."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def run(self, sql: str, *values: object) -> int:
        """How many rows changed."""
        return self._db.execute(sql, values).rowcount

    def add(self, sql: str, *values: object) -> int:
        """The row id of what was inserted."""
        return int(self._db.execute(sql, values).lastrowid or 0)

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        return self._db.executemany(sql, rows).rowcount

    def meta(self, key: str, otherwise: str = "") -> str:
        found = self.value("SELECT value FROM meta WHERE key = ?", key)
        return otherwise if found is None else str(found)

    def set_meta(self, key: str, value: str) -> None:
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def commit(self) -> None:
        self._db.commit()

    def rollback(self) -> None:
        self._db.rollback()

    def close(self) -> None:
        self._db.commit()
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
