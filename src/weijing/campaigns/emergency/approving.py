"""A duty leader lets a message go, alone and at once; another person looks at it afterwards."""

from datetime import datetime, timedelta

from django.db import transaction
from pyroaring import BitMap

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import releasing
from weijing.campaigns.drafting import check_recount
from weijing.campaigns.emergency import (
    calling,
    drilling,
    policies,
    proposing,
    second_channel,
    texting,
    wording,
)
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.verifying import State, locked
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import UNCONFIRMED
from weijing.campaigns.stopping import now_unless_being_asked
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.merges import survivors
from weijing.territory.models import County

Kind = EmergencyMessage.Kind
UPDATE_WITHIN = timedelta(hours=2)
LAST = (Kind.CLEAR, Kind.CORRECTION)


class NothingWaits(DomainError):
    """It has gone out, or was written anew since it was read."""

    def __init__(self) -> None:
        super().__init__("这条消息已经发出，或者正文刚刚改过。没有重复发送，请刷新后再看。")


class NobodyConcerned(DomainError):
    """The audience is empty."""

    def __init__(self) -> None:
        super().__init__("没有要通知的人，什么也没发。请先扩大范围。")


def audience_of(message: EmergencyMessage) -> BitMap:
    """Whom it will go to: those who got the ones before, and with news the audience as it is now.

    Raises `BadExpression`.
    """
    event = message.event
    last = (
        EmergencyMessage.objects.filter(
            county_id=event.county_id, event=event, approved_at__isnull=False
        )
        .order_by("-seq")
        .first()
    )
    before = survivors.of(event.county_id, last.concerned()) if last else BitMap()
    return before if message.kind in LAST else before | proposing.people(event)


@transaction.atomic
def approve(message: EmergencyMessage, *, by: Officer, at: datetime, people_seen: int) -> Campaign:
    """Let it go: officers are asked at once, numbers without a contact get a short message.

    `people_seen` is the number the leader has read; more than one per cent off asks again.
    Raises `PermissionDenied`, `NothingWaits`, `NobodyConcerned`, `RecountChanged`,
    `DrillWouldLeave`.
    """
    # Two taps at once: the second waits here and then finds nothing that waits.
    County.objects.select_for_update(no_key=True).get(pk=message.county_id)
    event = locked(message.event)
    if not policies.can_approve(by, event, at=at):
        raise PermissionDenied("紧急推送要由当班的值班领导批准。")
    drilling.check(event)
    fresh = EmergencyMessage.objects.filter(
        county_id=event.county_id, pk=message.pk, approved_at=None
    ).first()
    if fresh is None or not _fits(event, fresh):
        raise NothingWaits
    fresh.event = event
    people = audience_of(fresh)
    if not people:
        raise NobodyConcerned
    check_recount(seen=people_seen, now=len(people))
    _supersede(event, at=at)
    campaign = _campaign(event, fresh, by=by, at=at)
    reached = releasing.plan_people(campaign, people, at=at)
    if not reached:
        campaign.state, campaign.ended_at = Campaign.State.FINISHED, at
        campaign.save(update_fields=["state", "ended_at"])
    fresh.campaign, fresh.people, fresh.who = campaign, len(people), people.serialize()
    fresh.approved_by, fresh.approved_at = by, at
    fresh.save()
    _move_on(event, fresh, by=by, at=at)
    second_channel.add_without_contact(fresh, people, at=at)
    trail.record(
        by, "emergency.pushed", fresh, at=at, kind=fresh.kind, people=len(people), asked=reached
    )
    jobs.enqueue("campaigns.sweep_now", county_id=event.county_id)
    jobs.enqueue("campaigns.send_sms", once=f"sms:{event.county_id}", county_id=event.county_id)
    return campaign


def _fits(event: EmergencyEvent, message: EmergencyMessage) -> bool:
    if message.kind == Kind.FIRST:
        return event.state == State.VERIFIED
    return event.state in (State.PUSHED, State.UPDATED)


def _supersede(event: EmergencyEvent, *, at: datetime) -> None:
    """What officers have not confirmed of earlier messages is old news: it is taken back."""
    said = EmergencyMessage.objects.filter(
        county_id=event.county_id, event=event, approved_at__isnull=False
    )
    # First, and it waits here for a takeover that is being settled: a share of the duty account
    # that was made in this moment is found by the next statement, one made later is not.
    said.filter(superseded_at=None).update(superseded_at=at)
    campaigns = list(said.values_list("campaign_id", flat=True))
    Share.objects.filter(
        county_id=event.county_id, campaign_id__in=campaigns, state__in=UNCONFIRMED, stop=""
    ).update(stop=Share.State.CANCELLED, due_at=now_unless_being_asked(at))
    texting.stop(said, event.county_id, at=at)


def _campaign(
    event: EmergencyEvent, message: EmergencyMessage, *, by: Officer, at: datetime
) -> Campaign:
    topic = Campaign.Topic.DISASTER if event.road is None else Campaign.Topic.TRAFFIC
    return Campaign.objects.create(
        county_id=event.county_id,
        number=f"{event.number}-{message.seq}",
        title=wording.title(event, message.kind),
        topic=topic,
        body=wording.as_sent(event, message.body),
        audience=event.audience,
        state=Campaign.State.RELEASED,
        confirm_hours=UPDATE_WITHIN // timedelta(hours=1),
        drafted_by_id=message.drafted_by_id,
        drafted_at=message.drafted_at,
        edited_at=message.drafted_at,
        submitted_at=message.drafted_at,
        released_by=by,
        released_at=at,
        confirm_by=at + UPDATE_WITHIN,
        is_urgent=True,
        is_drill=event.is_drill,
    )


def _move_on(
    event: EmergencyEvent, message: EmergencyMessage, *, by: Officer, at: datetime
) -> None:
    event.reminded_at = None
    if message.kind in LAST:
        event.state = State.CLEARED
        event.ended_at, event.ended_by, event.update_due_at = at, by, None
        event.ended_because = "消息有误，已更正" if message.kind == Kind.CORRECTION else ""
    else:
        event.state = State.PUSHED if message.kind == Kind.FIRST else State.UPDATED
        event.pushed_at = event.pushed_at or at
        event.update_due_at = at + UPDATE_WITHIN
    event.save()
    if message.kind in LAST:
        calling.end(event, at=at)
    else:
        calling.list_households(event, at=at)
