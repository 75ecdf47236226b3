"""走失寻找 at the desk: who is looked for now, and one search step by step."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from weijing.accounts.models import Role
from weijing.core import clock
from weijing.requests.missing import queries
from weijing.requests.models import MissingPerson
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk import public_notices
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.missing import acting, rows
from weijing.web.missing.form import MissingForm
from weijing.web.missing.page import record


@for_roles(*COMMAND)
def searches(request: OfficerRequest) -> HttpResponse:
    """The station's searches; for who only writes to residents, what everybody may see of them."""
    if not request.scope.has(Role.STATION_COMMAND):
        return public_notices.searches(request)
    which = rows.chosen_list(asked(request, "list"))
    page = page_of(request, rows.listed(request.scope, which))
    context = {
        "page": page,
        "rows": [rows.row(one) for one in page.object_list],
        "which": which,
        "lists": rows.LISTS,
        "not_ended": queries.not_ended(request.scope, at=clock.now()).count(),
    }
    return show(request, "desk/missing/list.html", context, part="rows")


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def search(request: OfficerRequest, number: str) -> HttpResponse:
    def drawn(missing: MissingPerson, wrong: str) -> HttpResponse:
        facts = record(missing, request.scope, at=clock.now())
        context = {**facts, "wrong": wrong, "said": request.POST, "now": clock.now()}
        context["public_url"] = acting.public_url(request, missing)
        context["photo_url"] = f"/desk/missing/{missing.number}/photo/"
        return show(request, "desk/missing/search.html", context, status=422 if wrong else 200)

    return acting.one(request, number, drawn, "desk:missing-one")


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    def drawn(form: MissingForm) -> HttpResponse:
        status = 422 if form.errors else 200
        return show(request, "desk/missing/new.html", {"form": form}, status=status)

    return acting.new(request, drawn, "desk:missing-one")


@for_roles(Role.STATION_COMMAND)
@require_GET
def photo(request: OfficerRequest, number: str) -> HttpResponse:
    return acting.photo(request, number)
