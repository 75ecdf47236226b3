"""People an officer has to do with often: marked by the officer, or opened lately."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core.errors import DomainError
from weijing.residents.models import Favourite, Resident
from weijing.residents.queries import visible_to

MAX_FAVOURITES = 200
LOOKED_THROUGH = 200  # entries of the trail; one opens few records, and one twice or more


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


def opened_lately(scope: Scope, *, limit: int) -> list[Resident]:
    """Whose record the officer opened, the latest first; of those still visible."""
    opened = AuditEntry.objects.filter(
        Q(purpose="officer.record") | Q(purpose__startswith="desk."),
        county_id=scope.county_id, actor_id=scope.officer_id, action="record.viewed",
        object_type=Resident._meta.label_lower,
    )  # fmt: skip
    latest = opened.order_by("-at", "-pk").values_list("object_id", flat=True)[:LOOKED_THROUGH]
    ids = list(dict.fromkeys(id for id in latest if id is not None))
    people = visible_to(scope).select_related("household", "division__parent").in_bulk(ids)
    return [people[id] for id in ids if id in people][:limit]
