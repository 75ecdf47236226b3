"""Two rows were one person: everything that hangs on the one moves to the other.

Works on whatever refers to a resident, in any part of the house, by the foreign keys that the
models declare: a new table needs no line here, and this module knows none of the parts above.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models, transaction

from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.core.errors import DomainError
from weijing.residents import consent
from weijing.residents.models import ConsentRecord, Resident


class CannotMerge(DomainError):
    """Only a person we know from WeCom alone may become one of the roll."""


@dataclass(frozen=True)
class Pair:
    """`stranger` turns out to be `resident`. Ids."""

    stranger: int
    resident: int


@transaction.atomic
def merge(county_id: int, pairs: Collection[Pair], *, by: Officer | None, at: datetime) -> None:
    """Move identities, consents, tags and all else; set-based, for one pair or many thousand.

    A provisional row that nothing refers to afterwards is deleted; one that still has something
    (both carried the same tag, both received the same message) stays as a duplicate.

    Raises `CannotMerge` unless every stranger is provisional, named once, and every target stands
    on the roll.
    """
    if not pairs:
        return
    strangers = [pair.stranger for pair in pairs]
    residents = [pair.resident for pair in pairs]
    _lock(county_id, strangers, residents)
    for relation in _relations():
        _move(relation, county_id, strangers, residents)
    _recompute_consents(county_id, residents)
    _retire(county_id, strangers)
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                county_id=county_id,
                at=at,
                actor=by,
                action="resident.merged",
                object_type=Resident._meta.label_lower,
                object_id=pair.resident,
                details={"stranger": pair.stranger},
            )
            for pair in pairs
        ),
        batch_size=2_000,
    )


def _lock(county_id: int, strangers: list[int], residents: list[int]) -> None:
    # In one order, so that two merges that share a person wait instead of blocking each other.
    rows = Resident.objects.filter(county_id=county_id, pk__in=[*strangers, *residents])
    lifecycles = dict(rows.select_for_update().order_by("pk").values_list("pk", "lifecycle"))
    provisional = Resident.Lifecycle.PROVISIONAL
    if (
        len(set(strangers)) < len(strangers)
        or any(lifecycles.get(pk) != provisional for pk in strangers)
        or any(lifecycles.get(pk) != Resident.Lifecycle.ROLL for pk in residents)
    ):
        raise CannotMerge("这个人的资料刚刚被别人改过，请刷新后再看。")


@dataclass(frozen=True)
class _Relation:
    table: str
    column: str
    unique: tuple[tuple[str, ...], ...]  # the other columns of unique constraints with `column`


@cache
def _relations() -> tuple[_Relation, ...]:
    found = []
    for relation in Resident._meta.related_objects:
        model: type[models.Model] = relation.related_model  # type: ignore[assignment]
        field: Any = relation.field
        constraints = [
            [_column(model, name) for name in constraint.fields]
            for constraint in model._meta.constraints
            if isinstance(constraint, models.UniqueConstraint) and field.name in constraint.fields
        ]
        unique = tuple(
            tuple(column for column in columns if column != field.column) for columns in constraints
        )
        found.append(_Relation(model._meta.db_table, field.column, unique))
    return tuple(found)


def _column(model: type[models.Model], name: str) -> str:
    column = getattr(model._meta.get_field(name), "column", None)
    assert column is not None, name
    return str(column)


_PAIRS = "unnest(%(strangers)s::bigint[], %(residents)s::bigint[]) AS pair (stranger, resident)"


def _move(relation: _Relation, county_id: int, strangers: list[int], residents: list[int]) -> None:
    """Names come from the models, values go as parameters."""
    table, column = relation.table, relation.column
    free = ""
    for columns in relation.unique:
        # Taken by the resident, or by another stranger who becomes the same resident.
        same = " AND ".join(f'taken."{name}" = mine."{name}"' for name in columns)
        free += f""" AND NOT EXISTS (
            SELECT 1 FROM "{table}" taken LEFT JOIN {_PAIRS.replace("pair", "other")}
                ON taken."{column}" = other.stranger
            WHERE taken.county_id = %(county)s AND taken.id <> mine.id AND {same}
            AND (taken."{column}" = pair.resident
                 OR (other.resident = pair.resident AND taken.id < mine.id)))"""  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" mine SET "{column}" = pair.resident FROM {_PAIRS} '  # noqa: S608
            f'WHERE mine.county_id = %(county)s AND mine."{column}" = pair.stranger{free}',
            {"county": county_id, "strangers": strangers, "residents": residents},
        )


def _recompute_consents(county_id: int, residents: list[int]) -> None:
    """What the latest word on each scope was, whichever row it was said to."""
    records: dict[int, list[ConsentRecord]] = {}
    touched = Resident.objects.filter(county_id=county_id, pk__in=residents)
    for record in ConsentRecord.objects.filter(county_id=county_id, resident__in=touched):
        records.setdefault(record.resident_id, []).append(record)
    if not records:
        return
    changed = []
    for resident in touched.filter(pk__in=list(records)).only("pk", "county_id", "consents"):
        resident.consents = consent.in_force(records[resident.pk])
        changed.append(resident)
    Resident.objects.bulk_update(changed, ["consents"], batch_size=1_000)


def _retire(county_id: int, strangers: list[int]) -> None:
    unused = "".join(
        _UNUSED.format(table=relation.table, column=relation.column) for relation in _relations()
    )
    with connection.cursor() as cursor:
        cursor.execute(_DELETE + unused, [county_id, strangers])
    left = Resident.objects.filter(county_id=county_id, pk__in=strangers)
    left.update(lifecycle=Resident.Lifecycle.DUPLICATE, consents=[])


_DELETE = """
DELETE FROM residents_resident person WHERE person.county_id = %s AND person.id = ANY(%s)
"""
_UNUSED = """
AND NOT EXISTS (SELECT 1 FROM "{table}" other
    WHERE other.county_id = person.county_id AND other."{column}" = person.id)
"""
