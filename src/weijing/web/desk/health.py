"""How the machine is, in words: the line to WeCom, readings, waiting work, callbacks, database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.http import HttpResponse
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker

from weijing.core import clock, env, line
from weijing.core.models import WeComHealth
from weijing.residents.ways import claiming, leading
from weijing.sync.models import ContactRefresh, InboxEvent, SyncRun
from weijing.sync.queries import latest_runs
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import HEALTH
from weijing.web.desk.showing import show

WORKER_IS_SILENT = timedelta(minutes=1)  # procrastinate writes a heartbeat every ten seconds

# What people say for WeCom's paths; one that is not here is shown as it is.
APIS = {
    "gettoken": "登录企业微信",
    "externalcontact/batch/get_by_user": "读取好友（整批）",
    "externalcontact/get": "读取一位好友",
    "externalcontact/list": "读取好友名单",
    "externalcontact/remark": "写备注",
    "externalcontact/mark_tag": "打标签",
    "externalcontact/get_corp_tag_list": "读取标签库",
    "externalcontact/add_corp_tag": "建标签",
    "externalcontact/edit_corp_tag": "改标签",
    "externalcontact/del_corp_tag": "删标签",
    "externalcontact/add_msg_template": "派发群发任务",
    "externalcontact/get_groupmsg_list_v2": "核对群发任务",
    "externalcontact/get_groupmsg_task": "查看谁已确认",
    "externalcontact/get_groupmsg_send_result": "查看发送结果",
    "externalcontact/remind_groupmsg_send": "提醒确认",
    "externalcontact/cancel_groupmsg_send": "停止群发任务",
    "externalcontact/send_welcome_msg": "发欢迎语",
    "externalcontact/add_contact_way": "生成二维码",
    "externalcontact/update_contact_way": "改二维码",
    "externalcontact/del_contact_way": "删二维码",
    "externalcontact/get_contact_way": "核对二维码",
    "externalcontact/list_contact_way": "读取二维码清单",
    "externalcontact/get_user_behavior_data": "读取联系统计",
    "externalcontact/get_follow_user_list": "读取可联系群众的人员",
    "department/simplelist": "读取部门",
    "department/list": "读取部门",
    "user/simplelist": "读取人员",
    "user/list": "读取人员",
    "user/get": "读取一位人员",
    "message/send": "给民辅警发通知",
    "auth/getuserinfo": "民辅警登录",
}


@for_roles(*HEALTH)
def health(request: OfficerRequest) -> HttpResponse:
    now = clock.now()
    jobs = _jobs(now)
    inbox = _inbox()
    codes = _codes(request.scope.county_id)
    context = {
        "as_of": now,
        "line": line.health(now),
        "apis": _apis(now),
        "runs": _runs(request.scope.county_id),
        "jobs": jobs,
        "inbox": inbox,
        "refreshes": _refreshes(request.scope.county_id),
        "codes": codes,
        "is_embedded": not env.environment().database_url,
        "needs_somebody": bool(
            jobs["parked"] or inbox["parked"] or codes["parked"] or not jobs["worker_lives"]
        ),
    }
    return show(request, "desk/health.html", context, part="state")


@dataclass(frozen=True)
class Api:
    name: str
    path: str
    state: str
    tone: str
    ok_at: datetime | None
    calls: int
    failures: int


def _apis(now: datetime) -> list[Api]:
    troubles = {trouble.api: trouble for trouble in line.health(now).troubles}
    rows = []
    for row in WeComHealth.objects.order_by("api"):
        trouble = troubles.get(row.api)
        path = row.api.removeprefix("/cgi-bin/").strip("/")
        rows.append(
            Api(
                name=APIS.get(path, path),
                path=path,
                state=str(trouble.state.label) if trouble else "正常",
                tone="unsure" if trouble else "done",
                ok_at=row.ok_at,
                calls=row.calls,
                failures=row.failures,
            )
        )
    return sorted(rows, key=lambda api: (api.tone == "done", api.path))


def _runs(county_id: int) -> list[dict[str, Any]]:
    latest = latest_runs(county_id)
    return [
        {"name": kind.label, "run": latest.get(kind), **_numbers(latest.get(kind))}
        for kind in SyncRun.Kind
    ]


def _numbers(run: SyncRun | None) -> dict[str, Any]:
    """How far a reading of contacts is; the others are over before one looks."""
    numbers = run.progress.get("numbers", {}) if run else {}
    return {
        "done": numbers.get("officers_done"),
        "total": numbers.get("officers"),
        "contacts": numbers.get("contacts"),
    }


def _jobs(now: datetime) -> dict[str, Any]:
    due = Q(scheduled_at=None) | Q(scheduled_at__lte=now)
    figures = ProcrastinateJob.objects.aggregate(
        waiting=Count("pk", filter=Q(status="todo") & due),
        later=Count("pk", filter=Q(status="todo") & ~due),
        running=Count("pk", filter=Q(status="doing")),
        parked=Count("pk", filter=Q(status="failed")),
    )
    heartbeat = ProcrastinateWorker.objects.aggregate(at=Max("last_heartbeat"))["at"]
    parked = ProcrastinateJob.objects.filter(status="failed").values("task_name")
    return {
        **figures,
        "parked_by_task": list(parked.annotate(n=Count("pk")).order_by("-n", "task_name")[:10]),
        "heartbeat": heartbeat,
        "worker_lives": bool(heartbeat and now - heartbeat < WORKER_IS_SILENT),
    }


def _inbox() -> dict[str, Any]:
    waiting, parked = InboxEvent.Outcome.WAITING, InboxEvent.Outcome.PARKED
    open_events = InboxEvent.objects.filter(outcome__in=[waiting, parked])
    figures: dict[str, Any] = open_events.aggregate(
        waiting=Count("pk", filter=Q(outcome=waiting)),
        parked=Count("pk", filter=Q(outcome=parked)),
        oldest=Min("received_at", filter=Q(outcome=waiting)),
    )
    return figures | {"last": InboxEvent.objects.aggregate(at=Max("last_received_at"))["at"]}


def _refreshes(county_id: int) -> dict[str, int]:
    rows = ContactRefresh.objects.filter(county_id=county_id)
    figures: dict[str, int] = rows.aggregate(
        waiting=Count("pk", filter=Q(parked_because="")),
        parked=Count("pk", filter=~Q(parked_because="")),
    )
    return figures


def _codes(county_id: int) -> dict[str, int]:
    """Codes that residents scan: what WeCom has yet to be told, and what it would not do."""
    return {
        "waiting": claiming.waiting(county_id).count(),
        "refused": leading.live(county_id).filter(refused_because__gt="").count(),
        "parked": claiming.parked(county_id).count(),
    }
