"""走访: how many doors each officer knocked at, and what they found."""

from datetime import timedelta

from django.http import HttpResponse

from weijing.core import clock
from weijing.residents.adding import doors, visited
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

PERIODS = {"1": "今天", "7": "近 7 日", "30": "近 30 日"}
USUAL = "7"


@for_roles(*COMMAND)
def visits(request: OfficerRequest) -> HttpResponse:
    """Of the own places, the most visits first. Whole days, today as far as it has come."""
    days = asked(request, "days")
    days = days if days in PERIODS else USUAL
    now = clock.now()
    since = doors.midnight(now) - timedelta(days=int(days) - 1)
    rows = visited.by_officer(request.scope, since=since, until=now)
    context = {
        "page": page_of(request, rows),
        "periods": PERIODS.items(),
        "days": days,
        "period": PERIODS[days],
        "total": sum(row.visits for row in rows),
        "as_of": now,
    }
    return show(request, "desk/walks/visits.html", context, part="rows")
