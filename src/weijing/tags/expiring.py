"""Tags that soon run out: said to the officer, who knows whether it is still so, in time.

A tag nobody confirms goes by itself (`assigning.end_expired`); it counts to its last day.
"""

from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.models import Resident
from weijing.residents.queries import narrowed
from weijing.tags import assigning
from weijing.tags.models import TagAssignment

NOTICE_DAYS = 30


class NotExpiring(DomainError):
    """Confirmed, taken off or run out since the page was opened."""

    def __init__(self) -> None:
        super().__init__("这个标签刚处理过，或已到期去掉，名单已更新。")


def soon(scope: Scope, *, on: date) -> QuerySet[TagAssignment]:
    """Of the scope's people, the first to run out first."""
    people = narrowed(scope, lambda some: some.filter(lifecycle__in=_HERE))
    rows = TagAssignment.objects.filter(
        county_id=scope.county_id,
        resident__in=people.order_by().values("pk"),
        expires_on__gte=on,
        expires_on__lte=on + timedelta(days=NOTICE_DAYS),
        tag__retired_at=None,
    )
    return rows.select_related("tag__group", "resident").order_by("expires_on", "resident", "tag")


_HERE = [Resident.Lifecycle.ROLL, Resident.Lifecycle.PROVISIONAL]


def soon_of(person: Resident, *, on: date) -> QuerySet[TagAssignment]:
    """One person's own."""
    rows = TagAssignment.objects.filter(
        county_id=person.county_id, resident=person, tag__retired_at=None,
        expires_on__gte=on, expires_on__lte=on + timedelta(days=NOTICE_DAYS),
    )  # fmt: skip
    return rows.select_related("tag__group").order_by("expires_on", "tag")


def keep(row_id: int, *, by: Officer, scope: Scope, at: datetime) -> TagAssignment:
    """It is still so: its time starts anew, on the grounds it had.

    Raises `NotExpiring`, `PermissionDenied`, and what `assigning.assign` raises.
    """
    row = _own(row_id, scope, at)
    source = TagAssignment.Source.VISIT
    assigning.assign(row.resident, [row.tag], source=source, basis=row.basis, by=by, at=at)
    return row


def drop(row_id: int, *, by: Officer, scope: Scope, at: datetime) -> TagAssignment:
    """It is no longer so. Raises `NotExpiring`, `PermissionDenied`, `OnlyTheResident`."""
    row = _own(row_id, scope, at)
    assigning.check_setter(row.tag, by)
    assigning.remove(row.resident, [row.tag], by=by, at=at)
    return row


def _own(row_id: int, scope: Scope, at: datetime) -> TagAssignment:
    row = soon(scope, on=clock.local_day(at)).filter(pk=row_id).first()
    if row is None:
        raise NotExpiring
    if not policies.can_change(scope, row.resident):
        raise PermissionDenied
    return row
