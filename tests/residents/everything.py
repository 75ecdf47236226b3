"""All that is known of a county's people, row by row, to compare before and after."""

from typing import Any

from django.db import connection

from weijing.residents.merges.referring import relations
from weijing.residents.models import Household, Resident

HISTORY = "residents_residentchange"  # tells of merges and their undoing itself


def everything(county_id: int) -> dict[str, dict[int, Any]]:
    """Every row that refers to a resident, the residents, households and contacts; whole rows."""
    tables = {relation.table for relation in relations()} - {HISTORY}
    tables |= {Resident._meta.db_table, Household._meta.db_table, "residents_contact"}
    with connection.cursor() as cursor:
        found = {}
        for table in sorted(tables):
            cursor.execute(
                f'SELECT id, to_jsonb(t)::text FROM "{table}" t WHERE county_id = %s',
                [county_id],
            )
            found[table] = dict(cursor.fetchall())
    return found


def ids(rows: dict[str, dict[int, Any]]) -> dict[str, set[int]]:
    return {table: set(of_table) for table, of_table in rows.items()}
