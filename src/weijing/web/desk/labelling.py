"""New contacts nobody has named yet, by officer: who should be reminded to do it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Min
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.accounts.models import Officer, Role
from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.labels import proposals, pushing, remark_troubles
from weijing.residents.masking import masked_name
from weijing.residents.models import RemarkWrite
from weijing.residents.queries import to_be_labelled
from weijing.web import corrections
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import page_of, show

MOST_REMARKS = 20  # of each kind; deciding on some brings the next


@dataclass(frozen=True)
class Queue:
    """One officer's waiting contacts."""

    officer: Officer
    waiting: int
    oldest_at: datetime


@for_roles(*COMMAND)
def labelling(request: OfficerRequest) -> HttpResponse:
    waiting = to_be_labelled(request.scope)
    queues = _queues(waiting)
    chosen = next(
        (q.officer for q in queues if str(q.officer.pk) == request.GET.get("officer")), None
    )
    shown = waiting.filter(officer=chosen) if chosen else waiting
    page = page_of(request, shown.select_related("identity__resident", "officer__station"))
    context = {
        "queues": queues,
        "total": sum(queue.waiting for queue in queues),
        "chosen": chosen,
        "page": page,
        "rows": [(row, masked_name(row.identity.nickname)) for row in page.object_list],
        "now": clock.now(),
        **_remarks(request),
    }
    return show(request, "desk/labelling.html", context, part="rows")


@for_roles(*COMMAND)
@require_POST
def correction(request: OfficerRequest, pk: int) -> HttpResponse:
    """`decision`: accept or restore a remark that was changed in WeCom."""
    try:
        messages.success(request, corrections.decide(request, pk))
    except DomainError as wrong:
        messages.warning(request, str(wrong))
    return redirect("desk:labelling")


@for_roles(*COMMAND)
@require_POST
def rewriting(request: OfficerRequest, pk: int) -> HttpResponse:
    """Have a refused remark written once more; `pk` is the contact's."""
    at = clock.now()
    write = remark_troubles.refused(request.scope).filter(contact_id=pk).first()
    if write is None:
        raise Http404
    pushing.want(request.scope.county_id, [write.contact_id], at=at)
    trail.record(request.user, "remark.written_again", write.contact, at=at)
    messages.success(request, "已排队，稍后再写一次")
    return redirect("desk:labelling")


def _remarks(request: OfficerRequest) -> dict[str, Any]:
    """What officers changed in WeCom, and what WeCom did not take."""
    waiting = proposals.open_for(request.scope)
    refused = remark_troubles.refused(request.scope)
    shown = list(waiting[:MOST_REMARKS])
    corrections.note_reading(request, shown)
    return {
        "corrections": [corrections.row(one) for one in shown],
        "corrections_more": max(waiting.count() - MOST_REMARKS, 0),
        "refused": [
            (write, masked_name(write.contact.identity.resident.name), _why(write))
            for write in refused[:MOST_REMARKS]
        ],
        "refused_more": max(refused.count() - MOST_REMARKS, 0),
        "may_decide": request.scope.has(Role.STATION_COMMAND),
    }


def _why(write: RemarkWrite) -> str:
    return remark_troubles.words(write.refused_code or 0)


def _queues(waiting: Any) -> list[Queue]:
    rows = waiting.order_by().values("officer_id").annotate(n=Count("pk"), oldest=Min("added_at"))
    counted = list(rows)
    officers = Officer.objects.select_related("station").in_bulk(
        [row["officer_id"] for row in counted]
    )
    queues = [Queue(officers[row["officer_id"]], row["n"], row["oldest"]) for row in counted]
    return sorted(queues, key=lambda queue: (-queue.waiting, queue.oldest_at))
