"""An officer is asked, in WeCom, to send their share: at most once, whatever fails.

Intent, call and result are three steps with two commits around the call. WeCom has no idempotency
key for this call, so an answer we did not get is never a reason to ask again: `reconciling` looks.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from wecom_api import Misconfigured, Rejected, Throttled, Unanswered, Unavailable, WeCom
from wecom_api.errors import InvalidMedia, NobodyToSendTo
from wecom_api.group_messages import AddedMessage
from weijing.audit import trail
from weijing.campaigns import backoff, listing, pausing, tallying
from weijing.campaigns.content import carrying, filling, uploading
from weijing.campaigns.content.carrying import Held, Load
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.moving import State, move
from weijing.core import jobs
from weijing.core.env import environment
from weijing.core.simulated import is_simulator
from weijing.residents.merges import following
from weijing.residents.models import Resident

# The request leaves so soon after its intent, or not at all: a pause or a taken-back consent must
# hold within seconds. Well inside the 20 s after which others take the share for unsure.
CALL_WITHIN_SECONDS = 4.0
ALIVE = (Resident.Lifecycle.ROLL, Resident.Lifecycle.PROVISIONAL, Resident.Lifecycle.MOVED)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be sent, as committed. `attempt` fences out whoever comes too late."""

    share: Share
    attempt: int
    sender: str
    external_userids: list[str]
    text: str
    load: Load


def ask(
    share: Share,
    *,
    wecom: WeCom,
    at: datetime,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Ask one officer to send their share. Does nothing unless the share is waiting.

    Nothing reaches a resident until the officer confirms; `receipts` hears of it.
    """
    # Taken before the intent: whatever holds us up in between counts.
    started = monotonic()
    intent = _intend(share, at=at)
    if intent is None:
        return
    try:
        added = wecom.group_messages.add_msg_template(
            sender=intent.sender,
            external_userids=intent.external_userids,
            text=intent.text,
            attachments=intent.load.attachments,
            # Not of what protects life: there everybody gets it.
            allow_select=not intent.share.campaign.is_urgent,
            not_after=started + CALL_WITHIN_SECONDS,
        )
    except Unavailable as error:
        _wait_again(intent, error, at=_later(at, started, monotonic))
    except Misconfigured as error:
        _wait_for_configuration(intent, error, at=_later(at, started, monotonic))
    except Unanswered:
        _become_unsure(intent)
    except InvalidMedia as refusal:
        _upload_again(intent, refusal, at=_later(at, started, monotonic))
    except Rejected as refusal:
        _refuse(intent, refusal, at=_later(at, started, monotonic))
    else:
        asked(intent.share, intent.attempt, added, at=_later(at, started, monotonic))


def _later(at: datetime, started: float, monotonic: Callable[[], float]) -> datetime:
    return at + timedelta(seconds=monotonic() - started)


@transaction.atomic
def _intend(share: Share, *, at: datetime) -> Intent | None:
    """Claim the share and commit what is going to be sent; None when it must not be."""
    fresh = (
        Share.objects.select_for_update(of=("self",))
        .select_related("campaign__county", "officer")
        .get(county_id=share.county_id, pk=share.pk)
    )
    if fresh.state != State.WAITING:
        return None
    if not _may_ask(fresh, at=at):
        return None
    load = carrying.load(fresh.campaign, at=at)
    if isinstance(load, Held):
        _hold(fresh, load, at=at)
        return None
    listing.write(fresh.county_id, [fresh.pk])
    external_userids = _recipients(fresh)
    if not external_userids:
        note = "名下的人都已退订，不用发送。"
        move(fresh, State.WAITING, to=State.CANCELLED, ended_at=at, due_at=None, note=note)
        trail.record(None, "share.cancelled", fresh, at=at)
        return None
    text = filling.text_for(fresh, at=at)
    deadline = at + backoff.SEND_WITHIN
    move(
        fresh,
        State.WAITING,
        to=State.ASKING,
        at_attempt=fresh.attempt,
        attempt=fresh.attempt + 1,
        intent_at=at,
        deadline_at=deadline,
        due_at=deadline,
        looks=0,
        looked_at=None,
        intent_digest=_digest(fresh.officer.wecom_userid, external_userids, text, load),
    )
    return Intent(fresh, fresh.attempt, fresh.officer.wecom_userid, external_userids, text, load)


def _may_ask(share: Share, *, at: datetime) -> bool:
    """Leaves the share where it belongs when it may not be asked now."""
    campaign = share.campaign
    assert campaign.confirm_by is not None
    if share.stop or campaign.state != Campaign.State.RELEASED or campaign.confirm_by <= at:
        lapsed = share.stop == State.LAPSED or (not share.stop and campaign.confirm_by <= at)
        end = State.LAPSED if lapsed else State.CANCELLED
        move(share, State.WAITING, to=end, ended_at=at, due_at=None)
        trail.record(None, f"share.{end}", share, at=at)
        return False
    if pausing.is_paused(share.county_id):
        # Due all the same: the sweep leaves it alone until asking goes on.
        move(share, State.WAITING, to=State.WAITING, due_at=at, note=pausing.NOTE)
        return False
    if campaign.is_drill and not is_simulator(environment().wecom_base_url):
        # The approval refuses this already; the address may have been changed since.
        note = "演练不发到真实的企业微信，已停止。"
        move(share, State.WAITING, to=State.CANCELLED, ended_at=at, due_at=None, note=note)
        trail.record(None, "share.cancelled", share, at=at)
        return False
    if not share.officer.wecom_userid or not share.officer.is_active:
        note = "这位民辅警的企业微信账号已停用，请改派。"
        move(share, State.WAITING, to=State.WAITING, due_at=at + backoff.PARKED, note=note,
             needs_person=True)  # fmt: skip
        return False
    return True


# FOR SHARE: someone taking a consent back at this moment is before us or waits for us. Without
# it they could commit after we read and before we commit, and still receive the message.
_STILL_CONSENTING = """
SELECT d.id, d.external_userid, 'publicity' = ANY (r.consents), r.lifecycle, r.id
FROM campaigns_delivery d
JOIN residents_resident r ON r.county_id = d.county_id AND r.id = d.resident_id
WHERE d.county_id = %s AND d.share_id = %s AND r.county_id = %s AND d.result = 'pending'
ORDER BY r.id
FOR SHARE OF r
"""


def _recipients(share: Share) -> list[str]:
    """External userids who still may receive it; the others become withdrawn.

    What protects life goes also to those who want no publicity; only its ended records get none.
    """
    rows = _pending(share)
    merged = [row[4] for row in rows if row[3] == Resident.Lifecycle.DUPLICATE]
    if merged:
        # Merged between release and now: a duplicate has no consent, the one who stands for it may.
        following.follow(share.county_id, merged)
        rows = _pending(share)
    urgent = share.campaign.is_urgent
    withdrawn = [row[0] for row in rows if not _may_receive(row, urgent=urgent)]
    if withdrawn:
        Delivery.objects.filter(county_id=share.county_id, pk__in=withdrawn).update(
            result=Delivery.Result.WITHDRAWN
        )
        tallying.tally(share)
    return [row[1] for row in rows if _may_receive(row, urgent=urgent)]


def _may_receive(row: Any, *, urgent: bool) -> bool:
    _id, _external_userid, consents, lifecycle, _resident = row
    return lifecycle in ALIVE if urgent else bool(consents)


def _pending(share: Share) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_STILL_CONSENTING, [share.county_id, share.pk, share.county_id])
        rows: list[Any] = cursor.fetchall()
    return rows


def _hold(share: Share, held: Held, *, at: datetime) -> None:
    """A message is never sent without what belongs to it: the share waits, and says for what.

    The upload wakes it (`uploading`); it comes back by itself only in case nobody does.
    """
    due_at = backoff.after_failure(backoff.PARK_AFTER, at=at)
    move(share, State.WAITING, to=State.WAITING, due_at=due_at, note=held.because,
         needs_person=share.needs_person or held.needs_person)  # fmt: skip


def _digest(sender: str, external_userids: list[str], text: str, load: Load) -> str:
    parts = "\0".join([sender, *sorted(external_userids), text, load.digest])
    return hashlib.sha256(parts.encode()).hexdigest()


@transaction.atomic
def asked(share: Share, attempt: int, added: AddedMessage, *, at: datetime) -> bool:
    """Write down that WeCom has the task. False when a later attempt has taken over.

    The answer may come after others have given the share up for unsure: it settles the doubt.
    """
    moved = move(
        share,
        *(State.ASKING, State.UNSURE),
        to=State.ASKED,
        at_attempt=attempt,
        msgid=added.msgid,
        asked_at=at,
        due_at=at if share.stop else at + backoff.SHORTEST_POLL,
        looks=0,
        failures=0,
        note="",
        needs_person=False,
    )
    if not moved:
        return False
    if added.fail_list:
        Delivery.objects.filter(
            county_id=share.county_id, share=share, external_userid__in=added.fail_list
        ).update(result=Delivery.Result.UNUSABLE)
        tallying.tally(share)
    trail.record(None, "share.asked", share, at=at, unusable=len(added.fail_list))
    jobs.enqueue("campaigns.notify", share_id=share.pk, county_id=share.county_id)
    return True


@transaction.atomic
def _wait_again(intent: Intent, error: Unavailable, *, at: datetime) -> None:
    """Proven: nothing happened."""
    failures = intent.share.failures + 1
    due_at = backoff.after_failure(failures, at=at)
    if isinstance(error, Throttled):
        due_at = max(due_at, at + timedelta(seconds=error.retry_after_seconds))
    move(
        intent.share,
        State.ASKING,
        to=State.WAITING,
        at_attempt=intent.attempt,
        due_at=due_at,
        failures=failures,
        needs_person=failures >= backoff.PARK_AFTER,
        note="企业微信暂时连不上，稍后自动再试。"
        if not isinstance(error, Throttled)
        else "调用太频繁，已放慢，稍后自动再试。",
    )


@transaction.atomic
def _wait_for_configuration(intent: Intent, error: Misconfigured, *, at: datetime) -> None:
    code = f"（{error.errcode}）" if error.errcode else ""
    move(
        intent.share,
        State.ASKING,
        to=State.WAITING,
        at_attempt=intent.attempt,
        due_at=at + backoff.PARKED,
        failures=intent.share.failures + 1,
        needs_person=True,
        note=f"企业微信的密钥或权限不对{code}，请系统管理员检查。",
    )


@transaction.atomic
def _become_unsure(intent: Intent) -> None:
    move(
        intent.share,
        State.ASKING,
        to=State.UNSURE,
        at_attempt=intent.attempt,
        due_at=backoff.first_look(intent.share),
        note="企业微信没有答复，正在核对任务是否已建立。",
    )


@transaction.atomic
def _upload_again(intent: Intent, refusal: Rejected, *, at: datetime) -> None:
    """Proven: nothing happened, for WeCom does not know a file any more. Up it goes once more."""
    if not intent.load.file_ids:
        _refuse(intent, refusal, at=at)
        return
    uploading.forget(intent.load.file_ids, intent.share.county_id)
    failures = intent.share.failures + 1
    move(
        intent.share,
        State.ASKING,
        to=State.WAITING,
        at_attempt=intent.attempt,
        due_at=backoff.after_failure(failures, at=at),
        failures=failures,
        needs_person=failures >= backoff.PARK_AFTER,
        note="企业微信找不到附件了，重新上传后自动再派。",
    )


@transaction.atomic
def _refuse(intent: Intent, refusal: Rejected, *, at: datetime) -> None:
    refused = move(
        intent.share,
        *(State.ASKING, State.UNSURE),
        to=State.REFUSED,
        at_attempt=intent.attempt,
        ended_at=at,
        due_at=None,
        needs_person=True,
        note=f"企业微信拒绝了这个任务（{refusal.errcode or '内容不符合要求'}）。",
    )
    if not refused:
        return
    if isinstance(refusal, NobodyToSendTo):
        Delivery.objects.filter(
            county_id=intent.share.county_id, share=intent.share, result=Delivery.Result.PENDING
        ).update(result=Delivery.Result.UNUSABLE)
        tallying.tally(intent.share)
    trail.record(None, "share.refused", intent.share, at=at, errcode=refusal.errcode)


@transaction.atomic
def give_up_waiting_for_worker(share: Share, *, at: datetime) -> bool:
    """A share still being asked after its deadline: its worker is dead or may as well be."""
    assert share.deadline_at is not None
    if at < share.deadline_at:
        return False
    return move(
        share,
        State.ASKING,
        to=State.UNSURE,
        at_attempt=share.attempt,
        due_at=backoff.first_look(share),
        note="派发时中断，正在核对任务是否已建立。",
    )
