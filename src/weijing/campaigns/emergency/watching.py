"""The periodic look at emergencies: who did not confirm, whom nothing reached, what is due."""

from datetime import datetime, timedelta

from django.db.models import Q

from weijing.campaigns import pausing
from weijing.campaigns.emergency import reminding, second_channel, taking_over
from weijing.campaigns.emergency.models import EmergencyEvent, Sms, Takeover
from weijing.campaigns.emergency.verifying import ACTIVE
from weijing.core import jobs

WAITING = (Sms.State.WAITING, Sms.State.SENDING)
ALL_CLEAR_TAKES = timedelta(hours=24)


def counties(*, at: datetime) -> list[int]:
    """Where anything is under way, or the all-clear of the last day."""
    events = EmergencyEvent.objects.filter(
        Q(state__in=ACTIVE)
        | Q(state=EmergencyEvent.State.CLEARED, ended_at__gt=at - ALL_CLEAR_TAKES)
    )
    open_takeovers = Takeover.objects.filter(settled_at=None)
    waiting = Sms.objects.filter(due_at__isnull=False)
    found: set[int] = set()
    for rows in (events, open_takeovers, waiting):
        found.update(rows.order_by().values_list("county_id", flat=True).distinct())
    return sorted(found)


def watch(county_id: int, *, at: datetime) -> None:
    """One tick. Runs twice or late without harm."""
    is_paused = pausing.is_paused(county_id)
    if is_paused:
        taking_over.hold(county_id, at=at)
    else:
        taking_over.begin(county_id, at=at)
        taking_over.settle(county_id, at=at)
        second_channel.add_not_reached(county_id, at=at)
    reminding.remind(county_id, at=at)
    if not second_channel.is_on():
        return
    due = Sms.objects.filter(county_id=county_id, due_at__lte=at)
    if not is_paused and due.filter(state__in=WAITING).exists():
        jobs.enqueue("campaigns.send_sms", once=f"sms:{county_id}", county_id=county_id)
    if due.filter(state=Sms.State.ACCEPTED).exists():
        jobs.enqueue(
            "campaigns.ask_sms_reports", once=f"sms-reports:{county_id}", county_id=county_id
        )
