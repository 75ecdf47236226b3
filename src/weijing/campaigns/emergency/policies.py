"""Who may report, verify, let go and review; and which events somebody sees."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import FIELD_ROLES, Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.campaigns.emergency.models import EmergencyEvent, EventDivision
from weijing.territory.models import Division

REPORTERS = (*FIELD_ROLES, Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.DUTY_LEADER)
DESK = (Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER, Role.DUTY_LEADER)
WRITERS = (Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.DUTY_LEADER)


def _scope(by: Officer, at: datetime) -> Scope | None:
    scope = scope_of(by, at=at)
    return scope if by.is_active and not scope.has(Role.SYSTEM_ADMIN) else None


def can_report(by: Officer, *, at: datetime) -> bool:
    scope = _scope(by, at)
    return scope is not None and scope.has(*REPORTERS)


def can_handle(by: Officer, event: EmergencyEvent, *, at: datetime) -> bool:
    """Verify it, write what is said of it, keep the call list: a desk that the place concerns."""
    scope = _scope(by, at)
    return scope is not None and scope.has(*WRITERS) and _concerns(scope, event)


def can_approve(by: Officer, event: EmergencyEvent, *, at: datetime) -> bool:
    """One duty leader, alone. A station's leader lets go only what lies in the station's places."""
    scope = _scope(by, at)
    if scope is None or not scope.has(Role.DUTY_LEADER) or scope.county_id != event.county_id:
        return False
    return scope.whole_county or all(scope.covers(place) for place in places(event))


def can_review(by: Officer, *, at: datetime) -> bool:
    scope = _scope(by, at)
    return scope is not None and scope.has(Role.DUTY_LEADER, Role.CAMPAIGN_APPROVER)


def can_keep_roads(by: Officer, *, at: datetime) -> bool:
    scope = _scope(by, at)
    return scope is not None and scope.whole_county and scope.has(*DESK)


def places(event: EmergencyEvent) -> list[Division]:
    rows = Division.objects.filter(
        pk__in=EventDivision.objects.filter(county_id=event.county_id, event=event).values(
            "division_id"
        ),
        county_id=event.county_id,
    )
    return list(rows.select_related("parent__parent__parent").order_by("lo"))


def visible_to(scope: Scope) -> QuerySet[EmergencyEvent]:
    """All for the county desk; else what touches the own places, and what one has reported."""
    events = EmergencyEvent.objects.filter(county_id=scope.county_id)
    if not scope.sees_residents:
        return events.none()
    if scope.whole_county:
        return events
    return events.filter(Q(reported_by_id=scope.officer_id) | Q(Exists(_touching(scope))))


def _concerns(scope: Scope, event: EmergencyEvent) -> bool:
    return visible_to(scope).filter(pk=event.pk).exists()


def _touching(scope: Scope) -> QuerySet[EventDivision]:
    """A township holds the village that is somebody's own, and the other way round."""
    overlap = Q(pk__in=[])
    for lo, hi in scope.ranges:
        overlap |= Q(division__lo__lte=hi, division__hi__gte=lo)
    return EventDivision.objects.filter(overlap, county_id=scope.county_id, event=OuterRef("pk"))
