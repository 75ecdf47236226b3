"""An import that was a mistake, taken back within a week: the people it made, untouched since.

Whoever has been labelled, tagged, linked, visited or changed since stays: their record has become
somebody's work.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.core.ids import ID_STEP
from weijing.residents import audience_changes
from weijing.residents.figures.touching import touch
from weijing.residents.importing import uploads
from weijing.residents.models import Household, Resident, RollImport

WITHIN = timedelta(days=7)


class TooLate(DomainError):
    """Only a fresh import is taken back."""


def can_take_back(record: RollImport, *, at: datetime) -> bool:
    made = record.made.get("residents", 0)
    is_fresh = record.finished_at is not None and at - record.finished_at <= WITHIN
    return record.state == RollImport.State.APPLIED and bool(made) and is_fresh


@transaction.atomic
def take_back(record: RollImport, *, by: Officer, at: datetime) -> tuple[int, int]:
    """How many new residents were taken away again, and how many stay.

    Raises `TooLate`.
    """
    rows = RollImport.objects.select_for_update(no_key=True, of=("self",))
    record = rows.get(county_id=record.county_id, pk=record.pk)
    if not can_take_back(record, at=at):
        raise TooLate("这次导入已经撤回，或者超过 7 天。没有改动，请逐个更正。")
    county_id, made = record.county_id, record.made
    people = _range(made["first_resident"], made["residents"])
    homes = _range(made["first_household"], made["households"])
    with connection.cursor() as cursor:
        cursor.execute(_DELETE_PAIRS, {"county": county_id, **people})
        untouched_people = _UNTOUCHED.format(touched=_referring(Resident))
        cursor.execute(untouched_people, {"county": county_id, **people})
        untouched = [row[0] for row in cursor.fetchall()]
        cursor.execute(_PLACES, {"county": county_id, "ids": untouched})
        places = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DELETE, {"county": county_id, "ids": untouched})
        cursor.execute(
            _DELETE_HOMES.format(touched=_referring(Household)), {"county": county_id, **homes}
        )
    touch(county_id, places)
    audience_changes.people(county_id, untouched)
    record.state = RollImport.State.UNDONE
    record.save(update_fields=["state"])
    uploads.forget(record)
    stay = made["residents"] - len(untouched)
    trail.record(by, "roll.taken_back", record, at=at, removed=len(untouched), kept=stay)
    return len(untouched), stay


def _range(first: int, count: int) -> dict[str, Any]:
    return {"first": first, "after": first + count * ID_STEP, "step": ID_STEP}


def _referring(model: Any) -> str:
    """Conditions: no row of any table refers to this one."""
    conditions = []
    for relation in model._meta.related_objects:
        table, column = relation.related_model._meta.db_table, relation.field.column
        conditions.append(
            f"NOT EXISTS (SELECT 1 FROM {table} other "  # noqa: S608
            "WHERE other.county_id = %(county)s "
            f"AND other.{column} = made.id)"
        )
    return " AND ".join(conditions)


_OF_IMPORT = (
    "made.county_id = %(county)s AND made.id >= %(first)s AND made.id < %(after)s "
    "AND (made.id - %(first)s) %% %(step)s = 0"
)
_UNTOUCHED = (
    f"SELECT made.id FROM residents_resident made WHERE {_OF_IMPORT} "  # noqa: S608
    "AND made.lifecycle = 'roll' AND {touched} ORDER BY made.id FOR UPDATE"
)
# Found by a rule, decided by nobody.
_DELETE_PAIRS = f"""
DELETE FROM residents_duplicatepair pair USING residents_resident made
WHERE {_OF_IMPORT} AND pair.county_id = %(county)s AND pair.state = 'open'
AND made.id IN (pair.first_id, pair.second_id)
"""  # noqa: S608
_PLACES = (
    "SELECT DISTINCT division_id FROM residents_resident "
    "WHERE county_id = %(county)s AND id = ANY(%(ids)s::bigint[])"
)
_DELETE = (
    "DELETE FROM residents_resident WHERE county_id = %(county)s AND id = ANY(%(ids)s::bigint[])"
)
_DELETE_HOMES = f"DELETE FROM residents_household made WHERE {_OF_IMPORT} AND {{touched}}"  # noqa: S608
