"""People an officer has to do with often: marked by the officer, or opened lately."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.residents.models import Favourite, Resident
from weijing.residents.queries import visible_to

MAX_FAVOURITES = 200
LATELY = timedelta(days=30)
LOOKED_THROUGH = 5_000  # entries of the trail: a hundred pages of a list
OPENED_AT_MOST = 200  # of them; one opens few records, and one twice or more
OPENED = ["officer.record", "desk.%"]  # purposes of opening one record


class TooMany(DomainError):
    """A list of everybody finds nobody."""


def favourites_of(scope: Scope) -> QuerySet[Resident]:
    """Whom the officer marked and may still see, by name."""
    marked = Favourite.objects.filter(county_id=scope.county_id, officer_id=scope.officer_id)
    return visible_to(scope).filter(pk__in=marked.values("resident_id")).order_by("pinyin", "pk")


def marked_among(people: Collection[int], *, by: Officer) -> set[int]:
    rows = Favourite.objects.filter(county_id=by.county_id, officer=by, resident_id__in=people)
    return set(rows.values_list("resident_id", flat=True))


@transaction.atomic
def mark_as(person_id: int, is_favourite: bool, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Mark the person, or no longer. Twice is as good as once.

    Raises `TooMany`, `Resident.DoesNotExist` for those the officer may not know of.
    """
    person = visible_to(scope).get(pk=person_id)
    own = Favourite.objects.filter(county_id=by.county_id, officer=by)
    if is_favourite and own.count() >= MAX_FAVOURITES:
        raise TooMany(f"没有收藏：最多收藏 {MAX_FAVOURITES} 位。请先取消不常用的。")
    if is_favourite:
        Favourite.objects.bulk_create(
            [Favourite(county_id=by.county_id, officer=by, resident=person, at=at)],
            ignore_conflicts=True,
        )
    else:
        own.filter(resident=person).delete()
    trail.record(by, "favourite.marked" if is_favourite else "favourite.unmarked", person, at=at)


def opened_lately(scope: Scope, *, limit: int, at: datetime) -> list[Resident]:
    """Whose record the officer opened in these weeks, the latest first; of those still visible.

    Lists note every row they show, so only so many of the latest entries are looked at.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _OPENED,
            [
                scope.county_id, scope.officer_id, at - LATELY, LOOKED_THROUGH,
                Resident._meta.label_lower, OPENED, OPENED_AT_MOST,
            ],
        )  # fmt: skip
        ids = list(dict.fromkeys(id for (id,) in cursor.fetchall()))
    people = visible_to(scope).select_related("household", "division__parent").in_bulk(ids)
    return [people[id] for id in ids if id in people][:limit]


_OPENED = """
SELECT object_id FROM (
    SELECT at, id, action, object_type, object_id, purpose FROM audit_auditentry
    WHERE county_id = %s AND actor_id = %s AND at >= %s
    ORDER BY at DESC LIMIT %s
) latest
WHERE action = 'record.viewed' AND object_type = %s AND purpose LIKE ANY(%s)
    AND object_id IS NOT NULL
ORDER BY at DESC, id DESC LIMIT %s
"""
