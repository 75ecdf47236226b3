"""走失寻找 on an officer's phone: taken down at the door, looked for by everybody."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.core import clock
from weijing.requests.models import MissingPerson
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.missing import acting, rows
from weijing.web.missing.form import MissingForm
from weijing.web.missing.page import record
from weijing.web.phone import phone_page

PER_PAGE = 20
LIST = "/o/missing/"


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
def searches(request: OfficerRequest) -> HttpResponse:
    which = rows.chosen_list(request.GET.get("list", ""))
    listed = rows.listed(request.scope, which)
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [rows.row(one) for one in page.object_list],
        "which": which,
        "lists": rows.LISTS,
    }
    return phone_page(request, "officer/missing/list.html", context, back="/o/today/")


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def search(request: OfficerRequest, number: str) -> HttpResponse:
    def drawn(missing: MissingPerson, wrong: str) -> HttpResponse:
        facts = record(missing, request.scope, at=clock.now())
        context = {**facts, "wrong": wrong, "said": request.POST, "now": clock.now()}
        context["public_url"] = acting.public_url(request, missing)
        context["photo_url"] = f"/o/missing/{missing.number}/photo/"
        status = 422 if wrong else 200
        template = "officer/missing/search.html"
        return phone_page(request, template, context, back=LIST, status=status)

    return acting.one(request, number, drawn, "officer:missing-one")


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    def drawn(form: MissingForm) -> HttpResponse:
        status = 422 if form.errors else 200
        context = {"form": form}
        return phone_page(request, "officer/missing/new.html", context, back=LIST, status=status)

    return acting.new(request, drawn, "officer:missing-one")


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_GET
def photo(request: OfficerRequest, number: str) -> HttpResponse:
    return acting.photo(request, number)
