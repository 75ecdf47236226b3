"""Rows that came to a record after it was merged away follow to the one that stands for it.

A release, an import or a reading of WeCom that began before the merge still writes the old id.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from weijing.residents import audience_changes
from weijing.residents.merges import merging, rehanging, remembering
from weijing.residents.merges.referring import relations
from weijing.residents.merges.rehanging import Pair
from weijing.residents.models import MergeRecord, Resident

STILL_MOVING = timedelta(minutes=15)  # longer than any transaction of ours


def follow_recent(county_id: int, *, at: datetime) -> int:
    """After the merges of the last minutes. Returns how many rows followed."""
    fresh = MergeRecord.objects.filter(county_id=county_id, at__gt=at - merging.FOLLOW_UP_AFTER)
    if fresh.exists():  # too young to be sure of: look once more
        merging.follow_up(county_id, at=at)
    return _follow(county_id, MergeRecord.objects.filter(at__gte=at - STILL_MOVING))


def follow_all(county_id: int, *, at: datetime) -> int:
    """The same for every merge that could still be undone."""
    return _follow(county_id, MergeRecord.objects.filter(at__gte=at - remembering.UNDO_WITHIN))


def follow(county_id: int, resident_ids: Collection[int]) -> int:
    """The same for these records, at once: who is asked to send must see the one that counts."""
    named = Q(absorbed__in=resident_ids) | Q(survivor__in=resident_ids)
    return _follow(county_id, MergeRecord.objects.filter(named))


@transaction.atomic
def _follow(county_id: int, records: QuerySet[MergeRecord]) -> int:
    # An undone split leaves its new record behind, a merge in force the absorbed one.
    in_force = Q(undone_at=None, kind=MergeRecord.Kind.MERGE)
    in_force |= Q(undone_at__isnull=False, kind=MergeRecord.Kind.SPLIT)
    merged = list(records.filter(in_force, county_id=county_id).order_by("pk"))
    left = _having_rows(county_id, [_pair(record).stranger for record in merged])
    followed = 0
    for record in merged:
        # A merge of merges: what reaches the middle one goes on with the next record.
        if _pair(record).stranger in left:
            followed += _follow_one(record)
            left.add(_pair(record).resident)
    return followed


def _pair(record: MergeRecord) -> Pair:
    if record.kind == MergeRecord.Kind.SPLIT:
        return Pair(stranger=record.survivor_id, resident=record.absorbed_id)
    return Pair(stranger=record.absorbed_id, resident=record.survivor_id)


def _having_rows(county_id: int, resident_ids: list[int]) -> set[int]:
    found: set[int] = set()
    if not resident_ids:
        return found
    with connection.cursor() as cursor:
        for relation in relations():
            cursor.execute(
                f'SELECT DISTINCT "{relation.column}" FROM "{relation.table}" '  # noqa: S608
                f'WHERE county_id = %s AND "{relation.column}" = ANY(%s)',
                [county_id, resident_ids],
            )
            found |= {row[0] for row in cursor.fetchall()}
    return found


def _follow_one(record: MergeRecord) -> int:
    county_id, pair = record.county_id, _pair(record)
    people = Resident.objects.select_for_update().filter(
        county_id=county_id, pk__in=[pair.stranger, pair.resident]
    )
    states = dict(people.order_by("pk").values_list("pk", "lifecycle"))
    fresh = MergeRecord.objects.select_for_update().get(county_id=county_id, pk=record.pk)
    # Undone, or become somebody again, while we waited.
    if fresh.undone_at != record.undone_at or states[pair.stranger] != Resident.Lifecycle.DUPLICATE:
        return 0
    moved = rehanging.move(county_id, [pair]).get(pair.stranger)
    if moved is None:
        return 0
    _remember(fresh, moved)
    audience_changes.people_and_tags(county_id, [pair.stranger, pair.resident])
    if "residents_consentrecord.resident_id" in moved.rows:
        merging.recompute_consents(county_id, [pair.resident])
    return moved.count


def _remember(record: MergeRecord, moved: rehanging.Moved) -> None:
    if record.undone_at is not None or not record.before_sealed:
        return
    for key, ids in moved.rows.items():
        record.moved[key] = [*record.moved.get(key, []), *ids]
    memory = remembering.recall(record)
    memory.dropped += moved.dropped
    remembering.keep(record, memory)
    record.save(update_fields=["moved", "before_sealed"])
