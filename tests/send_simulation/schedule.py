"""One schedule: everybody takes turns as the seed says, until nothing is left to do."""

import json
import random as global_random
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import httpx
from django.db import OperationalError, transaction

from tests.send_simulation import meanwhile
from tests.send_simulation import plan as p
from tests.send_simulation.boundaries import Killed
from tests.send_simulation.network import TIMEOUT_SECONDS, Network
from tests.send_simulation.plan import Plan
from tests.send_simulation.queue import Queue
from tests.send_simulation.stage import BEGINS_AT, Stage, begin_anew
from tests.send_simulation.tokens import SharedToken
from tests.send_simulation.weather import ADD, CALM, Trouble, Weather
from wecom_api import Transport, WeCom, WeComError
from wecom_simulator.app import application
from weijing.audiences.index import keeping
from weijing.campaigns import (
    attending,
    duplicates,
    listing,
    notifying,
    reconciling,
    releasing,
    reminding,
    restoring,
    sweeping,
)
from weijing.campaigns.content import uploading
from weijing.campaigns.content.models import MediaFile
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import ENDED
from weijing.campaigns.ordering import scheduling
from weijing.core import jobs

STORM_STEPS = 12  # then the weather is calm: every doubt must come to an end
LONGEST_STEPS = 150
# The worker comes every five seconds; much longer strides would let time run out by themselves.
LONGEST_STRIDE_SECONDS = 3_600
WAITING_STRIDE_SECONDS = 600  # while the desk waits to go on: it does not sleep over it
KILL_SWITCH_SECONDS = 5.0  # from the switch to the last request that leaves
AT_REST = (
    Campaign.State.DRAFT,  # given back, with the reason
    Campaign.State.FINISHED,
    Campaign.State.CANCELLED,
    Campaign.State.LAPSED,
)
LAG_IS_OVER = timedelta(minutes=20)


class Schedule:
    """`story` tells what happened, `broken` which promises were not kept."""

    def __init__(self, stage: Stage, plan: Plan, *, kill_at: frozenset[int] = frozenset()) -> None:
        self.stage, self.plan, self.kill_at = stage, plan, kill_at
        self.random = Random(plan.seed)
        global_random.seed(plan.seed)  # the spread of backoffs
        begin_anew(stage.world, plan)
        self.story: list[str] = []
        self.broken: list[str] = []
        self.step = self.boundaries = self.depth = self.asleep = 0
        self.working = False
        self.happenings = list(plan.happenings)
        self.snapshot: str | None = None
        self.withdrawn: dict[str, datetime] = {}
        self.unreachable: set[str] = set()
        self.given_up: set[str] = set()
        self.away: dict[int, bool] = {}
        self.undecided_since: dict[int, datetime] = {}
        self.paused_at: datetime | None = None
        self.wants_to_go_on = False  # the desk, as soon as it may
        self.did: Counter[str] = Counter()
        self.stopped_at: datetime | None = None
        self.workers_back_at = BEGINS_AT
        self.taps_at = [BEGINS_AT] * len(plan.taps_every)
        self.next_duplicates_at = self.next_forgotten_at = BEGINS_AT
        self.queue = Queue(self._run_job, self.unix)
        self.wecom = self._client()

    # --- time ---

    def unix(self) -> float:
        return self.stage.world.now()

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.unix(), UTC)

    @property
    def weather(self) -> Weather:
        return self.plan.weather if self.step < STORM_STEPS else CALM

    def note(self, what: str) -> None:
        after = (self.at - BEGINS_AT).total_seconds()
        self.story.append(f"{after:9.1f}s {'  ' * self.asleep}{what}")

    def break_promise(self, what: str) -> None:
        self.note(f"BROKEN: {what}")
        self.broken.append(what)

    def goes_by(self, seconds: float) -> None:
        """While a worker waits, people go on; in a longer wait the other workers too."""
        self.stage.world.clock.advance(seconds)
        working, depth = self.working, self.depth
        self.working, self.depth = False, 0
        try:
            self._people()
            if seconds > TIMEOUT_SECONDS / 2 and self.asleep < 2:
                self.asleep += 1
                try:
                    self.tick()
                finally:
                    self.asleep -= 1
        finally:
            self.working, self.depth = working, depth

    # --- what goes wrong ---

    def boundary(self, where: str) -> None:
        if not self.working:
            return
        self.boundaries += 1
        weather, drawn = self.weather, self.random.random()
        if self.boundaries in self.kill_at or drawn < weather.killed:
            self.note(f"killed at {where}")
            raise Killed
        in_transaction = self.depth > 0
        commits = where.startswith("commit")
        if commits and drawn > 1 - weather.database_lost:
            self.note(f"database lost at {where}")
            raise OperationalError("the connection is gone")
        # Between the last look at the deadline and the socket lie microseconds: no stall there.
        may_stall = not in_transaction and not where.startswith("call")
        if may_stall and weather.killed <= drawn < weather.killed + weather.stalled:
            seconds = self.random.uniform(5, weather.longest_stall_seconds)
            self.note(f"stands still for {seconds:.0f} s at {where}")
            while seconds > 0:
                self.goes_by(min(seconds, weather.others_every_seconds))
                seconds -= weather.others_every_seconds

    def _trouble(self, api: str) -> Trouble | None:
        found = self.weather.trouble(api, self.random)
        if found is not None:
            self.note(f"{api}: {found}")
        return found

    def _leaves(self, request: httpx.Request) -> None:
        """A request is on its way to WeCom: who said no by now must not be in it."""
        if not request.url.path.endswith(ADD):
            return
        self.note("asks WeCom to ask the officer")
        for said_at, what in ((self.paused_at, "the kill switch"), (self.stopped_at, "the stop")):
            if said_at is not None and self.at > said_at + timedelta(seconds=KILL_SWITCH_SECONDS):
                self.break_promise(f"a request left {self.at - said_at} after {what}")
        for external_userid in json.loads(request.read())["external_userid"]:
            said_at = self.withdrawn.get(external_userid)
            if said_at is not None and self.at > said_at + timedelta(seconds=KILL_SWITCH_SECONDS):
                self.break_promise(f"{external_userid} had taken consent back")

    # --- who takes turns ---

    def run(self) -> None:
        if self.plan.scheduled:
            Campaign.objects.filter(pk=self.stage.campaign.pk).update(
                confirm_hours=self.plan.confirm_hours
            )
        elif self.plan.confirm_hours != 24:
            Campaign.objects.filter(pk=self.stage.campaign.pk).update(
                confirm_by=BEGINS_AT + timedelta(hours=self.plan.confirm_hours)
            )
        reconciling_small, reconciling.SMALL = reconciling.SMALL, self.plan.small
        at_once = releasing.LISTED_AT_ONCE
        if self.plan.listed_late:
            releasing.LISTED_AT_ONCE = 0
        try:
            self._until_rest()
            self.steps = self.step
            self._aftermath()
        finally:
            reconciling.SMALL = reconciling_small
            releasing.LISTED_AT_ONCE = at_once

    def _until_rest(self) -> None:
        rows = Share.objects.filter(county=self.stage.county)
        for self.step in range(LONGEST_STEPS):
            shares = list(rows.values_list("state", "due_at", "needs_person"))
            campaign = Campaign.objects.only("state", "scheduled_at").get(pk=self.stage.campaign.pk)
            ended = all(state in ENDED for state, *_ in shares)
            if ended and campaign.state in AT_REST and self.snapshot is None:
                return
            due = [at for state, at, _ in shares if state not in ENDED]
            if None in due:
                self.break_promise("stuck: a share waits for nothing")
                return
            if campaign.state == Campaign.State.SCHEDULED:
                due.append(campaign.scheduled_at)
            if any(needs_person for _, _, needs_person in shares):
                # The desk sits there: what waits for it does not wait for the next sweep.
                self.stage.world.clock.advance(meanwhile.THINKS_FOR.total_seconds())
            else:
                self._to_the_next(min((*due, *self._next_happening())) if due else None)
            self._people()
            if any(needs_person for _, _, needs_person in shares):
                meanwhile.decide(self)
            if campaign.state == Campaign.State.SUBMITTED:
                meanwhile.approve_anew(self)
            self.tick()
        self.break_promise(f"stuck: not at rest: {campaign.state}, {shares}")

    def _aftermath(self) -> None:
        """Whatever WeCom still hides comes to light, and officers tap what is there."""
        self.happenings.clear()
        self.step = LONGEST_STEPS
        self.stage.world.clock.advance(LAG_IS_OVER.total_seconds())
        meanwhile.tap(self)
        self._work("duplicates", self._duplicates)
        self.queue.work_off()

    def tick(self) -> None:
        """What the periodic jobs and the queue do at this moment."""
        if self.at < self.workers_back_at:
            return
        if self.plan.scheduled:
            self._work("release", self._release_due)
        self._work("sweep", lambda: sweeping.hand_out(self.stage.county.pk, at=self.at))
        self.queue.work_off()
        if self.at >= self.next_duplicates_at:
            self.next_duplicates_at = self.at + timedelta(minutes=2)
            # After a restore people wait for it: it runs as often as in production.
            if self.random.random() < 0.35 or restoring.unsettled(self.stage.county.pk):
                self._work("duplicates", self._duplicates)
        if self.at >= self.next_forgotten_at:
            self.next_forgotten_at = self.at + timedelta(minutes=30)
            self._work("forgotten", lambda: sweeping.find_forgotten(
                self.stage.county.pk, at=self.at))  # fmt: skip

    def _release_due(self) -> None:
        for campaign_id in scheduling.due(self.stage.county.pk, at=self.at):
            jobs.enqueue(
                "campaigns.release", once=f"release:{campaign_id}",
                county_id=self.stage.county.pk, campaign_id=campaign_id,
            )  # fmt: skip

    def _duplicates(self) -> None:
        if restoring.unsettled(self.stage.county.pk):
            restoring.look(self.stage.county, wecom=self.wecom, at=self.at)
        duplicates.sweep(self.stage.county, wecom=self.wecom, at=self.at)

    def _work(self, what: str, act: Callable[[], Any]) -> None:
        try:
            self._act(act)
        except (Killed, OperationalError):
            pass
        except WeComError as error:
            self.note(f"{what} failed: {error.errcode}")

    def _run_job(self, name: str, args: dict[str, Any]) -> None:
        self.did[name] += 1
        act = partial(JOBS[name], self, **args)
        self._act(act)
        if self.random.random() < 0.3 * self.weather.stalled:
            self.note(f"{name} is done twice")
            self._act(act)

    def _act(self, act: Callable[[], Any]) -> None:
        before, self.working, self.depth = (self.working, self.depth), True, 0
        try:
            act()
        except (Killed, OperationalError, WeComError):
            raise
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.break_promise(f"crashed: {error!r} in {where.name}, line {where.lineno}")
        finally:
            self.working, self.depth = before

    # --- people ---

    def _people(self) -> None:
        while self.happenings and self._time_of(self.happenings[0]) <= self.at:
            if self.happenings[0].what in (p.SNAPSHOT, p.RESTORE) and self.asleep + self.depth:
                break
            happening = self.happenings.pop(0)
            self.note(happening.what)
            if happening.what == p.SNAPSHOT:
                self.snapshot = transaction.savepoint()
            elif happening.what == p.RESTORE:
                self._restore()
            else:
                meanwhile.happen(self, happening)
        if self.wants_to_go_on:
            meanwhile.go_on(self)
        meanwhile.tap(self)

    def _restore(self) -> None:
        if self.snapshot is None:
            return
        transaction.savepoint_rollback(self.snapshot)
        self.snapshot = None
        self.queue.restart()
        keeping.forget()  # another process reads it anew
        restoring.after_restore(self.stage.county, by=None, at=self.at)
        self.did["restored"] += 1
        meanwhile.remember_after_restore(self)

    def _time_of(self, happening: p.Happening) -> datetime:
        return BEGINS_AT + timedelta(seconds=happening.after_seconds)

    def _next_happening(self) -> list[datetime]:
        return [self._time_of(self.happenings[0])] if self.happenings else []

    def _to_the_next(self, moment: datetime | None) -> None:
        stride = self.plan.stride_seconds * 2 ** max(0, self.step - 6)
        longest = WAITING_STRIDE_SECONDS if self.wants_to_go_on else LONGEST_STRIDE_SECONDS
        soonest = self.at + timedelta(seconds=min(stride, longest))
        moment = max(moment or soonest, soonest)
        self.stage.world.clock.advance((moment - self.at).total_seconds())

    def stands_in_wecom(self, code: str) -> bool:
        found = self.stage.world.store.value(
            "SELECT count(*) FROM mass_message WHERE cancelled_at IS NULL AND instr(content, ?)",
            code,
        )
        return bool(found)

    def _client(self) -> WeCom:
        world = self.stage.world
        network = Network(
            world, application(world), trouble=self._trouble, boundary=self.boundary,
            leaves=self._leaves, goes_by=self.goes_by, travel=lambda: self.random.uniform(0, 0.5),
        )  # fmt: skip
        return WeCom(
            corpid=world.corp.corpid, secret=world.corp.secret, agentid=world.corp.agentid,
            transport=Transport("http://wecom.simulated", TIMEOUT_SECONDS, http=network),
            tokens=SharedToken(), clock=self.unix, monotonic=self.unix, sleep=self.goes_by,
        )  # fmt: skip


def _attend(schedule: Schedule, county_id: int, share_id: int) -> None:
    attending.attend(
        county_id, share_id, wecom=schedule.wecom, at=schedule.at, monotonic=schedule.unix
    )


def _look(schedule: Schedule, county_id: int) -> None:
    shares = sweeping.take_unsure(county_id, at=schedule.at)
    reconciling.look_for_all(shares, wecom=schedule.wecom, at=schedule.at)


def _notify(schedule: Schedule, county_id: int, share_id: int) -> None:
    shares = Share.objects.select_related("campaign", "officer")
    share = shares.get(county_id=county_id, pk=share_id)
    notifying.notify(share, wecom=schedule.wecom, at=schedule.at)


def _remind(schedule: Schedule, county_id: int, campaign_id: int) -> None:
    campaign = Campaign.objects.get(county_id=county_id, pk=campaign_id)
    reminding.remind_shares(campaign, wecom=schedule.wecom)


def _sweep_now(schedule: Schedule, county_id: int) -> None:
    sweeping.hand_out(county_id, at=schedule.at)


def _upload(schedule: Schedule, county_id: int, file_id: int) -> None:
    file = MediaFile.objects.get(county_id=county_id, pk=file_id)
    uploading.upload(file, wecom=schedule.wecom, at=schedule.at)


def _list_people(schedule: Schedule, county_id: int) -> None:
    listing.write_all(county_id)


def _release(schedule: Schedule, county_id: int, campaign_id: int) -> None:
    if scheduling.release_due(county_id, campaign_id, at=schedule.at):
        schedule.note("the message goes out")


# As in campaigns/tasks.py, with the schedule's clocks.
JOBS: dict[str, Callable[..., None]] = {
    "campaigns.attend": _attend,
    "campaigns.look": _look,
    "campaigns.notify": _notify,
    "campaigns.remind": _remind,
    "campaigns.sweep_now": _sweep_now,
    "campaigns.upload_media": _upload,
    "campaigns.list_people": _list_people,
    "campaigns.release": _release,
}
