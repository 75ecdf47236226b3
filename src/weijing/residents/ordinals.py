"""Dense numbers for the residents of a county: audience bitmaps are over them."""

from django.db import connection

from weijing.core.ids import new_id
from weijing.residents.models import OrdinalCounter


def take(county_id: int, count: int) -> int:
    """Take `count` ordinals in a row and return the first. 0 takes none and only waits its turn.

    The county's counter stays locked until the transaction ends, so a rolled-back import leaves
    no gap. Whoever also locks identities or residents takes ordinals first.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [new_id(), county_id, count, count])
        return int(cursor.fetchone()[0]) - count


_TAKE = f"""
INSERT INTO {OrdinalCounter._meta.db_table} AS counter (id, county_id, next_ordinal)
VALUES (%s, %s, %s)
ON CONFLICT (county_id) DO UPDATE SET next_ordinal = counter.next_ordinal + %s
RETURNING next_ordinal
"""  # noqa: S608  (a table's own name)
