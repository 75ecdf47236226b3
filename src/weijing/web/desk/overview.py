"""The desk's first page: how many we reach, what waits, what is going out."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.campaigns import queries as campaigns
from weijing.campaigns.models import Campaign
from weijing.core import clock, line
from weijing.indicators import messages
from weijing.residents.figures import coverage, trends
from weijing.residents.figures.coverage import Coverage
from weijing.residents.models import Contact
from weijing.residents.queries import to_be_labelled
from weijing.sync.queries import DayOfTalk, talk_by_day
from weijing.territory import queries as territory
from weijing.territory.models import Division
from weijing.web import hex_layout, numerals
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import AUDIT, COMMAND, EVERY_DESK, HEALTH
from weijing.web.desk.showing import show

DAYS = 30
WORST = 4
RUNNING = 5


@for_roles(*EVERY_DESK, *AUDIT, Role.DUTY_LEADER)
def overview(request: OfficerRequest) -> HttpResponse:
    """Who runs the machine starts with it, an auditor with the trail, a leader with what is on."""
    if not request.scope.has(*COMMAND) and request.scope.has(Role.DUTY_LEADER):
        return redirect("desk:emergency")
    if request.scope.has(*AUDIT):
        return redirect("desk:audit")
    if not request.scope.has(*COMMAND):
        return redirect("desk:health")
    now, today = clock.now(), clock.today()
    scope = request.scope
    root = territory.root(scope.county_id)
    townships = coverage.of_children(root, scope=scope, on=today)
    everywhere = coverage.total(townships)
    running = campaigns.running(scope)
    running_count = running.count()
    talk = _talk(scope, today)
    context = {
        "as_of": now,
        "unit": request.user.station if scope.station_ids else None,
        "tiles": _tiles(scope, everywhere, talk, running_count, now=now),
        "hexagons": hexagons(townships, root=root),
        "townships": townships,
        "worst": worst(townships),
        "total": everywhere,
        "talk": talk,
        "running": [_course(campaign, scope) for campaign in running[:RUNNING]],
        "line": line.health(now),
        "sees_health": scope.has(*HEALTH),
    }
    return show(request, "desk/overview.html", context)


def hexagons(rows: list[Coverage], *, root: Division) -> list[dict[str, Any]]:
    """Townships for `{% hexmap %}`, each leading to its own page."""
    places = hex_layout.places([row.name for row in rows], county=root.code)
    return [
        {
            "name": row.name,
            "col": places[row.name][0],
            "row": places[row.name][1],
            "value": row.household_percent,
            "url": reverse("desk:grid", args=[row.code]),
        }
        for row in rows
    ]


def worst(rows: list[Coverage]) -> list[Coverage]:
    """Where to go first: the lowest shares, and only where somebody is missing."""
    missing = [row for row in rows if row.households_missing]
    return sorted(missing, key=lambda row: (row.household_percent or 0, row.code))[:WORST]


@dataclass(frozen=True)
class Tile:
    """What `{% stat_tile %}` shows."""

    label: str
    value: int | str
    unit: str = ""
    note: str = ""
    url: str = ""
    trend: tuple[float, ...] = ()


def _tiles(
    scope: Scope, everywhere: Coverage, talk: dict[str, Any], running: int, *, now: datetime
) -> list[Tile]:
    friends = _friends(scope)
    people = friends.values("identity_id").distinct().count()
    new = friends.filter(added_at__gte=now - timedelta(days=7)).count()
    return [
        Tile("群众好友", people, "人", f"近 7 日 {numerals.signed(new)}", reverse("desk:contacts")),
        _rate(everywhere, scope, today=clock.local_day(now)),
        _figure("近 30 日发送消息", talk["messages"], "条", talk["note"]),
        _figure("单聊总数", talk["chats"], "个", "近 30 日每日之和"),
        _waiting(scope),
        _campaigns(scope, running, now=now),
    ]


def _campaigns(scope: Scope, running: int, *, now: datetime) -> Tile:
    """Of the whole county all that was published; a station has its running ones."""
    if not scope.whole_county:
        return Tile("运行中的群发", running, "条", "已下发，未结束", reverse("desk:campaigns"))
    total = messages.published(scope.county_id, at=now).total
    note = f"群发 {numerals.thousands(total.campaigns)} 次，{running} 次运行中"
    return Tile("累计发布宣传信息", total.sent, "条", note, reverse("desk:figures-messages"))


def _rate(everywhere: Coverage, scope: Scope, *, today: date) -> Tile:
    url = reverse("desk:coverage")
    if not everywhere.households:
        return Tile("户覆盖率", numerals.UNKNOWN, note="还没导入户数", url=url)
    shown = numerals.percent(everywhere.household_percent).removesuffix("%")
    linked = numerals.thousands(everywhere.households_linked)
    note = f"{linked} / {numerals.thousands(everywhere.households)} 户"
    root = territory.root(scope.county_id)
    days = trends.day_by_day(root, scope=scope, now=everywhere, until=today, days=DAYS)
    trend = tuple(day.household_percent for day in days if day.household_percent is not None)
    return Tile("户覆盖率", shown, "%", note, url, trend)


def _figure(label: str, value: int | None, unit: str, note: str) -> Tile:
    if value is None:
        return Tile(label, numerals.UNKNOWN, note="还没有读到企业微信的统计")
    return Tile(label, value, unit, note)


def _waiting(scope: Scope) -> Tile:
    waiting = to_be_labelled(scope)
    oldest = waiting.values_list("added_at", flat=True).first()
    note = f"最早 {numerals.lately(oldest)}" if oldest else "都标注好了"
    return Tile("待标注", waiting.count(), "人", note, reverse("desk:labelling"))


def _friends(scope: Scope) -> QuerySet[Contact]:
    live = Contact.objects.filter(county_id=scope.county_id, state=Contact.State.LINKED)
    if scope.whole_county:
        return live
    own = Q(officer_id=scope.officer_id)
    return live.filter(own | Q(officer__station_id__in=scope.station_ids))


def _talk(scope: Scope, today: date) -> dict[str, Any]:
    """WeCom counts whole days, so the last one is yesterday."""
    days = talk_by_day(scope, until=today - timedelta(days=1), days=DAYS)
    known = [day for day in days if day.messages is not None]
    return {
        "bars": [(f"{row.day.month}/{row.day.day}", row.messages) for row in days],
        "messages": _sum(known, "messages"),
        "chats": _sum(known, "chats"),
        "note": _a_day(known),
        "until": days[-1].day,
    }


def _a_day(known: list[DayOfTalk]) -> str:
    if not known:
        return ""
    return f"日均 {round((_sum(known, 'messages') or 0) / len(known)):,} 条"


def _sum(days: list[DayOfTalk], figure: str) -> int | None:
    return sum(getattr(day, figure) or 0 for day in days) if days else None


def _course(campaign: Campaign, scope: Scope) -> dict[str, Any]:
    return {"campaign": campaign, "progress": campaigns.progress(campaign, scope)}
