"""What people do while the workers work: officers tap, residents object, the desk stops."""

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.send_simulation import plan as p
from tests.send_simulation.stage import external_userid
from wecom_simulator import mass_messages, sending, tokens
from weijing.accounts.models import Officer
from weijing.campaigns import approving, pausing, reconciling, reminding, restoring, stopping
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import repeating
from weijing.campaigns.reach import reach_of
from weijing.core.errors import DomainError
from weijing.residents import consent

if TYPE_CHECKING:
    from tests.send_simulation.schedule import Schedule

THINKS_FOR = timedelta(minutes=12)  # the desk, before it decides about a share


def happen(schedule: "Schedule", happening: p.Happening) -> None:
    """One thing of the plan, now."""
    stage, world = schedule.stage, schedule.stage.world
    person = happening.who % len(stage.people)
    officer = stage.officers[happening.who % len(stage.officers)]
    match happening.what:
        case p.WITHDRAW:
            withdraw(schedule, person)
        case p.CUT:
            member = 1 if person < 3 else 2
            world.store.run("UPDATE relation SET state = ? WHERE member = ? AND person = ?",
                            happening.much, member, person + 1)  # fmt: skip
            world.commit()
            schedule.unreachable.add(external_userid(person))
        case p.QUOTA:
            use_up_quota(schedule, person)
        case p.STOP:
            stop(schedule)
        case p.PAUSE:
            pausing.pause(stage.county, by=stage.approver, at=schedule.at, reason="核实")
            schedule.paused_at = schedule.paused_at or schedule.at
            schedule.wants_to_go_on = False
        case p.RESUME:
            schedule.wants_to_go_on = True
        case p.LEAVE | p.RETURN:
            schedule.away[officer.pk] = happening.what == p.LEAVE
            employ(schedule)
        case p.REMIND:
            with suppress(DomainError):
                reminding.remind(stage.campaign, by=stage.approver, at=schedule.at)
        case p.OUTAGE:
            schedule.workers_back_at = schedule.at + timedelta(seconds=happening.much)
        case p.TOKENS:
            tokens.expire(world, world.corp.agentid)
            world.commit()


def withdraw(schedule: "Schedule", person: int) -> None:
    resident = schedule.stage.people[person]
    consent.withdraw(resident, ["publicity"], by=None, at=schedule.at)
    schedule.withdrawn.setdefault(external_userid(person), schedule.at)


def use_up_quota(schedule: "Schedule", person: int) -> None:
    """The officer writes to this resident by hand, as often as WeCom allows in a week."""
    if external_userid(person) in schedule.unreachable:
        return  # who has deleted the officer gets nothing, however often it is tried
    world = schedule.stage.world
    member = 1 if person < 3 else 2
    userid = schedule.stage.officers[member - 1].wecom_userid
    while not sending.quotas.exhausted(world, [person + 1]):
        msgid = mass_messages.record(
            world, agentid=world.corp.agentid, creator=userid, text="节日好", attachments=[],
            allow_select=False, pairs=[(member, person + 1)], ready_at=world.now(),
        )  # fmt: skip
        sending.confirm(world, member, msgid)
    world.commit()
    schedule.unreachable.add(external_userid(person))


def stop(schedule: "Schedule") -> None:
    stage = schedule.stage
    with suppress(stopping.NotRunning):
        stopping.stop(stage.campaign, by=stage.approver, at=schedule.at)
        schedule.stopped_at = schedule.stopped_at or schedule.at


def employ(schedule: "Schedule") -> None:
    """Accounts as they are now, also in a database that remembers them otherwise."""
    for officer in schedule.stage.officers:
        is_active = not schedule.away.get(officer.pk, False)
        Officer.objects.filter(county=schedule.stage.county, pk=officer.pk).update(
            is_active=is_active
        )


def tap(schedule: "Schedule") -> None:
    """Officers who look into 群发助手 now send all that waits there."""
    world = schedule.stage.world
    for number, every in enumerate(schedule.plan.taps_every[: len(schedule.stage.officers)]):
        if every is None or schedule.at < schedule.taps_at[number]:
            continue
        schedule.taps_at[number] = schedule.at + timedelta(seconds=every)
        for message in sending.pending(world, number + 1):
            sending.confirm(world, number + 1, message["msgid"])
            schedule.note(f"officer {number} confirms")
        world.commit()


def decide(schedule: "Schedule") -> None:
    """The desk looks into WeCom's own console about shares that wait for a person."""
    for share in Share.objects.filter(state=Share.State.UNSURE, needs_person=True, stop=""):
        since = schedule.undecided_since.setdefault(share.pk, schedule.at)
        if schedule.at < since + THINKS_FOR or schedule.stands_in_wecom(share.code):
            continue
        del schedule.undecided_since[share.pk]
        by = schedule.stage.approver
        with suppress(DomainError):
            if schedule.random.random() < 0.8:
                reconciling.decide_again(share, by=by, at=schedule.at)
                schedule.note("the desk asks again")
            else:
                reconciling.decide_give_up(share, by=by, at=schedule.at)
                schedule.given_up.add(share.code)
                schedule.note("the desk gives up")


def go_on(schedule: "Schedule") -> None:
    """The desk resumes asking; after a restore it is told to wait for the look into WeCom."""
    with suppress(pausing.NotLookedYet):
        pausing.resume(schedule.stage.county, by=schedule.stage.approver, at=schedule.at)
        schedule.paused_at, schedule.wants_to_go_on = None, False
        schedule.note("asking goes on")


def approve_anew(schedule: "Schedule") -> None:
    """What a restore took back: the desk reads what its page says of it, once WeCom was read."""
    stage = schedule.stage
    if restoring.unsettled(stage.county.pk):
        return
    campaign = Campaign.objects.get(pk=stage.campaign.pk)
    people = reach_of(campaign, at=schedule.at).reachable  # as their page says now
    forgotten = repeating.forgotten(campaign, at=schedule.at)
    if forgotten or not people or schedule.stopped_at:  # they know what they have stopped
        approving.return_to_author(campaign, by=stage.approver, at=schedule.at, reason="不再发")
        schedule.note("the desk sees that it has gone out" if forgotten else "it is not sent again")
        return
    approving.release(
        campaign, by=stage.approver, at=schedule.at, count_seen=people, at_any_hour=True
    )
    schedule.note("the desk approves it again")


def remember_after_restore(schedule: "Schedule") -> None:
    """What the desk puts right by hand: whoever objected, stopped or left since the backup."""
    employ(schedule)
    for place in range(len(schedule.stage.people)):
        if external_userid(place) in schedule.withdrawn:
            withdraw(schedule, place)
    if schedule.stopped_at is not None and Campaign.objects.filter(
        pk=schedule.stage.campaign.pk, state=Campaign.State.RELEASED
    ):
        stop(schedule)
    if schedule.paused_at is None:
        schedule.wants_to_go_on = True
        schedule.paused_at = schedule.at
