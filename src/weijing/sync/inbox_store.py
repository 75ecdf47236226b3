"""Writing received callbacks into the inbox, many with one commit. No Django."""

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from weijing.sync.received import Received

CONNECT_TIMEOUT_SECONDS = 2
CONNECTION = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "tcp_user_timeout": 2000,  # milliseconds until a silent peer counts as gone
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "application_name": "weijing ingest",
    # Whatever the role is set to: our 200 promises that the event outlives a crash.
    "options": "-c synchronous_commit=on -c statement_timeout=2000 -c lock_timeout=2000",
}

# A repeated event waits again: to read a contact once more is cheap, to have missed a change is
# not. What must not happen twice is guarded where it happens.
INSERT = """
    INSERT INTO sync_inboxevent AS kept
        (key, corpid, xml_sealed, received_at, last_received_at, repeats, outcome, attempts, note)
    SELECT key, corpid, xml_sealed, received_at, last_received_at, repeats, '', 0, ''
    FROM unnest(
        %b::text[], %b::text[], %b::bytea[], %b::timestamptz[], %b::timestamptz[], %b::int[]
    ) AS came (key, corpid, xml_sealed, received_at, last_received_at, repeats)
    ON CONFLICT (key) DO UPDATE SET
        repeats = kept.repeats + 1 + excluded.repeats,
        last_received_at = greatest(kept.last_received_at, excluded.last_received_at),
        outcome = ''
"""


@dataclass
class _Row:
    first: Received
    last_received_at: datetime
    repeats: int = 0


class Inbox:
    """One connection, made when it is needed and again when it broke. For one thread.

    `url` is asked at each connect: an embedded server may come back on another port.
    """

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    def store(self, events: Iterable[Received]) -> None:
        """Returns once they are committed, all of them. Raises `psycopg.Error`."""
        rows = _merged(events)
        self._execute(
            INSERT,
            [row.first.key for row in rows],
            [row.first.corpid for row in rows],
            [row.first.xml_sealed for row in rows],
            [row.first.received_at for row in rows],
            [row.last_received_at for row in rows],
            [row.repeats for row in rows],
        )

    def check(self) -> None:
        """Raises `psycopg.Error` when the inbox cannot be reached."""
        self._execute("SELECT FROM sync_inboxevent LIMIT 0")

    def interrupt(self) -> None:
        """From another thread: end a `store` that hangs, as if the server had hung up."""
        with suppress(AttributeError, OSError, psycopg.Error):
            descriptor = os.dup(self._connection.fileno())  # type: ignore[union-attr]
            with socket.socket(fileno=descriptor) as line:
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _execute(self, query: str, *parameters: object) -> None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url(), autocommit=True, **CONNECTION)  # type: ignore[arg-type]
            self._connection.execute(query.encode(), parameters)
        except psycopg.Error:
            self.close()
            raise


def _merged(events: Iterable[Received]) -> list[_Row]:
    """One row a key, as one INSERT cannot touch a row twice; in one order, so that two processes
    never wait for each other."""
    rows: dict[str, _Row] = {}
    for event in events:
        row = rows.get(event.key)
        if row is None:
            rows[event.key] = _Row(event, event.received_at)
        else:
            row.repeats += 1
            row.last_received_at = max(row.last_received_at, event.received_at)
    return [rows[key] for key in sorted(rows)]
