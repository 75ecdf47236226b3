"""People whose row has changed, cell by cell: what the record says, what the roll says, whose word
counts. Opened are only phones that differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from weijing.core.env import keyring
from weijing.core.sealed import place
from weijing.residents.importing import marks, workers
from weijing.residents.importing.gathering import Piece
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.spool import Spool
from weijing.residents.importing.verdicts import Policy, Verdict, judge
from weijing.residents.models import Resident

# In the order of the bits of `roll_change.kept`.
KEEPABLE = ("household", "name", "role", "phone", "sex", "born", "lifecycle")
MOVED, ROLL = Resident.Lifecycle.MOVED.value, Resident.Lifecycle.ROLL.value


def bit(field: str) -> int:
    return 1 << KEEPABLE.index(field)


@dataclass(frozen=True)
class Difference:
    """One cell of one row: both texts in the clear. `name` is the person's, as our record has it.

    Of a place, the texts are names and `key` is that of the roll's (`places.Place.key`).
    """

    n: int
    row: int
    resident_id: int
    field: str
    ours: str
    theirs: str
    verdict: Verdict
    name: str = ""
    key: str = ""


@dataclass(frozen=True)
class _Ours:
    """A record as it is compared. `was_asked`: since they moved away, whether the roll is right."""

    id: int
    household: str
    name: str
    role: str
    sex: str
    born: str
    phone_index: bytes | None
    phone_sealed: bytes | None
    lifecycle: str
    digest: bytes | None
    moved_by_person: bool
    was_asked: bool


@dataclass(frozen=True)
class Differing:
    """How two rows are compared: the county, the marks, the policy of every column."""

    county_id: int
    marker: Marker
    policies: Mapping[str, Policy]

    def between(self, ours: _Ours, theirs: workers.Row, n: int) -> Iterator[Difference]:
        for field, mine, said in self._cells(ours, theirs):
            verdict = self._verdict(ours, field, mine, said)
            if field == "phone":
                mine, said = _opened(ours), theirs.phone
            yield Difference(n, theirs.number, ours.id, field, mine, said, verdict, ours.name)
        if ours.lifecycle != ROLL and ours.lifecycle != Resident.Lifecycle.DECEASED:
            yield Difference(
                n, theirs.number, ours.id, "lifecycle", ours.lifecycle, ROLL,
                self._back(ours), ours.name,
            )  # fmt: skip

    def _cells(self, ours: _Ours, theirs: workers.Row) -> Iterator[tuple[str, str, str]]:
        """Where the roll says something else. What it leaves empty says nothing."""
        for field in ("household", "name", "role", "sex", "born"):
            mine, said = getattr(ours, field), getattr(theirs, field)
            if said and said != mine:
                yield field, mine, said
        if theirs.phone_index and theirs.phone_index != ours.phone_index:
            mine = ours.phone_index.hex() if ours.phone_index else ""
            yield "phone", mine, theirs.phone_index.hex()

    def _verdict(self, ours: _Ours, field: str, mine: str, said: str) -> Verdict:
        if not mine:
            return Verdict.TAKE
        last = marks.of_person(ours.digest, field) if ours.digest else None
        if field == "phone":
            of_mine, of_said = (bytes.fromhex(one)[: marks.MARK_BYTES] for one in (mine, said))
        else:
            of_mine, of_said = self.marker.mark(field, mine), self.marker.mark(field, said)
        policy, is_from_roll = self.policies[field], ours.digest is not None
        return judge(of_mine, of_said, last, policy=policy, is_from_roll=is_from_roll)

    def _back(self, ours: _Ours) -> Verdict:
        """Who moved away by a person's word stays away until asked; asked once, not every week."""
        if ours.lifecycle != MOVED or not ours.moved_by_person:
            return Verdict.TAKE
        if ours.was_asked:
            return Verdict.KEEP
        theirs = {Policy.ROLL: Verdict.TAKE, Policy.OURS: Verdict.KEEP}
        return theirs.get(self.policies["lifecycle"], Verdict.CONFLICT)


def of_pieces(
    differing: Differing,
    executor: Any,
    spool: Spool,
    pieces: Sequence[Piece],
    numbers: npt.NDArray[np.int64],
    ids: npt.NDArray[np.int64],
) -> Iterator[list[Difference]]:
    """The differences of each part. `numbers`: n of the changed rows, rising; `ids` by n."""
    spans = list(_spans(pieces, numbers))
    wanted = (
        workers.Wanted(spool.get(piece.good), (those - piece.first_n).tolist())
        for piece, those in spans
    )
    opened = workers.in_order(executor, workers.open_rows, wanted)
    for (_, those), rows in zip(spans, opened, strict=True):
        known = _records(differing.county_id, ids[those].tolist())
        yield [
            difference
            for n, row in zip(those.tolist(), rows, strict=True)
            for difference in differing.between(known[int(ids[n])], row, n)
        ]


def _spans(
    pieces: Sequence[Piece], numbers: npt.NDArray[np.int64]
) -> Iterator[tuple[Piece, npt.NDArray[np.int64]]]:
    for number, piece in enumerate(pieces):
        start = int(np.searchsorted(numbers, piece.first_n))
        is_last = number + 1 == len(pieces)
        stop = (
            len(numbers) if is_last else int(np.searchsorted(numbers, pieces[number + 1].first_n))
        )
        if start < stop:
            yield piece, numbers[start:stop].astype(np.int64)


def _records(county_id: int, ids: list[int]) -> dict[int, _Ours]:
    with connection.cursor() as cursor:
        cursor.execute(_OURS, {"county": county_id, "ids": ids})
        return {row[0]: _ours(*row) for row in cursor.fetchall()}


def _ours(*row: Any) -> _Ours:
    id, home, name, role, sex, born, index, sealed, lifecycle, digest, by_person, asked = row
    return _Ours(
        id, home, name, role, sex, born, index.bytes if index else None, sealed, lifecycle,
        bytes(digest) if digest is not None else None, by_person, asked,
    )  # fmt: skip


def _opened(ours: _Ours) -> str:
    if ours.phone_sealed is None:
        return ""
    where = place(Resident._meta.db_table, "phone_sealed", ours.id)
    return keyring().unseal(ours.phone_sealed, place=where)


_OURS = """
SELECT person.id, coalesce(home.number, ''), person.name, person.household_role, person.sex,
    coalesce(to_char(person.born_on, 'YYYY-MM-DD'), ''), person.phone_index, person.phone_sealed,
    person.lifecycle, person.roll_digest,
    person.lifecycle = 'moved' AND coalesce((
        SELECT change.source IN ('officer', 'resident') FROM residents_residentchange change
        WHERE change.county_id = %(county)s AND change.resident_id = person.id
            AND change.kind = 'lifecycle' ORDER BY change.at DESC LIMIT 1), false),
    person.lifecycle = 'moved' AND EXISTS (
        SELECT 1 FROM residents_rollconflict conflict
        JOIN residents_rollimport roll ON roll.county_id = %(county)s
            AND roll.id = conflict.roll_import_id
        WHERE conflict.county_id = %(county)s AND conflict.resident_id = person.id
            AND conflict.field = 'lifecycle' AND conflict.state IN ('open', 'kept')
            AND roll.started_at > (
                SELECT max(change.at) FROM residents_residentchange change
                WHERE change.county_id = %(county)s AND change.resident_id = person.id
                    AND change.kind = 'lifecycle'))
FROM residents_resident person
LEFT JOIN residents_household home
    ON home.county_id = %(county)s AND home.id = person.household_id
WHERE person.county_id = %(county)s AND person.id = ANY(%(ids)s::bigint[])
"""
