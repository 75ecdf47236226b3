"""The periodic look at emergencies: who did not confirm, whom nothing reached, what is due."""

from datetime import datetime

from weijing.campaigns.emergency import reminding, second_channel, taking_over
from weijing.campaigns.emergency.models import EmergencyEvent, Sms, Takeover
from weijing.campaigns.emergency.verifying import ACTIVE
from weijing.core import jobs

WAITING = (Sms.State.WAITING, Sms.State.SENDING)


def counties() -> list[int]:
    """Where anything is under way."""
    rows = EmergencyEvent.objects.filter(pushed_at__isnull=False)
    active = rows.filter(state__in=ACTIVE)
    ended = rows.filter(state=EmergencyEvent.State.CLEARED)
    recent = ended.order_by("-ended_at")[:50]
    open_takeovers = Takeover.objects.filter(settled_at=None)
    return sorted(
        {
            *active.order_by().values_list("county_id", flat=True).distinct(),
            *recent.values_list("county_id", flat=True),
            *open_takeovers.order_by().values_list("county_id", flat=True).distinct(),
        }
    )


def watch(county_id: int, *, at: datetime) -> None:
    """One tick. Runs twice or late without harm."""
    taking_over.begin(county_id, at=at)
    taking_over.settle(county_id, at=at)
    second_channel.add_not_reached(county_id, at=at)
    reminding.remind(county_id, at=at)
    if not second_channel.is_on():
        return
    due = Sms.objects.filter(county_id=county_id, due_at__lte=at)
    if due.filter(state__in=WAITING).exists():
        jobs.enqueue("campaigns.send_sms", once=f"sms:{county_id}", county_id=county_id)
    if due.filter(state=Sms.State.ACCEPTED).exists():
        jobs.enqueue(
            "campaigns.ask_sms_reports", once=f"sms-reports:{county_id}", county_id=county_id
        )
