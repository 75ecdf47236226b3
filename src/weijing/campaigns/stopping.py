"""What officers have not confirmed yet is stopped. What they have sent cannot be taken back."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When

from wecom_api import Rejected, WeCom, WeComError
from wecom_api.errors import Cancelled, StillDispatching
from wecom_api.group_messages import TASK_SENT
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import backoff, policies, receipts
from weijing.campaigns.emergency import texting
from weijing.campaigns.emergency.models import EmergencyMessage
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import UNCONFIRMED, State, move
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied


class NotRunning(DomainError):
    """It has not gone out, or has ended."""

    def __init__(self) -> None:
        super().__init__("这条群发不在进行中，请刷新后再看。")


@transaction.atomic
def stop(campaign: Campaign, *, by: Officer, at: datetime) -> int:
    """Stop what is not confirmed yet; for how many officers.

    WeCom is told share by share; an officer who was quicker has sent it, and that counts. Of an
    urgent one nobody else sends it, and no short message leaves any more.
    Raises `PermissionDenied`, `NotRunning`.
    """
    if not policies.can_stop(by, campaign, at=at):
        raise PermissionDenied
    running = Campaign.objects.filter(county_id=campaign.county_id, pk=campaign.pk)
    if not running.filter(_goes_on(at)).update(state=Campaign.State.CANCELLED, ended_at=at):
        raise NotRunning
    shares = Share.objects.filter(county_id=campaign.county_id, campaign=campaign)
    stopped = _stop(shares, at=at)
    said = EmergencyMessage.objects.filter(county_id=campaign.county_id, campaign=campaign)
    texting.stop(said, campaign.county_id, at=at)
    trail.record(by, "campaign.stopped", campaign, at=at, officers=stopped)
    jobs.enqueue("campaigns.sweep_now", county_id=campaign.county_id)
    return stopped


def stop_shares(share_ids: Iterable[int], *, county_id: int, at: datetime) -> int:
    """Stop some of a message, the others go on; how many. The caller has checked who may."""
    stopped = _stop(Share.objects.filter(county_id=county_id, pk__in=list(share_ids)), at=at)
    jobs.enqueue("campaigns.sweep_now", county_id=county_id)
    return stopped


def _stop(shares: QuerySet[Share], *, at: datetime) -> int:
    # One statement for all states: a share that moves on meanwhile is marked in its new state.
    stopped = shares.filter(stop="", state__in=UNCONFIRMED).update(
        stop=State.CANCELLED, due_at=now_unless_being_asked(at)
    )
    shares.filter(state=State.WAITING).update(state=State.CANCELLED, ended_at=at, due_at=None)
    return stopped


def is_going_on(campaign: Campaign, *, at: datetime) -> bool:
    """Whether there is anything left to stop."""
    rows = Campaign.objects.filter(county_id=campaign.county_id, pk=campaign.pk)
    return rows.filter(_goes_on(at)).exists()


def _goes_on(at: datetime) -> Q:
    """Of an urgent one other ways may follow when the share of every officer has ended."""
    return Q(state=Campaign.State.RELEASED) | Q(
        state=Campaign.State.FINISHED, is_urgent=True, confirm_by__gt=at
    )


def now_unless_being_asked(at: datetime) -> Case:
    """A new `due_at`; of a share that is being asked the old one: its worker has until then."""
    return Case(When(state=State.ASKING, then=F("due_at")), default=Value(at))


def cancel_in_wecom(share: Share, *, wecom: WeCom, at: datetime) -> None:
    """Carry out the stop of a share that an officer has been asked for. Harmless to repeat."""
    assert share.msgid is not None
    try:
        with suppress(Cancelled):
            wecom.group_messages.cancel(share.msgid)
        task = receipts.task_of(share, wecom.group_messages.task(share.msgid))
    except Cancelled:
        receipts.ended_elsewhere(share, at=at)
    except StillDispatching:
        _try_again(share, at=at, due_at=at + backoff.STILL_DISPATCHING)
    except WeComError as error:
        _failed(share, error, at=at)
    else:
        if task is not None and task.status == TASK_SENT:
            receipts.confirmed(share, task, at=at)
        else:
            receipts.ended_elsewhere(share, at=at)


@transaction.atomic
def _try_again(share: Share, *, at: datetime, due_at: datetime) -> None:
    move(share, State.ASKED, to=State.ASKED, due_at=due_at)


@transaction.atomic
def _failed(share: Share, error: WeComError, *, at: datetime) -> None:
    failures = share.failures + 1
    parked = failures >= backoff.PARK_AFTER
    refused = isinstance(error, Rejected)
    note = (
        f"企业微信没有停止这个任务（{error.errcode}），请在企业微信里核实。"
        if refused
        else share.note
    )
    move(share, State.ASKED, to=State.ASKED, failures=failures, note=note,
         due_at=backoff.after_failure(failures, at=at),
         needs_person=share.needs_person or parked or refused)  # fmt: skip
