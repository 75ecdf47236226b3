"""Bringing an index up to date before each question, to the last commit of any process.

The index remembers the snapshot it shows. Each row of the log that this snapshot does not show
names people to look at again, as they are now: rolled back, repeated and reordered changes need no
thought. What was read may be younger than the snapshot kept; it is read again next time.

A process asks within its own transaction too, and sees its own uncommitted rows. They may yet be
rolled back, and their log rows with them, so they are remembered as doubtful and looked at again
whatever becomes of them.

Only on the primary: on a standby the snapshot of an open transaction reads as if it were over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
from django.db import connection

from weijing.audiences.index import asking, rows
from weijing.audiences.index.asking import without
from weijing.audiences.index.holding import Index
from weijing.residents.audience_changes import TOO_MANY
from weijing.residents.models import AudienceChange

ROUNDS = 5
PEOPLE, PEOPLE_AND_TAGS, EVERYTHING = (
    AudienceChange.Dimension.PEOPLE.value,
    AudienceChange.Dimension.PEOPLE_AND_TAGS.value,
    AudienceChange.Dimension.EVERYTHING.value,
)


class NotThePrimary(RuntimeError):
    """A standby cannot say which transactions are over."""


@dataclass
class Pending:
    """Whom to look at again: resident ids by dimension."""

    people: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    must_load: bool = False  # work that could not name its people, and not our own

    def add(self, dimension: int, resident_ids: Collection[int]) -> None:
        self.people[dimension].update(resident_ids)

    def __bool__(self) -> bool:
        return bool(self.people)

    @property
    def is_too_much(self) -> bool:
        """Reading everybody is quicker."""
        return EVERYTHING in self.people or sum(map(len, self.people.values())) > TOO_MANY


@contextmanager
def open_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """On Django's connection, and so in its transaction, but with values in binary.

    Raises Django's `DatabaseError`, as its own cursors do.
    """
    connection.ensure_connection()
    assert connection.connection is not None
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.format = psycopg.pq.Format.BINARY
        yield cursor


def load(county_id: int, *, day: date) -> Index:
    """A new index from the rows; what came meanwhile is for `catch_up`. Raises `NotThePrimary`."""
    with open_cursor() as cursor:
        cursor.execute(
            "SELECT pg_is_in_recovery(), pg_current_snapshot()::text, "
            "pg_current_xact_id_if_assigned()::text"
        )
        [(is_standby, now, own)] = cursor.fetchall()
        if is_standby:
            raise NotThePrimary("Audiences are counted on the primary database only.")
        snapshot = without(own, now)
        return rows.everybody(cursor, county_id, snapshot=snapshot, day=day)


def catch_up(index: Index, doubtful: Pending, *, at_any_cost: bool = False) -> tuple[Pending, bool]:
    """What is doubtful from now on, and whether the index is up to date.

    If not, so much has changed that another one is `load`ed sooner. One that was loaded just now,
    in this transaction, is brought up to date `at_any_cost`; but while it was being loaded somebody
    may have committed what only another load shows.
    """
    if not doubtful and (snapshot := asking.nothing_new(index.county_id, index.snapshot)):
        index.snapshot = snapshot
        return Pending(), True
    with open_cursor() as cursor:
        for round_ in range(ROUNDS):
            snapshot, pending, own = _pending(cursor, index, doubtful if round_ == 0 else Pending())
            if pending.must_load or (pending.is_too_much and not at_any_cost):
                return own, False
            _look_at(cursor, index, pending)
            index.snapshot = snapshot
            if not pending or pending.people == own.people:
                return own, True
            # Each statement had a moment of its own; were the rows read after a later commit?
            doubtful = own
        return own, True


def _pending(
    cursor: psycopg.Cursor[Any], index: Index, doubtful: Pending
) -> tuple[str, Pending, Pending]:
    """The present snapshot, whom to look at, and who of them is of our own open transaction."""
    pending, own = Pending(), Pending()
    for dimension, ids in doubtful.people.items():
        pending.add(dimension, ids)
    cursor.execute(_PENDING, {"county": index.county_id, "kept": index.snapshot}, prepare=True)
    found = cursor.fetchall()
    for _now, _own_xid, is_own, dimension, ids in found:
        if dimension is not None:
            pending.add(dimension, ids)
            if is_own:
                own.add(dimension, ids)
            elif dimension == EVERYTHING:
                pending.must_load = True
    now, own_xid = found[0][:2]
    return without(own_xid, now), pending, own


_PENDING = """
SELECT pg_current_snapshot()::text, pg_current_xact_id_if_assigned()::text,
    change.xid = pg_current_xact_id_if_assigned(),
    change.dimension, change.residents
FROM (VALUES (1)) AS always
LEFT JOIN residents_audiencechange change
    ON change.county_id = %(county)s
    AND change.xid >= pg_snapshot_xmin(%(kept)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(change.xid, %(kept)s::pg_snapshot)
"""


def _look_at(cursor: psycopg.Cursor[Any], index: Index, pending: Pending) -> None:
    county_id, wanted = index.county_id, pending.people
    whole = wanted.get(PEOPLE_AND_TAGS, set())
    if people := whole | wanted.get(PEOPLE, set()):
        found = rows.people(cursor, county_id, people)
        if any(one.division_id and one.division_id not in index.los for one in found):
            index.los = rows.divisions(cursor, county_id)
        index.put(found, asked_for=people)
    pairs = [(tag, ids) for tag, ids in wanted.items() if tag > 0]
    if pairs:
        carriers = rows.carriers(cursor, county_id, pairs, day=index.day)
        for tag, ids in pairs:
            index.carry(tag, ids, carriers.get(tag, ()))
    if whole:
        carried = rows.carried_by(cursor, county_id, whole, day=index.day)
        index.carry_all(whole, carried)


def advance(index: Index, day: date) -> None:
    """Into a later day: tags whose last day is over count no more."""
    with open_cursor() as cursor:
        over = rows.expiring(cursor, index.county_id, first=index.day, before=day, tag_ids=None)
    for tag, ids in over.items():
        index.carry(tag, ids, ())
    index.day = day
