"""Remarks that were corrected in WeCom: taken into the record, or written again by the rule."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.core.errors import DomainError
from weijing.residents.labels import proposals
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.corrections import decide, note_reading, row
from weijing.web.phone import phone_page

MOST = 50


@for_roles(*FIELD_ROLES)
def corrections(request: OfficerRequest) -> HttpResponse:
    """All that wait for this officer."""
    waiting = list(proposals.open_for(request.scope)[:MOST])
    note_reading(request, waiting)
    context = {"rows": [row(one) for one in waiting]}
    return phone_page(request, "officer/corrections.html", context, tab="contacts")


@for_roles(*FIELD_ROLES)
@require_POST
def decision(request: OfficerRequest, pk: int) -> HttpResponse:
    """`decision`: accept or restore. Goes back to the page it was made on."""
    try:
        messages.success(request, decide(request, pk))
    except DomainError as wrong:
        messages.warning(request, str(wrong))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "officer:corrections")
