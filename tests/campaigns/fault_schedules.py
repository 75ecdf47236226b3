"""Runs the real protocol on real rows against a WeCom in memory, under one seeded fault schedule.

One scheduler, one clock: workers, sweeps, zombies and the duplicate sweep take turns as the seed
says. Afterwards every share must have exactly one task in WeCom, ever.
"""

import random as backoff_random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.db.transaction import Atomic

from tests.campaigns.fake_wecom import Crash, FakeWeCom, Faults
from weijing.campaigns import duplicates, reconciling, sweeping
from weijing.campaigns.attending import attend
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import ENDED
from weijing.territory.models import County

# The mix of reliability.md, finding 6; the rates rank policies, they do not predict.
HARSH = Faults(
    not_arrived=0.10,
    busy=0.05,
    throttled=0.03,
    reply_lost=0.12,
    crash_before=0.06,
    crash_after=0.06,
    pause=0.06,
    list_fails=0.10,
    longest_pause_seconds=900,
    longest_list_lag_seconds=90,
    dispatch_seconds=5,
)
AT_REST = (Share.State.ASKED, *ENDED)


@dataclass
class Verdict:
    """Of one seed. `tasks` per share: made in WeCom ever; `alive`: not cancelled there."""

    seed: int
    tasks: list[int]
    alive: list[int]
    states: list[str]
    steps: int

    @property
    def duplicated(self) -> bool:
        return any(number > 1 for number in self.tasks)

    @property
    def lost(self) -> bool:
        return any(number == 0 for number in self.alive)


@dataclass
class Crashes:
    """Stops the worker at the n-th boundary: each commit has one before and one behind it.

    They are found by wrapping what commits, so that none is forgotten.
    """

    at: set[int] = field(default_factory=set)
    probability: float = 0.0
    random: Random = field(default_factory=lambda: Random(0))
    seen: int = 0

    def boundary(self) -> None:
        self.seen += 1
        if self.seen in self.at or self.random.random() < self.probability:
            raise Crash

    @contextmanager
    def installed(self) -> Iterator[None]:
        original = Atomic.__exit__

        def crashing_exit(atomic: Atomic, kind: Any, error: Any, trace: Any) -> None:
            if kind is not None:
                original(atomic, kind, error, trace)
                return
            try:
                self.boundary()
            except Crash as crash:
                original(atomic, Crash, crash, None)  # rolls back: the commit never came
                raise
            original(atomic, None, None, None)
            self.boundary()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Atomic, "__exit__", crashing_exit)
            yield


def run(campaign: Campaign, seed: int, *, faults: Faults = HARSH, commits: float = 0.02) -> Verdict:
    """One schedule until everything is at rest, rolled back afterwards."""
    random = Random(seed)
    backoff_random.seed(seed)
    assert campaign.released_at is not None
    wecom = FakeWeCom(campaign.released_at, faults=faults, random=random)
    crashes = Crashes(probability=commits, random=random)
    county = County.objects.get(pk=campaign.county_id)
    with transaction.atomic():
        scheduler = Scheduler(county, wecom, crashes)
        wecom.meanwhile = scheduler.others_go_on
        steps = scheduler.until_rest(campaign)
        shares = list(Share.objects.filter(campaign=campaign).order_by("code"))
        verdict = Verdict(
            seed=seed,
            tasks=[sum(share.code in t.text for t in wecom.tasks) for share in shares],
            alive=[
                sum(share.code in t.text and not t.cancelled for t in wecom.tasks)
                for share in shares
            ],
            states=[share.state for share in shares],
            steps=steps,
        )
        transaction.set_rollback(True)
    return verdict


class Scheduler:
    def __init__(self, county: County, wecom: FakeWeCom, crashes: Crashes) -> None:
        self.county = county
        self.wecom = wecom
        self.crashes = crashes
        self.asleep = 0
        self.next_duplicates_at = wecom.now

    def until_rest(self, campaign: Campaign, limit: int = 400) -> int:
        for step in range(limit):
            if self._at_rest(campaign):
                self._duplicates()
                return step
            self.to_the_next_due_time(campaign, past=AT_REST)
            self.tick()
        raise AssertionError(f"not at rest after {limit} steps: {self._states(campaign)}")

    def tick(self) -> None:
        """One sweep, and the jobs it hands out."""
        due: list[sweeping.Due] = []
        now = self.wecom.now
        self._work(lambda: due.append(sweeping.take_due(self.county.pk, at=now)))
        for share_id in due[0].share_ids if due else []:
            self._work(partial(self._attend, share_id))
        if due and due[0].unsure:
            self._work(self._look)
        if self.wecom.now >= self.next_duplicates_at:
            self._duplicates()

    def others_go_on(self) -> None:
        """While one worker stands still, perhaps for a quarter of an hour."""
        if self.asleep >= 2:
            return
        self.asleep += 1
        try:
            self.tick()
        finally:
            self.asleep -= 1

    def _attend(self, share_id: int) -> None:
        attend(
            self.county.pk, share_id, wecom=self.wecom, at=self.wecom.now,  # type: ignore[arg-type]
            monotonic=self.wecom.monotonic,
        )  # fmt: skip

    def _look(self) -> None:
        at = self.wecom.now
        shares = sweeping.take_unsure(self.county.pk, at=at)
        reconciling.look_for_all(shares, wecom=self.wecom, at=at)  # type: ignore[arg-type]

    def _duplicates(self) -> None:
        self.next_duplicates_at = self.wecom.now + timedelta(minutes=2)

        def sweep() -> None:
            at = self.wecom.now
            duplicates.sweep(self.county, wecom=self.wecom, at=at)  # type: ignore[arg-type]

        self._work(sweep)

    def _work(self, act: Callable[[], Any]) -> None:
        """A worker, which may die at any boundary; the next one starts without its memory."""
        try:
            with self.crashes.installed():
                act()
        except Crash:
            pass
        except Exception as error:
            if type(error).__module__ != "wecom_api.errors":
                raise

    def to_the_next_due_time(self, campaign: Campaign, *, past: tuple[str, ...] = ENDED) -> None:
        """The clock goes on to when something has to happen; states in `past` no longer matter."""
        due: datetime | None = (
            Share.objects.filter(campaign=campaign, due_at__isnull=False)
            .exclude(state__in=past)
            .order_by("due_at")
            .values_list("due_at", flat=True)
            .first()
        )
        assert due is not None, f"forgotten: {self._states(campaign)}"
        self.wecom.now = max(self.wecom.now + timedelta(seconds=1), due)

    def _at_rest(self, campaign: Campaign) -> bool:
        moving = Share.objects.filter(campaign=campaign).exclude(state__in=AT_REST)
        return not moving.exists()

    def _states(self, campaign: Campaign) -> list[str]:
        shares = Share.objects.filter(campaign=campaign)
        return list(shares.values_list("state", flat=True))
