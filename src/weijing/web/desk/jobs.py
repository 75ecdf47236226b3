"""任务: changes to many people, watched while they go on, stopped, taken back."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import policies
from weijing.residents.bulk import undoing
from weijing.residents.bulk.officers import ASSIGN
from weijing.residents.models import BulkWork
from weijing.tags.models import Tag
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.contacts.wishing import ACTS
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import page_of, show

State = BulkWork.State
LOOKS = {
    State.WAITING: "waiting", State.RUNNING: "running", State.DONE: "done",
    State.STOPPED: "paused", State.FAILED: "bad",
}  # fmt: skip
QUICK_FOR = timedelta(minutes=1)
QUICK_SECONDS, SLOW_SECONDS = 2, 5
ROWS = 20


@for_roles(*COMMAND)
@require_GET
def jobs(request: OfficerRequest) -> HttpResponse:
    page = page_of(request, undoing.works_in(request.scope), size=ROWS)
    titles = titles_of(list(page.object_list))
    rows = [(work, titles[work.pk], LOOKS[State(work.state)]) for work in page.object_list]
    return show(request, "desk/jobs/list.html", {"page": page, "rows": rows}, part="rows")


@for_roles(*COMMAND)
@require_GET
def job(request: OfficerRequest, pk: int) -> HttpResponse:
    work, now = get_object_or_404(undoing.works_in(request.scope), pk=pk), clock.now()
    may, can_go_on = policies.can_change_many(request.scope), undoing.can_go_on(work)
    context = {
        "work": work,
        "title": titles_of([work])[work.pk],
        "look": LOOKS[State(work.state)],
        "is_over": work.state in undoing.OVER,
        "left": sorted(work.refused.items(), key=lambda row: -row[1]),
        "left_count": sum(work.refused.values()),
        "not_reached": work.total - work.done,
        "undone_by": work.undone_by.first() if not work.undoes_id else None,
        "seconds": _seconds(work),
        "poll_seconds": _poll_seconds(work),
        "may_stop": may and work.state not in undoing.OVER and not work.stop_asked_at,
        "can_go_on": can_go_on,
        "may_go_on": may and can_go_on,
        "may_undo": may and undoing.can_undo(work, at=now),
    }
    return show(request, "desk/jobs/one.html", context, part="body")


@for_roles(*COMMAND)
@require_POST
def act(request: OfficerRequest, pk: int, what: str) -> HttpResponse:
    """stop, go-on or undo; an undo is a job of its own."""
    work = get_object_or_404(undoing.works_in(request.scope), pk=pk)
    given: dict[str, Any] = {"by": request.user, "scope": request.scope, "at": clock.now()}
    try:
        if what == "undo":
            work = undoing.undo(work, **given)
        elif what == "stop":
            undoing.stop(work, **given)
            messages.success(request, "正在停止，已改的先留着；停下以后可以继续，也可以撤销。")
        else:
            undoing.go_on(work, **given)
    except DomainError as wrong:
        messages.warning(request, str(wrong))
    return redirect("desk:job", pk=work.pk)


def titles_of(works: list[BulkWork]) -> dict[int, str]:
    """What each does, by its id: `给 17,412 人加标签「重型货车」` without the count."""
    county_ids = {work.county_id for work in works}
    tag_ids = [work.parameters.get("tag") for work in works]
    officer_ids = [work.parameters.get("officer") for work in works]
    tags = Tag.objects.filter(county_id__in=county_ids).in_bulk([id for id in tag_ids if id])
    named = Officer.objects.filter(county_id__in=county_ids)
    officers = named.in_bulk([id for id in officer_ids if id])
    return {work.pk: _title(work, tags, officers) for work in works}


def _title(work: BulkWork, tags: dict[int, Tag], officers: dict[int, Officer]) -> str:
    if work.kind == ASSIGN:
        officer = officers.get(work.parameters.get("officer") or 0)
        what = f"{ACTS[work.kind]}：{officer.name if officer else '按网格'}"
    else:
        tag = tags.get(work.parameters["tag"])
        what = f"{ACTS[work.kind]}「{tag.name if tag else '已删除的标签'}」"
    return f"撤销：{what}" if work.undoes_id else what


def _seconds(work: BulkWork) -> Any:
    return (work.finished_at or clock.now()) - (work.started_at or work.at)


def _poll_seconds(work: BulkWork) -> int:
    """0 at the end: the last fragment asks for nothing more."""
    if work.state in undoing.OVER:
        return 0
    return QUICK_SECONDS if clock.now() - work.at < QUICK_FOR else SLOW_SECONDS
