"""An event that lives needs news every two hours, and somebody who ends it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from wecom_api import Rejected, WeCom
from wecom_api.app_messages import Recipients
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns.emergency import drilling, policies, wording, writing
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.verifying import ACTIVE, OPEN, State
from weijing.core import jobs
from weijing.core.clock import COUNTY_TIME
from weijing.core.env import environment

BEFORE = timedelta(minutes=15)
AGAIN = timedelta(minutes=30)


def open_events(scope: Scope) -> QuerySet[EmergencyEvent]:
    """Everything not ended, what is overdue first."""
    events = policies.visible_to(scope).filter(state__in=OPEN).select_related("road")
    return events.order_by("update_due_at", "reported_at")


def overdue(scope: Scope, *, at: datetime) -> int:
    """Events whose news is late."""
    return open_events(scope).filter(update_due_at__lt=at).count()


def waiting_for(scope: Scope, *, at: datetime) -> QuerySet[EmergencyEvent]:
    """Where somebody must act: to verify, to let go, or news that is late."""
    unread = EmergencyMessage.objects.filter(
        county_id=scope.county_id, event=OuterRef("pk"), approved_at=None
    )
    return open_events(scope).filter(
        Q(state=State.REPORTED) | Q(Exists(unread)) | Q(update_due_at__lt=at)
    )


@transaction.atomic
def remind(county_id: int, *, at: datetime) -> int:
    """Tell the duty desk of news that is due within a quarter of an hour; then every half hour."""
    due = EmergencyEvent.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(reminded_at=None) | Q(reminded_at__lte=at - AGAIN),
        county_id=county_id,
        state__in=ACTIVE,
        update_due_at__lte=at + BEFORE,
    )
    events = list(due)
    for event in events:
        event.reminded_at = at
        event.save(update_fields=["reminded_at"])
        trail.record(None, "emergency.update_due", event, at=at)
        jobs.enqueue("campaigns.tell_duty", county_id=county_id, event_id=event.pk)
    return len(events)


def tell(event: EmergencyEvent, *, wecom: WeCom, at: datetime) -> int:
    """A card to the duty leaders and to the desks of the place: what waits for them; how many.

    Raises `Unavailable`, `Misconfigured`: call again.
    """
    what = _waits(event, at=at)
    people = _duty(event, at=at)
    if not what or not people or (event.is_drill and not drilling.stays_here()):
        return 0
    url = environment().public_url
    where = f"\n{url}/desk/emergency/{event.number}/" if url else ""
    text = f"{wording.title(event, 'first')}（{event.number}）\n{what}{where}"
    try:
        wecom.app_messages.text(
            Recipients(tuple(officer.wecom_userid for officer in people)),
            text,
            duplicate_check_seconds=int(AGAIN.total_seconds()) - 60,
        )
    except Rejected:
        return 0  # the page and its red count say the same
    return len(people)


def _waits(event: EmergencyEvent, *, at: datetime) -> str:
    if event.state == State.REPORTED:
        return "刚刚上报，请核实。"
    text = writing.waiting(event)
    if text is not None:
        # Which one, and when: the card about the next text is another card, WeCom drops repeated.
        what = f"{text.get_kind_display()}（{event.number}-{text.seq}）"
        return f"{what}{text.drafted_at.astimezone(COUNTY_TIME):%H:%M} 写好，请值班领导批准。"
    if event.state in ACTIVE and event.update_due_at:
        late = event.update_due_at < at
        return "续报已超期，请马上续报或解除。" if late else "快到续报时间，请续报或解除。"
    return ""


def _duty(event: EmergencyEvent, *, at: datetime) -> list[Officer]:
    """Duty leaders of the county and of the stations it touches, and their command rooms."""
    townships = [place.lo for place in policies.places(event)]
    posted = Posting.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), county_id=event.county_id, starts_at__lte=at
    )
    county = posted.filter(kind=Posting.Kind.COUNTY)
    around = Q(pk__in=[])
    for lo in townships:
        around |= Q(
            station__station_townships__township__lo__lte=lo,
            station__station_townships__township__hi__gte=lo,
        )
    desks = posted.filter(around, kind=Posting.Kind.STATION)
    has = Q(role_grants__ended_at=None)
    at_desk = Q(pk__in=desks.values("officer_id"))
    anywhere = Q(pk__in=county.values("officer_id")) | at_desk
    officers = Officer.objects.filter(county_id=event.county_id, is_active=True).filter(
        (has & Q(role_grants__role=Role.DUTY_LEADER) & anywhere)
        | (has & Q(role_grants__role=Role.STATION_COMMAND) & at_desk)
    )
    return list(officers.filter(~Q(wecom_userid="")).distinct().order_by("pk"))
