"""Tags on the officer's phone: those that soon run out, and one that is missing."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.tags import expiring
from weijing.tags.models import TagAssignment, TagProposal
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.catalogue.proposal_form import ProposalForm
from weijing.web.officer.grid_people import place_of
from weijing.web.phone import phone_page

PURPOSE = "tags.expiring"
ROWS = 30
MINE_SHOWN = 10


@for_roles(*FIELD_ROLES)
def running_out(request: OfficerRequest) -> HttpResponse:
    """Person by person, the first to run out first."""
    today = clock.today()
    rows = expiring.soon(request.scope, on=today)
    rows = rows.select_related("resident__division__parent", "resident__household", "tag__group")
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    people = [_person(each) for _, each in groupby(page.object_list, key=_resident_id)]
    ids = [person["person"].pk for person in people]
    trail.viewed(request.user, Resident._meta.label_lower, ids, purpose=PURPOSE, at=clock.now())
    context = {"page": page, "people": people, "today": today}
    return phone_page(request, "officer/tags/expiring.html", context, tab="today")


@for_roles(*FIELD_ROLES)
@require_POST
def settle(request: OfficerRequest, pk: int) -> HttpResponse:
    """`decision`: keep or drop."""
    act = expiring.keep if request.POST.get("decision") == "keep" else expiring.drop
    try:
        row = act(pk, by=request.user, scope=request.scope, at=clock.now())
    except PermissionDenied:
        raise
    except DomainError as refusal:
        messages.warning(request, str(refusal))
    else:
        what = "已确认，重新计时" if act is expiring.keep else "已去掉"
        messages.success(request, f"{what}：{row.tag.name}")
    return redirect("officer:tags-expiring")


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def propose(request: OfficerRequest) -> HttpResponse:
    form = ProposalForm(request.POST or None, county_id=request.scope.county_id)
    if request.method == "POST" and form.is_valid() and form.send(request, at=clock.now()):
        messages.success(request, "已提交，县局确认后就能用，答复在这一页。")
        return redirect("officer:tag-new")
    mine = TagProposal.objects.filter(
        county_id=request.scope.county_id, proposed_by=request.user
    ).select_related("tag")
    context = {"form": form, "mine": mine.order_by("-proposed_at", "-pk")[:MINE_SHOWN]}
    status = 422 if form.errors else 200
    return phone_page(request, "officer/tags/new.html", context, back="/o/me/", status=status)


def _resident_id(row: TagAssignment) -> int:
    return row.resident_id


def _person(rows: Any) -> dict[str, Any]:
    rows = list(rows)
    person = rows[0].resident
    return {
        "person": person,
        "name": masked_name(person.name),
        "place": place_of(person),
        "rows": [(row, row.tag.group.set_by_resident_only) for row in rows],
    }
