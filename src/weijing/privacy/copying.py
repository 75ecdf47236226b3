"""A resident's own copy of everything: as data, and as lines to read and print.

Source: PIPL 45. What others said or did is theirs: family members stand masked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from weijing.campaigns.models import Delivery, OwnMessage
from weijing.core.clock import COUNTY_TIME, local_day
from weijing.privacy import openings, own_record
from weijing.privacy.queries import requests_of
from weijing.requests.lost import queries as lost
from weijing.requests.missing import queries as missing
from weijing.requests.models import Sighting
from weijing.residents.models import ConsentRecord, DoorVisit, Resident, ResidentChange
from weijing.tags.models import TagGroup

ALL_WE_KEEP = timedelta(days=3 * 366)  # the trail's own retention
MAX_LINES = 500


@dataclass(frozen=True)
class Section:
    """A heading and its lines; each line is (what, value)."""

    title: str
    lines: Sequence[tuple[str, str]]


def sections(resident: Resident, *, at: datetime) -> list[Section]:
    """What the printed copy shows."""
    return [
        Section("我的信息", _items(resident, at=at)),
        Section("我作过的选择", _consents(resident)),
        Section("收到的通知", _messages(resident)),
        Section("上门记录", _visits(resident)),
        Section("资料改动", _changes(resident)),
        Section("谁看过我的资料", _openings(resident, at=at)),
        Section("我的申请", _requests(resident)),
        Section("我登记的失物、报的走失", _asked_for(resident)),
    ]


def as_data(resident: Resident, *, at: datetime) -> dict[str, Any]:
    """The same for machines: JSON with the section titles as keys."""
    return {
        "处理者": resident.county.bureau_name,
        "生成时间": _moment(at),
        "内容": {
            section.title: [{"项目": what, "内容": value} for what, value in section.lines]
            for section in sections(resident, at=at)
        },
    }


def _items(resident: Resident, *, at: datetime) -> list[tuple[str, str]]:
    day = local_day(at)
    lines = [
        (
            item.name,
            f"{resident.phone if item.field == 'phone' else item.value}（用途：{item.purpose}；"
            f"来源：{item.source}；依据：{item.basis}；保存到：{item.until}）",
        )
        for item in own_record.items(resident, on=day)
    ]
    lines.append(("谁能看", own_record.SEEN_BY))
    if hidden := own_record.hidden(resident, on=day):
        lines.append(("其他标签", f"{hidden} 个，为保护您，请带证件到派出所当面查阅"))
    return lines


def _consents(resident: Resident) -> list[tuple[str, str]]:
    groups = dict(TagGroup.objects.filter(county_id=resident.county_id).values_list("code", "name"))
    labels = dict(ConsentRecord.Scope.choices)
    records = ConsentRecord.objects.filter(county_id=resident.county_id, resident=resident)
    return [
        (
            _moment(record.at),
            f"{'同意' if record.given else '不同意或撤回'}"
            f"「{labels.get(record.scope) or groups.get(record.scope, record.scope)}」，"
            f"{record.get_channel_display()}，告知书 {record.notice_version} 版",
        )
        for record in records.order_by("-at", "-pk")[:MAX_LINES]
    ]


def _messages(resident: Resident) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(
        county_id=resident.county_id, resident=resident, result=Delivery.Result.SENT
    ).select_related("share__campaign", "share__officer")
    ours = [
        (_moment(row.sent_at), f"{row.share.campaign.title}（{row.share.officer.name}）")
        for row in rows.order_by("-sent_at")[:MAX_LINES]
    ]
    own = OwnMessage.objects.filter(
        county_id=resident.county_id, people__contains=[resident.ordinal]
    ).select_related("officer")
    return ours + [
        (f"{row.sent_on:%Y-%m-%d}", f"{row.officer.name}自己在企业微信群发的，没有存内容")
        for row in own.order_by("-sent_on")[:MAX_LINES]
    ]


def _visits(resident: Resident) -> list[tuple[str, str]]:
    if resident.household_id is None:
        return []
    rows = DoorVisit.objects.filter(
        county_id=resident.county_id, household_id=resident.household_id
    ).select_related("officer")
    return [
        (_moment(row.at), f"{row.officer.name}上门：{row.get_outcome_display()}")
        for row in rows.order_by("-at")[:MAX_LINES]
    ]


def _changes(resident: Resident) -> list[tuple[str, str]]:
    rows = ResidentChange.objects.filter(county_id=resident.county_id, resident=resident)
    return [
        (
            _moment(row.at),
            f"{row.get_kind_display()}：{_said(row.before)} → {_said(row.after)}"
            f"（{row.get_source_display()}）",
        )
        for row in rows.order_by("-at", "-pk")[:MAX_LINES]
    ]


def _openings(resident: Resident, *, at: datetime) -> list[tuple[str, str]]:
    return [
        (
            _moment(seen.at),
            f"{seen.station} {seen.who}（{seen.rank}）：{seen.why}，当天 {seen.times} 次",
        )
        for seen in openings.of(resident, at=at, since=ALL_WE_KEEP)[:MAX_LINES]
    ]


def _requests(resident: Resident) -> list[tuple[str, str]]:
    return [
        (
            request.number,
            f"{_moment(request.received_at)} 申请{request.get_kind_display()}，"
            f"{request.get_state_display()}",
        )
        for request in requests_of(resident)[:MAX_LINES]
    ]


def _asked_for(resident: Resident) -> list[tuple[str, str]]:
    """Of whom they reported missing, no more than that they did: the rest is that person's."""
    things = [
        (
            item.number,
            f"{_moment(item.taken_in_at)} 登记{item.get_side_display()}{item.get_kind_display()}，"
            f"{item.words or '没有说明'}，{item.get_state_display()}",
        )
        for item in lost.reported_by(resident)[:MAX_LINES]
    ]
    searches = [
        (one.number, f"{_moment(one.reported_at)} 报走失，{one.get_state_display()}")
        for one in missing.asked_by(resident)[:MAX_LINES]
    ]
    sightings = [
        (row.missing.number, f"{_moment(row.told_at)} 提供线索：{row.place}")
        for row in Sighting.objects.filter(county_id=resident.county_id, resident=resident)
        .select_related("missing")
        .order_by("-told_at")[:MAX_LINES]
    ]
    return [*things, *searches, *sightings]


def _said(facts: Mapping[str, Any]) -> str:
    return "、".join(f"{name} {value}" for name, value in facts.items()) or "未填"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}" if at else "—"
