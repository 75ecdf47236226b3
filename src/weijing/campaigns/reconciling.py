"""A share whose answer was lost is looked for in WeCom, never asked again in hope."""

from datetime import datetime

from django.db import transaction

from wecom_api import WeCom, WeComError
from wecom_api.errors import Cancelled
from wecom_api.group_messages import GroupMessage
from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.campaigns import backoff, policies, strays
from weijing.campaigns.looking import tasks_by_code
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State, move
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County

LOOKS_NEEDED = 2
SMALL = 50  # people; a mistake about more is for a person to make


class NothingToDecide(DomainError):
    """It has been found, asked or ended meanwhile."""

    def __init__(self) -> None:
        super().__init__("这一份已经有结果了，请刷新后再看。")


def look(share: Share, *, wecom: WeCom, at: datetime) -> None:
    """Look for one share; `look_for_all` does the same for many with one list."""
    look_for_all([share], wecom=wecom, at=at)


def look_for_all(shares: list[Share], *, wecom: WeCom, at: datetime) -> None:
    """Look for unsure shares of one county and settle those about which there is no doubt.

    A look that fails, or that WeCom answers with 41063, does not count; it is repeated.
    """
    shares = [s for s in shares if s.state == State.UNSURE and at >= backoff.first_look(s)]
    if not shares:
        return
    county = County.objects.get(pk=shares[0].county_id)
    since = min(s.campaign.released_at for s in shares if s.campaign.released_at)
    try:
        found = tasks_by_code(wecom=wecom, since=since, at=at, short_name=county.short_name)
    except WeComError:
        for share in shares:
            _look_again(share, at=at)
        return
    for share in shares:
        try:
            settle(share, found.get(share.code, []), wecom=wecom, at=at)
        except WeComError:
            _look_again(share, at=at)


def settle(share: Share, tasks: list[GroupMessage], *, wecom: WeCom, at: datetime) -> None:
    """Act on what a complete look found under this share's code, the oldest first.

    Raises `WeComError` when WeCom cannot be asked about it now; the next look repeats everything.
    """
    known = [task for task in tasks if not _is_stray(share, task.msgid)]
    if not known:
        _not_found(share, at=at)
        return
    kept = known[0]
    if len(known) > 1:
        # A younger one that its officer has confirmed already is the one residents have read.
        kept = next((t for t in known if strays.was_sent(t.msgid, wecom=wecom)), kept)
        for task in known:
            if task.msgid != kept.msgid:
                strays.cancel(
                    share.county_id, task.msgid, code=share.code, share=share, wecom=wecom, at=at
                )
    adopt(share, kept.msgid, wecom=wecom, at=at, found_twice=len(known) > 1)


def adopt(
    share: Share, msgid: str, *, wecom: WeCom, at: datetime, found_twice: bool = False
) -> bool:
    """Take a task found in WeCom for this share's own, once its sender is the share's officer.

    Raises `Unavailable`, `Misconfigured`, `Rejected`.
    """
    try:
        senders = {task.userid.lower() for task in wecom.group_messages.task(msgid)}
    except Cancelled:
        return _found_cancelled(share, msgid, at=at)
    if share.officer.wecom_userid.lower() not in senders:
        note = "找到同编号的任务，但不是派给这位民辅警的，请核实。"
        _need_a_person(share, note, at=at)
        return False
    return _adopted(share, msgid, found_twice=found_twice, at=at)


@transaction.atomic
def _adopted(share: Share, msgid: str, *, found_twice: bool, at: datetime) -> bool:
    moved = move(
        share,
        *(State.UNSURE, State.WAITING),
        to=State.ASKED,
        at_attempt=share.attempt,
        msgid=msgid,
        asked_at=share.intent_at or at,
        due_at=at,
        looks=0,
        failures=0,
        needs_person=found_twice,
        note="发现重复的任务，已撤销多余的，请核实。" if found_twice else "",
    )
    if moved:
        trail.record(None, "share.found", share, at=at, twice=found_twice)
        jobs.enqueue("campaigns.notify", share_id=share.pk, county_id=share.county_id)
    return moved


@transaction.atomic
def _found_cancelled(share: Share, msgid: str, *, at: datetime) -> bool:
    end = share.stop or State.CANCELLED
    moved = move(share, State.UNSURE, to=end, at_attempt=share.attempt, msgid=msgid,
                 ended_at=at, due_at=None)  # fmt: skip
    if moved:
        trail.record(None, f"share.{end}", share, at=at)
    return False


@transaction.atomic
def _not_found(share: Share, *, at: datetime) -> None:
    """A complete look without the code. The second one, far enough from the first, decides."""
    if share.looked_at is not None and at < share.looked_at + backoff.between_looks():
        return
    looks = share.looks + 1
    if looks < LOOKS_NEEDED or (share.needs_person and not share.stop):
        # One that waits for a person is looked for until its campaign ends: lists come late.
        move(share, State.UNSURE, to=State.UNSURE, at_attempt=share.attempt, looks=looks,
             looked_at=at, due_at=at + backoff.between_looks())  # fmt: skip
    elif share.stop:
        move(share, State.UNSURE, to=share.stop, at_attempt=share.attempt, looks=looks,
             looked_at=at, ended_at=at, due_at=None)  # fmt: skip
        trail.record(None, f"share.{share.stop}", share, at=at)
    elif _is_small_and_fresh(share, at=at):
        failures = share.failures + 1
        move(share, State.UNSURE, to=State.WAITING, at_attempt=share.attempt, looks=looks,
             looked_at=at, failures=failures, due_at=backoff.after_failure(failures, at=at),
             note="核对了两次，企业微信没有这个任务，重新派发。")  # fmt: skip
        trail.record(None, "share.not_found", share, at=at)
    else:
        note = "核对了两次，企业微信没有这个任务。请决定重新派发还是放弃。"
        _need_a_person(share, note, at=at, looks=looks)


def _is_small_and_fresh(share: Share, *, at: datetime) -> bool:
    campaign = share.campaign
    assert campaign.confirm_by is not None
    return (
        share.people <= SMALL
        and share.failures < backoff.PARK_AFTER
        and campaign.state == Campaign.State.RELEASED
        and at < campaign.confirm_by
    )


@transaction.atomic
def _need_a_person(share: Share, note: str, *, at: datetime, looks: int | None = None) -> None:
    move(
        share,
        State.UNSURE,
        to=State.UNSURE,
        at_attempt=share.attempt,
        needs_person=True,
        note=note,
        looks=share.looks if looks is None else looks,
        looked_at=at,
        due_at=at + max(backoff.between_looks(), backoff.PARKED),
    )


@transaction.atomic
def _look_again(share: Share, *, at: datetime) -> None:
    failures = share.failures + 1
    move(
        share,
        State.UNSURE,
        to=State.UNSURE,
        at_attempt=share.attempt,
        failures=failures,
        due_at=backoff.after_failure(failures, at=at),
        needs_person=share.needs_person or failures >= backoff.PARK_AFTER,
    )


def _is_stray(share: Share, msgid: str) -> bool:
    return share.strays.filter(county_id=share.county_id, msgid=msgid).exists()


@transaction.atomic
def decide_again(share: Share, *, by: Officer, at: datetime) -> None:
    """A person has looked into WeCom and found no task: ask the officer again.

    Raises `PermissionDenied`, `NothingToDecide`.
    """
    fresh = _undecided(share, by=by, at=at)
    move(fresh, State.UNSURE, to=State.WAITING, at_attempt=fresh.attempt, needs_person=False,
         failures=0, looks=0, due_at=at, note="")  # fmt: skip
    trail.record(by, "share.decided_again", fresh, at=at)


@transaction.atomic
def decide_give_up(share: Share, *, by: Officer, at: datetime) -> None:
    """Leave the share unsent. A task that turns up later is cancelled by `duplicates`.

    Raises `PermissionDenied`, `NothingToDecide`.
    """
    fresh = _undecided(share, by=by, at=at)
    move(fresh, State.UNSURE, to=State.CANCELLED, at_attempt=fresh.attempt, needs_person=False,
         ended_at=at, due_at=None, note="已决定放弃。")  # fmt: skip
    trail.record(by, "share.given_up", fresh, at=at)


def _undecided(share: Share, *, by: Officer, at: datetime) -> Share:
    fresh = (
        Share.objects.select_for_update(of=("self",))
        .select_related("campaign__drafted_by")
        .get(county_id=share.county_id, pk=share.pk)
    )
    if not policies.can_decide(by, fresh.campaign, at=at):
        raise PermissionDenied
    if fresh.state != State.UNSURE or not fresh.needs_person:
        raise NothingToDecide
    return fresh
