"""Afterwards: what the residents really got, by the simulator's truth, beside our promises."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection

from tests.send_simulation.schedule import Schedule
from weijing.campaigns.models import Campaign, Delivery, Share, StrayTask
from weijing.campaigns.moving import ENDED, State

Result = Delivery.Result
BOOKED = {0: Result.PENDING, 1: Result.SENT, 2: Result.NOT_FRIEND, 3: Result.OVER_QUOTA}


@dataclass
class Truth:
    """Of one share's code: all its tasks in WeCom, ever, and what each person got by them."""

    tasks: list[dict[str, object]] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    status: dict[str, int] = field(default_factory=dict)  # by the task the share calls its own


def judge(schedule: Schedule) -> list[str]:
    """The promises that were not kept, each in a sentence; what `schedule` noticed comes first."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    broken = list(schedule.broken)
    shares = Share.objects.select_related("officer").filter(county=schedule.stage.county)
    for share in shares.order_by("pk"):
        truth = _truth(schedule, share)
        broken += _about_the_share(schedule, share, truth)
        broken += _about_people(schedule, share, truth)
    strays = dict(StrayTask.objects.values_list("msgid", "was_sent"))
    broken += _about_the_campaign(schedule)
    broken += _about_all_tasks(schedule, set(shares.values_list("code", flat=True)), set(strays))
    for msgid, was_sent in strays.items():
        if was_sent != _was_sent(schedule, msgid):
            broken.append(f"the books are wrong about the stray task {msgid}")
    return broken


def _about_the_campaign(schedule: Schedule) -> list[str]:
    campaign = Campaign.objects.get(pk=schedule.stage.campaign.pk)
    if campaign.state == Campaign.State.DRAFT and not campaign.returned_reason:
        return ["lost: the message never went out, and nobody is told why"]
    if campaign.state != Campaign.State.DRAFT and not campaign.shares.exists():
        return [f"lost: nobody was ever asked, the message is {campaign.state}"]
    return []


def _about_all_tasks(schedule: Schedule, ours: set[str], strays: set[str]) -> list[str]:
    """Whatever the rows know: what the county's messages did in all, also before a restore."""
    store, broken = schedule.stage.world.store, []
    for row in store.all(
        "SELECT msgid, content, attachments, cancelled_at, send_time, member.userid "
        "FROM mass_message m JOIN mass_task t ON t.message = m.id "
        "JOIN member ON member.id = t.member WHERE create_type = 0"
    ):
        if not any(code in row["content"] for code in ours):
            if not row["cancelled_at"] and not row["send_time"]:
                broken.append("an officer can still confirm a task that no row knows")
            if row["msgid"] not in strays:
                broken.append(f"nobody is shown the task {row['msgid']} that no row knows")
        if schedule.plan.carries and row["attachments"] in ("", "[]"):
            broken.append("a message went without what belongs to it")
        if "{" in row["content"]:
            broken.append("a variable was not filled in")
    for row in store.all(
        "SELECT external_userid, count(*) AS times FROM mass_recipient r "
        "JOIN mass_message m ON m.id = r.message JOIN person ON person.id = r.person "
        "WHERE create_type = 0 AND status = 1 GROUP BY 1 HAVING count(*) > 1"
    ):
        broken.append(f"duplicated: {row['external_userid']} got it {row['times']} times in all")
    return broken


def _about_the_share(schedule: Schedule, share: Share, truth: Truth) -> list[str]:
    broken = []
    if share.state not in ENDED:
        broken.append(f"stuck: a share is still {share.state}")
    if share.state in ENDED and share.due_at is not None:
        broken.append(f"a share that has ended still waits: {share.state}")
    for task in truth.tasks:
        if not task["cancelled"] and not task["sent"]:
            broken.append(f"an officer can still confirm a task of a share that is {share.state}")
    own = [task for task in truth.tasks if task["msgid"] == share.msgid]
    if share.state == State.FINISHED and not own:
        broken.append("a finished share names a task that WeCom does not have")
    if any(task["sender"] != share.officer.wecom_userid for task in truth.tasks):
        broken.append("another officer was asked")
    if _must_arrive(schedule, share) and share.state != State.FINISHED:
        broken.append(f"lost: a share ended as {share.state} without a reason ({share.note})")
    return broken


def _must_arrive(schedule: Schedule, share: Share) -> bool:
    """Whether nothing but faults stood between this share and its people."""
    plan = schedule.plan
    willing = all(plan.taps_every[: len(schedule.stage.officers)]) and plan.confirm_hours == 24
    if not willing or schedule.stopped_at is not None or share.code in schedule.given_up:
        return False
    rows = Delivery.objects.filter(share=share).values_list("external_userid", flat=True)
    return any(_wants_and_can(schedule, external_userid) for external_userid in rows)


def _wants_and_can(schedule: Schedule, external_userid: str) -> bool:
    return external_userid not in schedule.withdrawn.keys() | schedule.unreachable


def _about_people(schedule: Schedule, share: Share, truth: Truth) -> list[str]:
    broken = []
    booked = dict(Delivery.objects.filter(share=share).values_list("external_userid", "result"))
    for external_userid, result in booked.items():
        received = truth.received.get(external_userid, 0)
        if received > 1:
            broken.append(f"duplicated: {external_userid} got it {received} times")
        due = _must_arrive(schedule, share) and _wants_and_can(schedule, external_userid)
        if due and not received:
            broken.append(f"lost: {external_userid} got nothing ({result})")
        if (result == Result.SENT) != bool(received):
            broken.append(f"the books say {result}, {external_userid} got it {received} times")
        expected = _expected(share, truth, external_userid)
        if expected is not None and result not in expected:
            broken.append(f"the books say {result}, WeCom {expected} of {external_userid}")
    tallied = {result: list(booked.values()).count(result) for result in set(booked.values())}
    if tallied != share.results:
        broken.append(f"the share counts {share.results}, its people are {tallied}")
    if set(truth.received) - set(booked):
        broken.append("somebody got it who was not meant")
    return broken


def _expected(share: Share, truth: Truth, external_userid: str) -> tuple[str, ...] | None:
    """What the books of a finished share may say of one person."""
    if share.state != State.FINISHED:
        return None
    if external_userid in truth.status:
        return (BOOKED[truth.status[external_userid]],)
    return (Result.WITHDRAWN, Result.UNUSABLE)


def _truth(schedule: Schedule, share: Share) -> Truth:
    truth = Truth()
    store = schedule.stage.world.store
    messages = store.all(
        "SELECT m.id, msgid, cancelled_at, userid, send_time FROM mass_message m "
        "JOIN mass_task t ON t.message = m.id JOIN member ON member.id = t.member "
        "WHERE create_type = 0 AND instr(content, ?)",
        share.code,
    )
    for row in messages:
        truth.tasks.append(
            {"msgid": row["msgid"], "cancelled": row["cancelled_at"] is not None,
             "sent": row["send_time"] is not None, "sender": row["userid"]}
        )  # fmt: skip
        for one in store.all(
            "SELECT external_userid, status FROM mass_recipient r "
            "JOIN person ON person.id = r.person WHERE message = ?",
            row["id"],
        ):
            truth.received[one["external_userid"]] += one["status"] == 1
            if row["msgid"] == share.msgid:
                truth.status[one["external_userid"]] = one["status"]
    return truth


def _was_sent(schedule: Schedule, msgid: str) -> bool:
    sent = schedule.stage.world.store.value(
        "SELECT count(*) FROM mass_message m JOIN mass_task t ON t.message = m.id "
        "WHERE msgid = ? AND send_time IS NOT NULL",
        msgid,
    )
    return bool(sent)
