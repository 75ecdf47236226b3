"""Where the readings stand and what waits, for the command line and the pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from weijing.sync import runs
from weijing.sync.contacts_full import PERIOD
from weijing.sync.models import BehaviourDay, ContactRefresh, InboxEvent, OfficerReading, SyncRun
from weijing.sync.serving import serving_officers
from weijing.tags.models import Tag


@dataclass(frozen=True)
class Standing:
    """The last reading of one kind. Times are None when there was none, or it has not ended."""

    kind: str
    name: str  # in Chinese
    started_at: datetime | None
    finished_at: datetime | None
    progress: dict[str, Any]  # of contacts: "officers", "officers_done", "contacts", …
    remark: str


def readings(county_id: int) -> list[Standing]:
    return [_standing(county_id, kind) for kind in SyncRun.Kind]


def _standing(county_id: int, kind: SyncRun.Kind) -> Standing:
    if kind == SyncRun.Kind.BEHAVIOUR:
        return _behaviour(county_id)
    if kind == SyncRun.Kind.TAGS:
        return _tags(county_id)
    run = runs.latest(county_id, kind)
    if run is None:
        return Standing(kind, kind.label, None, None, {}, "尚未读取")
    progress = run.progress.get("numbers", run.progress)
    remark = run.failure or ("" if run.finished_at else "进行中或已中断，会从断点继续")
    return Standing(kind, kind.label, run.started_at, run.finished_at, progress, remark)


def _behaviour(county_id: int) -> Standing:
    kind = SyncRun.Kind.BEHAVIOUR
    newest = BehaviourDay.objects.filter(county_id=county_id).order_by("-day").first()
    remark = f"最新一天：{newest.day}" if newest else "尚未读取"
    return Standing(kind, kind.label, None, None, {}, remark)


def _tags(county_id: int) -> Standing:
    kind = SyncRun.Kind.TAGS
    known = Tag.objects.filter(county_id=county_id).exclude(wecom_tag_id="").count()
    return Standing(kind, kind.label, None, None, {"tags": known}, f"企业微信里有 {known} 个")


def waiting(county_id: int, *, at: datetime) -> dict[str, int]:
    """Counts by a Chinese name."""
    refreshes = ContactRefresh.objects.filter(county_id=county_id)
    read = OfficerReading.objects.filter(county_id=county_id, read_at__gt=at - PERIOD)
    serving = serving_officers(county_id)
    return {
        "待处理的回调": InboxEvent.objects.filter(outcome="").count(),
        "需人工处理的回调": InboxEvent.objects.filter(outcome=InboxEvent.Outcome.PARKED).count(),
        "待刷新的好友": refreshes.filter(parked_because="").count(),
        "刷新失败、需人工的好友": refreshes.exclude(parked_because="").count(),
        "24 小时内未核对的民辅警": serving.exclude(pk__in=read.values("officer_id")).count(),
    }


def oldest_waiting_event() -> datetime | None:
    event = InboxEvent.objects.filter(outcome="").order_by("received_at").first()
    return event.received_at if event else None
