"""失物招领 on an officer's phone: handed in at the door, given back against a name."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.requests.models import LostItem
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.lost import acting, rows
from weijing.web.lost.form import ThingForm
from weijing.web.lost.page import record
from weijing.web.phone import phone_page

PER_PAGE = 20
LIST = "/o/lost/"


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
def items(request: OfficerRequest) -> HttpResponse:
    which = rows.chosen_list(request.GET.get("list", ""))
    listed = rows.listed(request.scope, which)
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": rows.rows(list(page.object_list)),
        "which": which,
        "lists": rows.LISTS,
    }
    return phone_page(request, "officer/lost/list.html", context, back="/o/today/")


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def item(request: OfficerRequest, number: str) -> HttpResponse:
    def drawn(found: LostItem, wrong: str) -> HttpResponse:
        context = {**record(found, request.scope), "wrong": wrong, "said": request.POST}
        status = 422 if wrong else 200
        return phone_page(request, "officer/lost/item.html", context, back=LIST, status=status)

    return acting.one(request, number, drawn, "officer:lost-item", "officer:lost-items")


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    def drawn(form: ThingForm) -> HttpResponse:
        status = 422 if form.errors else 200
        context = {"form": form}
        return phone_page(request, "officer/lost/new.html", context, back=LIST, status=status)

    return acting.new(request, drawn, "officer:lost-item")
