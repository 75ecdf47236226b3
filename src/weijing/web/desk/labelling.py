"""New contacts nobody has named yet, by officer: who should be reminded to do it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min
from django.http import HttpResponse

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.residents.masking import masked_name
from weijing.residents.queries import to_be_labelled
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import page_of, show


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
    }
    return show(request, "desk/labelling.html", context, part="rows")


def _queues(waiting: Any) -> list[Queue]:
    rows = waiting.order_by().values("officer_id").annotate(n=Count("pk"), oldest=Min("added_at"))
    counted = list(rows)
    officers = Officer.objects.select_related("station").in_bulk(
        [row["officer_id"] for row in counted]
    )
    queues = [Queue(officers[row["officer_id"]], row["n"], row["oldest"]) for row in counted]
    return sorted(queues, key=lambda queue: (-queue.waiting, queue.oldest_at))
