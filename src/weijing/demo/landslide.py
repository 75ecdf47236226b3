"""A slope comes down on a road: reported from a phone, verified, let go, told by two ways.

Everything over HTTP, as people do it; what WeCom and the phones then have is the truth.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import scope_of
from weijing.campaigns.emergency import duty, proposing, reaching
from weijing.campaigns.emergency.models import EmergencyEvent, Sms
from weijing.campaigns.models import Delivery, Share
from weijing.core import clock
from weijing.core.clock import COUNTY_TIME
from weijing.demo.comparing import Figure
from weijing.demo.morning import until
from weijing.demo.stage import Stage
from weijing.demo.visiting import Visitor
from weijing.residents.models import Resident
from weijing.territory.models import Division

REPORTER = "mj0002"
VILLAGES = 2


@dataclass
class Landslide:
    """Which event it was, and what WeCom and the phones had of it in the end."""

    number: str = ""
    living_there: int = 0
    tasks: set[str] = field(default_factory=set)
    on_phones: dict[str, str] = field(default_factory=dict)


def play(stage: Stage) -> Landslide:
    slide = Landslide()
    reporter = Officer.objects.get(county=stage.county, wecom_userid=REPORTER)
    villages = _villages(stage, reporter)
    author = Officer.objects.get(county=stage.county, username="author")
    road = duty.keep_road(
        None, by=author, at=clock.now(), road="S240", name=f"S240 {villages[0].name}段",
        divisions=villages,
    )  # fmt: skip
    reporter_phone, desk, leader = Visitor(stage), Visitor(stage), Visitor(stage)
    reporter_phone.through_wecom(REPORTER)
    desk.by_password("author", stage.passwords["author"])
    leader.by_password("duty", stage.passwords["duty"])
    reporter_phone.post(
        "/o/emergency/new/", kind="mudslide", source="patrol", road=str(road.pk),
        place="K23+400，往县城方向", happened_at=_minute(-10), note="两车道都堵了，没有人被困",
    )  # fmt: skip
    event = EmergencyEvent.objects.get(county=stage.county)
    slide.number = event.number
    here = f"/desk/emergency/{event.number}/"
    desk.post(
        here, step="verify", how="on_scene", severity="orange", valid_until=_minute(8 * 60),
        detour="走 X055 南麻公路",
    )  # fmt: skip
    event.refresh_from_db()
    groups = [group for group in proposing.groups(event) if group.key == "residents"]
    slide.living_there = len(proposing.people(event, proposing.tree(groups)))
    desk.post(here, step="write", kind="first", groups="residents", body="请不要前往，注意落石。")
    message = event.messages.get()
    leader.post(
        here, step="approve", message=str(message.pk), people_seen=str(slide.living_there),
        typed=str(slide.living_there),
    )  # fmt: skip
    until("every officer of the road is asked", lambda: not _not_asked(stage, event))
    until("the short messages are handed over", lambda: not _not_texted(stage))
    for userid in _officers(stage, event):
        # WeCom takes a few seconds to show a task to its member.
        until("the task is in 群发助手", partial(_confirms, stage, event, userid))
    slide.tasks = _in_wecom(stage, event)
    slide.on_phones = _on_phones(stage)
    stage.say(
        f"泥石流：手机上报，核实，值班领导批准，{slide.living_there} 人由微信和 "
        f"{len(slide.on_phones)} 条短信通知"
    )
    return slide


def compare(stage: Stage, slide: Landslide) -> list[Figure]:
    event = EmergencyEvent.objects.get(county=stage.county, number=slide.number)
    message = event.messages.get()
    shares = Share.objects.filter(county=stage.county, campaign=message.campaign)
    sms = Sms.objects.filter(county=stage.county, message=message).select_related("resident")
    numbers = {str(row.pk): row.resident.phone for row in sms}
    waiting = Delivery.objects.filter(
        county=stage.county, share__campaign=message.campaign, result="pending"
    )
    until("the results of the emergency are in", lambda: not waiting.exists())
    reached = reaching.reached(message, at=clock.now())
    told = reached.people["wecom"] + reached.people["sms"]
    with_way = Delivery.objects.filter(
        county=stage.county, share__campaign=message.campaign, result="sent"
    ).count() + _sharing_a_number(stage, message, sms)
    return [
        Figure(
            "泥石流：企业微信里的任务", set(shares.values_list("msgid", flat=True)), slide.tasks
        ),
        Figure("泥石流：手机上的短信", numbers, slide.on_phones),
        Figure("泥石流：要通知的人", message.people, slide.living_there),
        Figure("泥石流：已通知到的人，每人一次", told, with_way),
        Figure("泥石流：各路合计", reached.all, slide.living_there),
    ]


def _sharing_a_number(stage: Stage, message: Any, sms: Any) -> int:
    """Everybody without a contact whose number got it: families share one."""
    told = Delivery.objects.filter(
        county=stage.county, share__campaign=message.campaign, result="sent"
    ).values("resident_id")
    return Resident.objects.filter(
        ~Q(pk__in=told),
        county=stage.county,
        ordinal__in=message.concerned().to_array().tolist(),
        phone_index__in=list(sms.values_list("phone_index", flat=True)),
    ).count()


def _villages(stage: Stage, officer: Officer) -> list[Division]:
    scope = scope_of(officer, at=clock.now())
    rows = Division.objects.filter(county=stage.county, level=Division.Level.VILLAGE)
    return [row for row in rows.order_by("lo") if scope.covers(row)][:VILLAGES]


def _minute(minutes: int) -> str:
    moment = clock.now().astimezone(COUNTY_TIME) + timedelta(minutes=minutes)
    return f"{moment:%Y-%m-%dT%H:%M}"


def _shares(stage: Stage, event: EmergencyEvent) -> Any:
    return Share.objects.filter(county=stage.county, campaign__emergency__event=event)


def _not_asked(stage: Stage, event: EmergencyEvent) -> bool:
    return bool(_shares(stage, event).filter(msgid=None).exists())


def _not_texted(stage: Stage) -> bool:
    return Sms.objects.filter(county=stage.county, state__in=["waiting", "sending"]).exists()


def _officers(stage: Stage, event: EmergencyEvent) -> list[str]:
    return sorted(set(_shares(stage, event).values_list("officer__wecom_userid", flat=True)))


def _confirms(stage: Stage, event: EmergencyEvent, userid: str) -> bool:
    """Taps send; whether all of the member's part is out, as WeCom has it."""
    stage.wecom.post("acts/mass/confirm", userid=userid)
    shares = _shares(stage, event).filter(officer__wecom_userid=userid)
    return all(
        any(one["result"] == "sent" for one in stage.wecom.get(f"truth/mass/{msgid}")["recipients"])
        for msgid in shares.values_list("msgid", flat=True)
    )


def _in_wecom(stage: Stage, event: EmergencyEvent) -> set[str]:
    codes = list(_shares(stage, event).values_list("code", flat=True))
    return {
        message["msgid"]
        for message in stage.wecom.get("truth/mass")["messages"]
        if any(code in message["text"] for code in codes)
    }


def _on_phones(stage: Stage) -> dict[str, str]:
    """Id → number of every message that a phone shows."""
    address = f"{stage.facts['sms_admin_url']}/truth"
    rows = httpx.get(address, timeout=30, trust_env=False).json()["messages"]
    return {row["id"]: row["to"] for row in rows if row["state"] != "failed"}
