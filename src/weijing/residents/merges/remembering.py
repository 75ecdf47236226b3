"""Both records as they were before a merge, sealed: what an undo goes by."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from weijing.accounts.models import Officer
from weijing.core.ids import new_ids
from weijing.residents.merges.rehanging import Moved, Pair
from weijing.residents.models import MergeRecord, Resident

UNDO_WITHIN = timedelta(days=30)

Row = dict[str, Any]  # column: value, as PostgreSQL writes it in JSON


@dataclass
class Memory:
    """What a `MergeRecord` seals. `*_after` hold the columns that the merge itself changed."""

    survivor: Row
    absorbed: Row
    survivor_after: Row = field(default_factory=dict)
    absorbed_after: Row = field(default_factory=dict)
    dropped: list[Row] = field(default_factory=list)
    ended_homes: list[int] = field(default_factory=list)
    # Contacts that a split put back into the queue: {id: [labelled_at, labelled_by]}.
    unlabelled: Row = field(default_factory=dict)


def rows(county_id: int, resident_ids: Collection[int]) -> dict[int, Row]:
    """The records as they are now, every column of them."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [county_id, list(resident_ids)])
        return {id: json.loads(row) for id, row in cursor.fetchall()}  # Django: JSON as text


_ROWS = """
SELECT person.id, to_jsonb(person) FROM residents_resident person
WHERE person.county_id = %s AND person.id = ANY(%s)
"""


def write(
    county_id: int,
    pairs: Sequence[Pair],
    moved: Mapping[int, Moved],
    *,
    before: Mapping[int, Row],
    ended_homes: Collection[int] = (),
    by: Officer | None,
    at: datetime,
    kind: str = MergeRecord.Kind.MERGE,
    unlabelled: Row | None = None,
) -> list[MergeRecord]:
    """One record for each pair, once the records are as the merge leaves them."""
    after = rows(county_id, {pk for pair in pairs for pk in (pair.stranger, pair.resident)})
    records = []
    for id, pair in zip(new_ids(len(pairs)), pairs, strict=True):
        of_pair = moved.get(pair.stranger, Moved())
        record = MergeRecord(
            id=id,
            county_id=county_id,
            kind=kind,
            survivor_id=pair.resident,
            absorbed_id=pair.stranger,
            at=at,
            by=by,
            moved=of_pair.rows,
        )
        memory = Memory(
            survivor=before[pair.resident],
            absorbed=before[pair.stranger],
            survivor_after=changed(before[pair.resident], after[pair.resident]),
            absorbed_after=changed(before[pair.stranger], after[pair.stranger]),
            dropped=of_pair.dropped,
            ended_homes=list(ended_homes),
            unlabelled=unlabelled or {},
        )
        keep(record, memory)
        records.append(record)
    return MergeRecord.objects.bulk_create(records, batch_size=1_000)


def recall(record: MergeRecord) -> Memory:
    """What was sealed. Only while the merge can be undone: later it is empty (`forget`)."""
    return Memory(**json.loads(record.before_text))


def keep(record: MergeRecord, memory: Memory) -> None:
    record.before_text = json.dumps(vars(memory), ensure_ascii=False)


def changed(before: Row, after: Row) -> Row:
    return {column: value for column, value in after.items() if before.get(column) != value}


def forget(county_id: int, *, at: datetime) -> int:
    """Empty what nobody may undo any more: it holds personal data. Returns how many."""
    past = MergeRecord.objects.filter(county_id=county_id, at__lt=at - UNDO_WITHIN)
    return past.exclude(before_sealed=b"").update(before_sealed=b"")


def restore(county_id: int, resident_id: int, old: Row, columns: Iterable[str]) -> None:
    """Write these columns back as they were, to the byte."""
    known = {item.column for item in Resident._meta.concrete_fields}
    names = [column for column in columns if column in known and column in old]
    if not names:
        return
    listed = ", ".join(f'"{name}" = old."{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE residents_resident person SET {listed} "  # noqa: S608  (columns of the model)
            f"FROM jsonb_populate_record(NULL::residents_resident, %s::jsonb) old "
            f"WHERE person.county_id = %s AND person.id = %s",
            [json.dumps(old), county_id, resident_id],
        )
