"""The steps of an undo: rows, facts and consents go back to where a merge took them from."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from weijing.core.ids import new_ids
from weijing.residents.finding import searching
from weijing.residents.merges import choosing, merging, rehanging, remembering
from weijing.residents.merges.referring import by_key, relations
from weijing.residents.merges.rehanging import Pair
from weijing.residents.merges.remembering import Memory, Row
from weijing.residents.models import ConsentRecord, Contact, MergeRecord, Resident
from weijing.residents.record import homes

# Neither is anybody's word: they follow from the other columns, or from the consent records.
FOLLOWING = ("grams", "consents")


@dataclass(frozen=True)
class Rows:
    put_back: int
    left: int


def rows(record: MergeRecord, memory: Memory) -> Rows:
    """Those that moved, and those taken away because the other record had them too."""
    # First what was taken away: an undone row of a couple's account then moves with the others.
    returned = sum(_bring_back(record.county_id, dropped) for dropped in memory.dropped)
    back = returned
    for key, ids in record.moved.items():
        if relation := by_key().get(key):
            back += len(
                rehanging.move_rows(
                    record.county_id,
                    relation,
                    ids,
                    source=record.survivor_id,
                    target=record.absorbed_id,
                )
            )
    expected = len(memory.dropped) + sum(map(len, record.moved.values()))
    if record.kind == MergeRecord.Kind.SPLIT:
        # The new record ends, so what it was given since goes along.
        pair = Pair(stranger=record.survivor_id, resident=record.absorbed_id)
        rehanging.move(record.county_id, [pair])
        _label_again(record.county_id, memory)
    return Rows(back, expected - back)


def facts(record: MergeRecord, memory: Memory) -> list[str]:
    """Restore both records' columns; returns the labels of facts changed since, which stay."""
    now = remembering.rows(record.county_id, [record.survivor_id, record.absorbed_id])
    stayed: dict[str, None] = {}
    for pk, old, after in (
        # The survivor gives back the ID number first: no two records may have it.
        (record.survivor_id, memory.survivor, memory.survivor_after),
        (record.absorbed_id, memory.absorbed, memory.absorbed_after),
    ):
        ends = record.kind == MergeRecord.Kind.SPLIT and pk == record.survivor_id
        changed = set() if ends else _changed_since(after, now[pk])
        back = [column for column in after if column not in FOLLOWING]
        stays = {column for column in back if _label(column) in changed}
        if "id_number_index" in back and _is_taken(record.county_id, old, pk):
            stays |= set(choosing.FACTS["id_number"].columns)
            changed.add(choosing.FACTS["id_number"].label)
        remembering.restore(record.county_id, pk, old, [c for c in back if c not in stays])
        stayed |= dict.fromkeys(sorted(changed))
        _find_again(record.county_id, pk, old, is_whole=not changed)
    return list(stayed)


def withdrawn_since(record: MergeRecord) -> list[ConsentRecord]:
    """What was taken back at the survivor after the merge."""
    moved = record.moved.get("residents_consentrecord.resident_id", [])
    spoken = ConsentRecord.objects.filter(
        county_id=record.county_id, resident_id=record.survivor_id, pk__gt=record.pk, given=False
    )
    return [row for row in spoken.order_by("at", "pk") if row.pk not in moved]


def consents(record: MergeRecord, memory: Memory, withdrawn: list[ConsentRecord]) -> None:
    """Both records' consents as before, but for what was said since."""
    if record.kind == MergeRecord.Kind.MERGE:
        _repeat(withdrawn, record.absorbed_id)
    for pk, old in (
        (record.survivor_id, memory.survivor),
        (record.absorbed_id, memory.absorbed),
    ):
        said = list(ConsentRecord.objects.filter(county_id=record.county_id, resident_id=pk))
        is_new = any(row.pk > record.pk for row in said)
        in_force = merging.words_in_force(said) if is_new else old["consents"]
        Resident.objects.filter(county_id=record.county_id, pk=pk).update(consents=in_force)


def homes_lived_in(county_id: int, memory: Memory) -> None:
    """Households that ended because the merge left nobody there."""
    homes.lock(county_id, memory.ended_homes)
    for pk in memory.ended_homes:
        if homes.living_in(county_id, [pk]):
            homes.reopen(county_id, pk)


def _bring_back(county_id: int, dropped: Row) -> bool:
    """The row as it was; not when its twin was removed since, or what it refers to is gone."""
    table, row = dropped["table"], dropped["row"]
    model = next((r.model for r in relations() if r.table == table), None)
    if model is None or not _refers_to_what_exists(county_id, model, row):
        return False
    template = f'NULL::"{table}"' if dropped["twin"] is None else "twin"
    source = "(SELECT 1) nothing" if dropped["twin"] is None else f'"{table}" twin'
    condition = "TRUE" if dropped["twin"] is None else "twin.county_id = %s AND twin.id = %s"
    values = [] if dropped["twin"] is None else [county_id, dropped["twin"]]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" SELECT (jsonb_populate_record({template}, %s::jsonb)).* '  # noqa: S608
            f"FROM {source} WHERE {condition}",
            [json.dumps(row), *values],
        )
        return bool(cursor.rowcount)


def _refers_to_what_exists(county_id: int, model: type[models.Model], row: Row) -> bool:
    for item in model._meta.concrete_fields:
        target: Any = item.related_model
        if target is None or item.name == "county" or row.get(item.column) is None:
            continue
        if not target.objects.filter(county_id=county_id, pk=row[item.column]).exists():
            return False
    return True


def _changed_since(after: Row, now: Row) -> set[str]:
    """Labels of the facts that are no longer as the merge left them."""
    changed = set()
    for column, value in after.items():
        if column in FOLLOWING or now.get(column) == value:
            continue
        fact = choosing.fact_of(column)
        # Sealed anew is not changed: the index tells.
        if fact is None or column == choosing.FACTS[fact].told_by or not _is_sealed(column):
            changed.add(_label(column))
    return changed


def _is_sealed(column: str) -> bool:
    return column.endswith("_sealed") or column == "roll_digest"


def _label(column: str) -> str:
    fact = choosing.fact_of(column)
    return choosing.FACTS[fact].label if fact else column


def _is_taken(county_id: int, old: Row, pk: int) -> bool:
    """Somebody else has got this ID number meanwhile."""
    others = Resident.objects.filter(county_id=county_id, id_number_index=old["id_number_index"])
    return old["id_number_index"] is not None and others.filter(~models.Q(pk=pk)).exists()


def _find_again(county_id: int, pk: int, old: Row, *, is_whole: bool) -> None:
    if is_whole:
        remembering.restore(county_id, pk, old, ["grams"])
        return
    person = Resident.objects.select_related("household").get(county_id=county_id, pk=pk)
    address = person.household.address if person.household else ""
    grams = searching.grams(person.name, address)
    Resident.objects.filter(county_id=county_id, pk=pk).update(grams=grams)


def _repeat(withdrawn: Iterable[ConsentRecord], resident_id: int) -> None:
    rows = list(withdrawn)
    for row, id in zip(rows, new_ids(len(rows)), strict=True):
        row.pk, row.resident_id = id, resident_id
        row._state.adding = True
    ConsentRecord.objects.bulk_create(rows)


def _label_again(county_id: int, memory: Memory) -> None:
    for contact_id, (labelled_at, labelled_by) in memory.unlabelled.items():
        Contact.objects.filter(county_id=county_id, pk=int(contact_id), labelled_at=None).update(
            labelled_at=labelled_at, labelled_by_id=labelled_by
        )
