"""Runs schedules by their seeds, and tells about those that broke a promise."""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.db import transaction

from tests.send_simulation.boundaries import commits_are_boundaries
from tests.send_simulation.judging import judge
from tests.send_simulation.plan import Plan, drawn
from tests.send_simulation.schedule import Schedule
from tests.send_simulation.stage import Stage, kind_of, stage
from weijing.audiences.index import keeping


@dataclass
class Verdict:
    plan: Plan
    broken: list[str]
    story: list[str]
    ended: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)  # acts of the workers, finished or not
    boundaries: int = 0
    steps: int = 0

    def __str__(self) -> str:
        happenings = "\n".join(f"    {h}" for h in self.plan.happenings)
        told = "\n".join(self.story)
        lines = "\n".join(f"  {what}" for what in self.broken)
        return (
            f"seed {self.plan.seed} broke a promise:\n{lines}\n"
            f"  plan: {self.plan}\n{happenings}\n  story:\n{told}"
        )


def verdicts(
    seeds: Iterable[int], *, change: Callable[[Plan], Plan] = lambda plan: plan
) -> Iterator[Verdict]:
    """Of each seed, in order of the stage it needs. `change` turns its plan into another."""
    plans = [change(drawn(seed)) for seed in seeds]
    gc.freeze()  # nothing that is here now goes; looking at it again and again takes a tenth
    for kind in sorted({kind_of(plan) for plan in plans}):
        with ExitStack() as stack:
            keeping.forget()
            place = stack.enter_context(stage(kind))
            for plan in plans:
                if kind_of(plan) == kind:
                    yield play(place, plan)


def play(place: Stage, plan: Plan, *, kill_at: frozenset[int] = frozenset()) -> Verdict:
    """One schedule on this stage, rolled back afterwards."""
    if plan.scheduled:
        keeping.forget()  # the index knows nothing of what was rolled back
    with transaction.atomic():
        schedule = Schedule(place, plan, kill_at=kill_at)
        with commits_are_boundaries(schedule):
            schedule.run()
        broken = judge(schedule)
        verdict = Verdict(
            plan, broken, schedule.story, boundaries=schedule.boundaries, steps=schedule.steps
        )
        verdict.ended.update(place.campaign.shares.values_list("state", flat=True))
        verdict.did.update(schedule.did)
        transaction.set_rollback(True)
    return verdict
