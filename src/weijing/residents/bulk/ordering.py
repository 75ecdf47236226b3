"""Ordering a change to many people: who they are is fixed at that moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, Func, IntegerField, QuerySet, Sum
from django.db.models.functions import Coalesce

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.ids import ID_STEP, reserve
from weijing.residents import policies
from weijing.residents.bulk.kinds import KINDS
from weijing.residents.models import BulkPiece, BulkWork, Resident

PIECE = 2_000
MAX_PIECES = 1_000  # two million people; their ids are reserved beforehand
TYPED_ABOVE = 10_000
MAX_QUERY_CHARS = 500


class NobodyChosen(DomainError):
    """The filters fit nobody."""

    def __init__(self) -> None:
        super().__init__("没有符合条件的人，什么也没有改。请放宽筛选再选。")


class CountChanged(DomainError):
    """Others fit the filters than the officer has seen."""

    def __init__(self, seen: int, now: int) -> None:
        super().__init__(
            f"人数从 {seen:,} 变为 {now:,}，还没有改动任何人。请核对新的人数，再点一次。"
        )


class CountNotTyped(DomainError):
    """So many people want a second look."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"超过 {TYPED_ABOVE:,} 人，请在框里写上人数 {count}，再点一次。还没有改动。"
        )


@transaction.atomic
def order(
    kind: str,
    people: QuerySet[Resident],
    *,
    parameters: Mapping[str, Any],
    seen: int,
    typed: int | None = None,
    query: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> BulkWork:
    """Fix who they are and have a worker begin. `people` is of those visible to the scope.

    `seen` is the count the officer confirmed, `typed` the same typed out when there are many.

    Raises `PermissionDenied`, `NobodyChosen`, `CountNotTyped`, `CountChanged`.
    """
    assert kind in KINDS and scope.officer_id == by.pk
    if not policies.can_change_many(scope):
        raise PermissionDenied
    if seen > TYPED_ABOVE and typed != seen:
        raise CountNotTyped(seen)
    work = BulkWork.objects.create(
        county_id=scope.county_id, kind=kind, parameters=dict(parameters),
        query=query if len(query) <= MAX_QUERY_CHARS else "",  # half of it means others
        by=by, at=at, total=0,
    )  # fmt: skip
    work.total = _fix_people(work, people)
    if not work.total:
        raise NobodyChosen
    if work.total != seen:
        raise CountChanged(seen, work.total)
    work.save(update_fields=["total"])
    trail.record(by, "bulk.ordered", work, at=at, kind=kind, count=work.total)
    begin(work)
    return work


def begin(work: BulkWork) -> None:
    jobs.enqueue("residents.run_bulk", once=f"bulk-{work.pk}", work_id=work.pk)


def _fix_people(work: BulkWork, people: QuerySet[Resident]) -> int:
    """Pieces with the ids of everybody meant; they never travel here. Returns how many people."""
    meant = people.order_by().values_list("pk", "ordinal")
    try:
        chosen, values = meant.query.sql_with_params()
    except EmptyResultSet:  # the filters contradict each other
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _FIX_PEOPLE.format(chosen=chosen),
            [PIECE, work.county_id, reserve(MAX_PIECES), ID_STEP, work.pk, *values],
        )
    pieces = BulkPiece.objects.filter(county_id=work.county_id, work=work)
    size = Func(F("resident_ids"), function="cardinality", output_field=IntegerField())
    return int(pieces.aggregate(people=Coalesce(Sum(size), 0))["people"])


_FIX_PEOPLE = """
WITH wanted (piece, county_id, first_id, step, work_id) AS (
    VALUES (%s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint)
), meant (id, ordinal) AS MATERIALIZED ({chosen}), numbered AS (
    SELECT meant.id, meant.ordinal,
        (row_number() OVER (ORDER BY meant.ordinal) - 1) / (SELECT piece FROM wanted) AS number
    FROM meant
)
INSERT INTO residents_bulkpiece (county_id, id, work_id, number, resident_ids, changed)
SELECT wanted.county_id, wanted.first_id + numbered.number * wanted.step, wanted.work_id,
    numbered.number, array_agg(numbered.id ORDER BY numbered.ordinal), '[]'
FROM numbered, wanted
GROUP BY numbered.number, wanted.county_id, wanted.first_id, wanted.step, wanted.work_id
"""
