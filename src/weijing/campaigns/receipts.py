"""WeCom does not tell us when officers send or what became of it: we ask until we know."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from wecom_api import Rejected, WeCom, WeComError
from wecom_api.errors import Cancelled, StillDispatching
from wecom_api.group_messages import (
    NOT_A_FRIEND,
    OVER_QUOTA,
    SENT,
    TASK_SENT,
    MemberTask,
    SendResult,
)
from weijing.audit import trail
from weijing.campaigns import backoff, tallying
from weijing.campaigns.models import Delivery, Share
from weijing.campaigns.moving import State, move

# Then what WeCom still calls "not sent" stays so: an officer may leave people out.
RESULTS_WITHIN = timedelta(hours=24)

RESULTS = {
    SENT: Delivery.Result.SENT,
    NOT_A_FRIEND: Delivery.Result.NOT_FRIEND,
    OVER_QUOTA: Delivery.Result.OVER_QUOTA,
}


def poll(share: Share, *, wecom: WeCom, at: datetime) -> None:
    """Ask whether the officer has confirmed, or what became of each person since."""
    assert share.msgid is not None
    try:
        if share.state == State.ASKED:
            _ask_whether_confirmed(share, wecom, at=at)
        if share.state == State.CONFIRMED:
            sent = wecom.group_messages.send_result(share.msgid, share.officer.wecom_userid)
            take_results(share, sent, at=at)
    except StillDispatching:
        _poll_again(share, at=at, due_at=at + backoff.STILL_DISPATCHING)
    except Cancelled:
        ended_elsewhere(share, at=at)
    except WeComError as error:
        _poll_failed(share, error, at=at)


def _ask_whether_confirmed(share: Share, wecom: WeCom, *, at: datetime) -> None:
    assert share.msgid is not None
    task = task_of(share, wecom.group_messages.task(share.msgid))
    if task is not None and task.status == TASK_SENT:
        confirmed(share, task, at=at)
    else:
        _poll_again(share, at=at, due_at=backoff.next_poll(share.asked_at or at, at=at))


def task_of(share: Share, tasks: Sequence[MemberTask]) -> MemberTask | None:
    # WeCom answers some userids in lower case.
    userid = share.officer.wecom_userid.lower()
    return next((task for task in tasks if task.userid.lower() == userid), None)


@transaction.atomic
def confirmed(share: Share, task: MemberTask, *, at: datetime) -> None:
    """The officer has tapped send."""
    sent_at = datetime.fromtimestamp(task.send_time, UTC) if task.send_time else at
    if move(share, State.ASKED, to=State.CONFIRMED, confirmed_at=sent_at, due_at=at,
            failures=0, stop="", note="", needs_person=False):  # fmt: skip
        trail.record(None, "share.confirmed", share, at=at)


@transaction.atomic
def take_results(share: Share, results: Sequence[SendResult], *, at: datetime) -> None:
    """Store a result per person; the share is finished when everyone has one."""
    known = [r for r in results if r.status in RESULTS and r.external_userid]
    if known:
        _store(share, known, at=at)
    pending = tallying.tally(share).get(Delivery.Result.PENDING, 0)
    assert share.confirmed_at is not None
    if pending and at < share.confirmed_at + RESULTS_WITHIN:
        _poll_again(share, at=at, due_at=backoff.next_poll(share.confirmed_at, at=at))
        return
    if pending and results:
        _note_unlisted(share, results)
    if move(share, State.CONFIRMED, to=State.FINISHED, ended_at=at, due_at=None, failures=0,
            needs_person=False):  # fmt: skip
        trail.record(None, "share.finished", share, at=at, **share.results)


def _note_unlisted(share: Share, results: Sequence[SendResult]) -> None:
    """Whom WeCom's task never had: its fail_list was lost with the answer.

    People whom the officer left out are listed, as not sent.
    """
    listed = [r.external_userid for r in results]
    missing = Delivery.objects.filter(
        ~Q(external_userid__in=listed),
        county_id=share.county_id,
        share=share,
        result=Delivery.Result.PENDING,
    )
    if missing.update(result=Delivery.Result.UNUSABLE):
        tallying.tally(share)


def _store(share: Share, known: Sequence[SendResult], *, at: datetime) -> None:
    times = [
        datetime.fromtimestamp(r.send_time, UTC)
        if r.send_time
        else at
        if r.status == SENT
        else None
        for r in known
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE campaigns_delivery d SET result = r.result, sent_at = r.sent_at
            FROM unnest(%s::text[], %s::text[], %s::timestamptz[])
                 AS r (external_userid, result, sent_at)
            WHERE d.county_id = %s AND d.share_id = %s
              AND d.external_userid = r.external_userid AND d.result <> r.result
            """,
            [
                [r.external_userid for r in known],
                [RESULTS[r.status].value for r in known],
                times,
                share.county_id,
                share.pk,
            ],
        )


@transaction.atomic
def ended_elsewhere(share: Share, *, at: datetime) -> None:
    """WeCom calls the task cancelled: by us (`stop` says why), or by someone in its console."""
    end = share.stop or State.CANCELLED
    note = "" if share.stop else "任务已在企业微信里被停止。"
    if move(share, State.ASKED, to=end, ended_at=at, due_at=None, note=note, needs_person=False):
        trail.record(None, f"share.{end}", share, at=at)


@transaction.atomic
def _poll_again(share: Share, *, at: datetime, due_at: datetime) -> None:
    move(share, share.state, to=share.state, due_at=due_at, failures=0)


@transaction.atomic
def _poll_failed(share: Share, error: WeComError, *, at: datetime) -> None:
    failures = share.failures + 1
    parked = failures >= backoff.PARK_AFTER
    note = share.note
    if parked:
        note = (
            f"企业微信不给结果（{error.errcode}），请核实。"
            if isinstance(error, Rejected)
            else "企业微信回执延迟，自动再取。"
        )
    move(share, share.state, to=share.state, due_at=backoff.after_failure(failures, at=at),
         failures=failures, needs_person=share.needs_person or parked, note=note)  # fmt: skip
    if share.state == State.CONFIRMED and share.confirmed_at is not None:
        _give_up_results(share, at=at)


def _give_up_results(share: Share, *, at: datetime) -> None:
    """Nothing waits for ever: after a day the results we have are the results."""
    assert share.confirmed_at is not None
    if at >= share.confirmed_at + RESULTS_WITHIN and move(
        share, State.CONFIRMED, to=State.FINISHED, ended_at=at, due_at=None
    ):
        trail.record(None, "share.finished", share, at=at, **share.results)
