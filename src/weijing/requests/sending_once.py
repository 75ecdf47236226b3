"""A form that is sent twice is one report: it carries a random token, and its row keeps it."""

from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from weijing.requests.models import LostItem, MissingPerson

Row = TypeVar("Row", LostItem, MissingPerson)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('requests.once'), %s)"


def already_written(rows: QuerySet[Row], once: UUID | None) -> Row | None:
    """What the same form wrote before, among `rows` of one county; None for a form without one.

    Of two at once the second waits here for the first to commit.
    """
    if once is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [once.int & 0x7FFFFFFF])
    return rows.filter(once=once).first()
