"""Marking a person as a favourite, from a list or from the record."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.finding import favourites
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND


@for_roles(*COMMAND, *FIELD_ROLES)
@require_POST
def favourite(request: OfficerRequest, pk: int) -> HttpResponse:
    """`mark`: yes or no; `next` leads back to where one was."""
    is_marked = request.POST.get("mark") != "no"
    try:
        favourites.mark_as(pk, is_marked, by=request.user, scope=request.scope, at=clock.now())
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown
    back = request.POST.get("next", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "/")
