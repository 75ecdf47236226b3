"""Bugs put into the real code on purpose. A check that never fails proves nothing.

Each is a mistake somebody could make in good faith; beside it stands the weather in which it shows.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from tests.send_simulation import plan as p
from tests.send_simulation.plan import Happening, Plan
from tests.send_simulation.weather import Weather
from wecom_api import WeComError
from weijing.campaigns import (
    asking,
    backoff,
    duplicates,
    pausing,
    reconciling,
    restoring,
    stopping,
    sweeping,
)
from weijing.campaigns.models import Delivery, Restore, Share
from weijing.campaigns.moving import STEPS, State, move

SEEDS = 1_000  # the search ends at the first schedule that shows it


def _same(plan: Plan) -> Plan:
    return plan


def _only(*happenings: Happening, **fields: Any) -> Callable[[Plan], Plan]:
    """One thing happens, in the plan's own weather."""
    return lambda plan: replace(plan, happenings=happenings, both_officers=False, **fields)


def _long_stalls(plan: Plan) -> Plan:
    weather = Weather(roughness=0.3, stalled=0.3, longest_stall_seconds=1_800.0)
    return replace(plan, weather=weather, stride_seconds=1.0, both_officers=False, happenings=())


def _zombies(plan: Plan) -> Plan:
    """Workers that come back after others have asked again, and died of it."""
    weather = Weather(
        roughness=0.5, killed=0.1, stalled=0.15,
        longest_stall_seconds=6_000.0, others_every_seconds=330.0,
    )  # fmt: skip
    return replace(
        plan, weather=weather, list_lag_seconds=0.0, both_officers=False, happenings=(), small=50
    )


def _lagging(plan: Plan) -> Plan:
    return replace(plan, list_lag_seconds=900.0, both_officers=False, happenings=())


@dataclass(frozen=True)
class Bug:
    """`parts`: what is replaced, by what. `change`: the plan in which to look for it."""

    parts: tuple[tuple[Any, str, Any], ...]
    change: Callable[[Plan], Plan] = _same

    @contextmanager
    def planted(self) -> Iterator[None]:
        with ExitStack() as stack:
            for place, name, mistake in self.parts:
                stack.enter_context(patch.object(place, name, mistake))
            yield


def _ask_again(intent: asking.Intent) -> None:
    move(intent.share, State.ASKING, to=State.WAITING, due_at=intent.share.intent_at)


def _believe(intent: asking.Intent) -> None:
    move(intent.share, State.ASKING, to=State.ASKED, msgid=f"believed-{intent.share.pk}")


def _unfenced(
    share: Share, *sources: str, to: str, at_attempt: int | None = None, **fields: Any
) -> bool:
    return move(share, *sources, to=to, **fields)


def _empty_when_it_fails(**look: Any) -> Any:
    try:
        return _tasks_by_code(**look)
    except WeComError:
        return {}


_tasks_by_code = reconciling.tasks_by_code


def _intend_without_a_commit(share: Share, *, at: Any) -> asking.Intent | None:
    """Calls first and writes afterwards: who dies in between has called, and nobody knows."""
    intent = _intend(share, at=at)
    if intent is not None:
        Share.objects.filter(pk=share.pk).update(state=State.WAITING, due_at=at)
    return intent


_intend = asking._intend


def _from_waiting_too(
    share: Share, *sources: str, to: str, at_attempt: int | None = None, **fields: Any
) -> bool:
    found = [State.WAITING] if to in STEPS[State.WAITING] else []
    return move(share, *sources, *found, to=to, at_attempt=at_attempt, **fields)


def _everybody(share: Share) -> list[str]:
    rows = Delivery.objects.filter(share=share, result="pending").order_by("pk")
    return list(rows.values_list("external_userid", flat=True))


def _body_alone(share: Share, *, at: Any) -> str:
    return str(share.campaign.body)


def _cancelled_by_belief(share: Share, *, wecom: Any, at: Any) -> None:
    stopping.receipts.ended_elsewhere(share, at=at)


def _give_up(share: Share, *, at: Any) -> None:
    move(share, State.UNSURE, to=State.CANCELLED, ended_at=at, due_at=None)


def _lease_for_ever(county_id: int, *, at: Any, limit: int = 300) -> sweeping.Due:
    due = _take_due(county_id, at=at, limit=limit)
    Share.objects.filter(pk__in=due.share_ids).update(due_at=None)
    return due


_take_due = sweeping.take_due


def _not_ours(*args: Any, **kwargs: Any) -> int:
    """Takes the share's own task for a stray one."""
    county, code, tasks, share = args
    for task in tasks:
        duplicates.strays.cancel(county.pk, task.msgid, code=code, share=share, **kwargs)
    return len(tasks)


def _looks_at_nothing(county: Any, *, wecom: Any, at: Any) -> int:
    return int(Restore.objects.filter(county=county).update(looked_at=at))


BUGS: dict[str, Bug] = {
    "asks again when no answer came": Bug(((asking, "_become_unsure", _ask_again),)),
    "believes it was done when no answer came": Bug(((asking, "_become_unsure", _believe),)),
    "calls first and writes afterwards": Bug(
        ((asking, "_intend", _intend_without_a_commit), (asking, "move", _from_waiting_too))
    ),
    "has no deadline for the call": Bug(((asking, "CALL_WITHIN_SECONDS", 1e9),), _long_stalls),
    "does not fence by attempt": Bug(((asking, "move", _unfenced),), _zombies),
    "counts a look that failed": Bug(
        ((reconciling, "tasks_by_code", _empty_when_it_fails),),
        lambda plan: replace(
            plan, weather=replace(plan.weather, dispatching=0.5, roughness=1.8), happenings=()
        ),
    ),
    "looks before the list can show it": Bug(
        (
            (backoff, "first_look", lambda share: share.deadline_at),
            (backoff, "between_looks", lambda: timedelta(seconds=1)),
        ),
        _lagging,
    ),
    "is content with one look": Bug(((reconciling, "LOOKS_NEEDED", 1),), _lagging),
    "gives up when one look finds nothing": Bug(((reconciling, "_not_found", _give_up),)),
    "reads consent only at release": Bug(((asking, "_recipients", _everybody),)),
    "sends in spite of the kill switch": Bug(((pausing, "is_paused", lambda county_id: False),)),
    "puts no code into the text": Bug(((asking.filling, "text_for", _body_alone),)),
    "believes that a cancel has worked": Bug(
        ((stopping, "cancel_in_wecom", _cancelled_by_belief),)
    ),
    "takes a share and never returns it": Bug(
        (
            (sweeping, "take_due", _lease_for_ever),
            (sweeping, "find_forgotten", lambda county_id, *, at: 0),
        )
    ),
    "cancels its own tasks as strays": Bug(((duplicates, "_handle", _not_ours),)),
    "goes on after a restore as if nothing had been": Bug(
        ((restoring, "after_restore", lambda county, *, by, at: None),),
        _only(Happening(0.5, p.SNAPSHOT), Happening(1_500.0, p.RESTORE), scheduled=False),
    ),
    "lets a schedule go again after a restore": Bug(
        ((restoring, "_take_back_schedules", lambda county, *, by, at: 0),),
        _only(Happening(0.5, p.SNAPSHOT), Happening(1_500.0, p.RESTORE), scheduled=True),
    ),
    "shows nobody what went out before a restore": Bug(
        ((restoring, "look", _looks_at_nothing),),
        _only(Happening(0.5, p.SNAPSHOT), Happening(1_500.0, p.RESTORE), scheduled=True),
    ),
    "sends without the picture when it is not uploaded": Bug(
        ((asking.carrying, "load", lambda campaign, *, at: asking.carrying.Load()),),
        lambda plan: replace(plan, carries=True),
    ),
    "asks before it knows whom": Bug(
        ((asking, "listing", SimpleNamespace(write=lambda county_id, share_ids: 0)),),
        lambda plan: replace(plan, scheduled=True, listed_late=True, happenings=()),
    ),
}
