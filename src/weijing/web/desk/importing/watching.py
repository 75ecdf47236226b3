"""One import: how far it is, what it would do or did, and what may be done about it."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.core import clock
from weijing.residents.importing import running, taking_back, uploads
from weijing.residents.importing.deciding import open_absences, open_conflicts
from weijing.residents.models import RollImport
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.importing.listing import file_of
from weijing.web.desk.importing.rights import LOOKERS, found, importable, may_import, sees_rows
from weijing.web.desk.showing import show

State = RollImport.State
BUSY = (State.WAITING, State.RUNNING)
STAGES = {
    "read": "读取并检查",
    "compare": "与底册比对",
    "write": "加密并写入",
    "index": "建立索引",
}
QUICK_FOR = timedelta(minutes=1)
QUICK_SECONDS, SLOW_SECONDS = 2, 5
VERDICTS = {"take": "按名册改", "conflict": "要人决定"}


@for_roles(*LOOKERS)
def one(request: OfficerRequest, pk: int) -> HttpResponse:
    record, scope, now = found(request, pk), request.scope, clock.now()
    may = may_import(scope)
    if record.state == State.UPLOADED and may:
        return redirect("desk:import-columns", pk=pk)
    context = {
        "record": record,
        "is_busy": record.state in BUSY,
        "is_stopping": record.stop_asked_at is not None,
        "is_for_real": bool(record.progress.get("apply")),
        "done": record.progress.get("done", 0),
        "total": record.progress.get("total"),
        "stage": STAGES.get(record.progress.get("stage", ""), "排队中"),
        "poll_seconds": _poll_seconds(record),
        "refused": record.columns.get("refused", ""),
        "sees_rows": sees_rows(scope),
        "samples": _samples(record) if sees_rows(scope) else [],
        "may_import": may and record.state == State.CHECKED and uploads.is_kept(record),
        "may_check": may and record.state == State.STOPPED and uploads.is_kept(record),
        "may_stop": may and record.state in BUSY,
        "may_take_back": may and taking_back.can_take_back(record, at=now),
        "has_errors_file": sees_rows(scope) and file_of(record) is not None,
        "conflicts_open": open_conflicts(scope).filter(roll_import=record).count(),
        "absences_open": open_absences(scope).filter(roll_import=record).count(),
        "file_is_kept": uploads.is_kept(record),
    }
    return show(request, "desk/imports/one.html", context, part="body")


def _poll_seconds(record: RollImport) -> int:
    """0 at the end: the last fragment asks for nothing more."""
    if record.state not in BUSY:
        return 0
    return QUICK_SECONDS if clock.now() - record.started_at < QUICK_FOR else SLOW_SECONDS


def _samples(record: RollImport) -> list[dict[str, Any]]:
    samples = record.preview.get("samples", [])
    return [{**sample, "word": VERDICTS.get(sample["verdict"], "")} for sample in samples]


@for_roles(*LOOKERS)
@require_POST
def apply(request: OfficerRequest, pk: int) -> HttpResponse:
    record = importable(request, pk)
    running.start(record, by=request.user, at=clock.now(), apply=True)
    return redirect("desk:import", pk=pk)


@for_roles(*LOOKERS)
@require_POST
def stop(request: OfficerRequest, pk: int) -> HttpResponse:
    running.ask_to_stop(importable(request, pk), by=request.user, at=clock.now())
    messages.success(request, "正在取消，一行也不会导入。")
    return redirect("desk:import", pk=pk)


@for_roles(*LOOKERS)
@require_POST
def take_back(request: OfficerRequest, pk: int) -> HttpResponse:
    removed, kept = taking_back.take_back(importable(request, pk), by=request.user, at=clock.now())
    rest = f"；{kept:,} 人后来有人办过事，留下了" if kept else ""
    messages.success(request, f"已撤回新增的 {removed:,} 人{rest}。")
    return redirect("desk:import", pk=pk)
