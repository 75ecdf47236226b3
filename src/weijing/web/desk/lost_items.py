"""失物招领 at the desk: what was found and what is missed, and one thing step by step."""

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.requests.models import LostItem
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk import public_notices
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.lost import acting, rows
from weijing.web.lost.form import ThingForm
from weijing.web.lost.page import record

PER_PAGE = 20


@for_roles(*COMMAND)
def items(request: OfficerRequest) -> HttpResponse:
    """The station's things; for who only writes to residents, what everybody may see of them."""
    if not request.scope.has(Role.STATION_COMMAND):
        return public_notices.things(request)
    which = rows.chosen_list(asked(request, "list"))
    page = page_of(request, rows.listed(request.scope, which), size=PER_PAGE)
    context = {
        "page": page,
        "rows": rows.rows(list(page.object_list)),
        "which": which,
        "lists": rows.LISTS,
    }
    return show(request, "desk/lost/list.html", context, part="rows")


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def item(request: OfficerRequest, number: str) -> HttpResponse:
    def drawn(found: LostItem, wrong: str) -> HttpResponse:
        context = {**record(found, request.scope), "wrong": wrong, "said": request.POST}
        return show(request, "desk/lost/item.html", context, status=422 if wrong else 200)

    return acting.one(request, number, drawn, "desk:lost-item", "desk:lost-items")


@for_roles(Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    def drawn(form: ThingForm) -> HttpResponse:
        status = 422 if form.errors else 200
        return show(request, "desk/lost/new.html", {"form": form}, status=status)

    return acting.new(request, drawn, "desk:lost-item")
