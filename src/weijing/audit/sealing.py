"""Every minute: what has been written since is closed under one more seal of its county.

Entries commit in another order than they were written, so the sealer takes what it finds unsealed
and leaves nothing behind for good.
"""

from datetime import datetime

from django.db import connection, transaction

from weijing.audit.marking import digest
from weijing.audit.models import AuditEntry, Seal

MOST_AT_ONCE = 20_000


def seal(county_id: int, *, at: datetime) -> int:
    """Seal all that is committed; how many entries. Two at once wait for each other."""
    sealed = 0
    while (new := _seal_some(county_id, at=at)) > 0:
        sealed += new
    return sealed


@transaction.atomic
def _seal_some(county_id: int, *, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [county_id])
    last = Seal.objects.filter(county_id=county_id).order_by("-number").first()
    unsealed = AuditEntry.objects.filter(county_id=county_id, seal=None).order_by("pk")
    rows = unsealed.values_list("pk", "mark")[:MOST_AT_ONCE]
    marks = [(id, bytes(mark)) for id, mark in rows]
    if not marks:
        return 0
    number, previous = (last.number + 1, bytes(last.digest)) if last else (1, b"")
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, [number, county_id, [id for id, _ in marks]])
    Seal.objects.create(
        county_id=county_id,
        number=number,
        at=at,
        entries=len(marks),
        digest=digest(previous, number, marks),
    )
    return len(marks)


_LOCK = "SELECT pg_advisory_xact_lock(hashtext('audit.seal'), (%s %% 2147483647)::int)"
_NUMBER = """
UPDATE audit_auditentry SET seal = %s WHERE county_id = %s AND seal IS NULL AND id = ANY(%s)
"""
