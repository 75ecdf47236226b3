"""Named reads of what WeCom counts, and of how far we are in reading WeCom."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet, Sum

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.sync.models import BehaviourDay, SyncRun


@dataclass(frozen=True)
class DayOfTalk:
    """What the officers of a scope sent in one natural day; None: WeCom has not told us yet."""

    day: date
    messages: int | None
    chats: int | None


def talk_by_day(scope: Scope, *, until: date, days: int) -> list[DayOfTalk]:
    """The last `days` days up to and including `until`, none missing."""
    first = until - timedelta(days=days - 1)
    rows = _behaviour(scope).filter(day__gte=first, day__lte=until).values("day")
    sums = rows.annotate(messages=Sum("message_cnt"), chats=Sum("chat_cnt")).order_by("day")
    known = {row["day"]: row for row in sums}
    every = [first + timedelta(days=number) for number in range(days)]
    return [
        DayOfTalk(day, known[day]["messages"], known[day]["chats"])
        if day in known
        else DayOfTalk(day, None, None)
        for day in every
    ]


@dataclass(frozen=True)
class TalkOfOfficer:
    """One officer over some days, as WeCom counted them; a mean weighs each day by its chats."""

    messages: int
    chats: int
    reply_minutes: float | None  # mean time to the first reply
    replied_percent: float | None  # chats that got a reply, 0-100


def talk_of(officer: Officer, *, since: date, until: date) -> TalkOfOfficer | None:
    """Both days included. None: WeCom has told us nothing of these days yet."""
    days = BehaviourDay.objects.filter(
        county_id=officer.county_id, officer=officer, day__gte=since, day__lte=until
    )
    rows = list(days)
    if not rows:
        return None
    return TalkOfOfficer(
        messages=sum(row.message_cnt for row in rows),
        chats=sum(row.chat_cnt for row in rows),
        reply_minutes=_mean([(row.avg_reply_time_minutes, row.chat_cnt) for row in rows]),
        replied_percent=_mean([(row.reply_percentage, row.chat_cnt) for row in rows]),
    )


def _mean(weighed: list[tuple[float | None, int]]) -> float | None:
    known = [(value, weight) for value, weight in weighed if value is not None and weight]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if total else None


def latest_runs(county_id: int) -> dict[str, SyncRun]:
    """The latest run of each kind that has been started, by kind."""
    runs = SyncRun.objects.filter(county_id=county_id).order_by("kind", "-started_at")
    return {run.kind: run for run in runs.distinct("kind")}


def _behaviour(scope: Scope) -> QuerySet[BehaviourDay]:
    rows = BehaviourDay.objects.filter(county_id=scope.county_id)
    if scope.whole_county:
        return rows
    own = Q(officer_id=scope.officer_id)
    return rows.filter(own | Q(officer__station_id__in=scope.station_ids))
