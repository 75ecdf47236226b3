"""Whether the trail is as it was written: every mark, every seal, and the seals kept elsewhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from weijing.audit import checkpoints
from weijing.audit.marking import digest, mark_of
from weijing.audit.models import Seal
from weijing.territory.models import County

ROWS_AT_ONCE = 10_000


@dataclass
class Verdict:
    """`wrong` in plain words, each naming an entry or a seal; empty: all is as it was written."""

    entries: int = 0
    unsealed: int = 0
    seals: int = 0
    checkpoints: int = 0
    wrong: list[str] = field(default_factory=list)


@transaction.atomic
def verify(county: County, *, on_progress: Callable[[int], None] = lambda entries: None) -> Verdict:
    """Read all entries of a county. Two million take half a minute.

    Raises `OSError` or `ValueError` when the checkpoints cannot be read.
    """
    found = Verdict()
    kept = checkpoints.read(county)
    seals = {seal.number: seal for seal in Seal.objects.filter(county=county).order_by("number")}
    previous, expected = b"", 1
    for number, rows in groupby(_entries(county), key=lambda row: row[-1]):
        marks = list(_marks(rows, found, on_progress))
        if number is None:
            found.unsealed = len(marks)
            continue
        found.wrong += [f"seal {gap} has no entries" for gap in range(expected, number)]
        expected = number + 1
        seal = seals.get(number)
        if seal is None:
            found.wrong.append(f"seal {number} is missing")
            continue
        if bytes(seal.digest) != digest(previous, number, marks):
            found.wrong.append(f"seal {number} does not fit its {len(marks)} entries")
        previous = bytes(seal.digest)
    found.wrong += [f"seal {number} has no entries" for number in seals if number >= expected]
    found.seals, found.checkpoints = len(seals), len(kept)
    found.wrong += _against(kept, seals)
    return found


def _marks(
    rows: Iterator[Any], found: Verdict, on_progress: Callable[[int], None]
) -> Iterator[tuple[int, bytes]]:
    for *said, details, kept, _seal in rows:
        if mark_of(*said, json.loads(details)) != bytes(kept):
            found.wrong.append(f"entry {said[1]} is not what was written")
        found.entries += 1
        if found.entries % ROWS_AT_ONCE == 0:
            on_progress(found.entries)
        yield said[1], bytes(kept)


def _against(kept: dict[int, Any], seals: dict[int, Seal]) -> list[str]:
    wrong = []
    for number, line in sorted(kept.items()):
        seal = seals.get(number)
        if seal is None:
            wrong.append(f"seal {number} is in the checkpoints and not in the database")
        elif bytes(seal.digest).hex() != line["digest"]:
            wrong.append(f"seal {number} is another one in the checkpoints")
    return wrong


def oldest_unsealed(county: County) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, [county.pk])
        [(at,)] = cursor.fetchall()
        return at if isinstance(at, datetime) else None


def _entries(county: County) -> Iterator[Any]:
    """In the order of their seals, the unsealed last; read in a stream."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ENTRIES, [county.pk])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


_ENTRIES = """
SELECT county_id, id, at, actor_id, action, object_type, object_id, purpose, details, mark, seal
FROM audit_auditentry WHERE county_id = %s ORDER BY seal NULLS LAST, id
"""
_OLDEST = "SELECT min(at) FROM audit_auditentry WHERE county_id = %s AND seal IS NULL"
