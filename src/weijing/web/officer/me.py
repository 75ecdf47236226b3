"""Who I am here, what I did this month, how large I want the type; and what we tell residents."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from weijing.accounts import identity_codes
from weijing.accounts.models import FIELD_ROLES, Role
from weijing.core import clock
from weijing.privacy import duty_phone
from weijing.residents import notices
from weijing.residents.mirror import contacts
from weijing.sync import queries as sync
from weijing.territory.models import County
from weijing.web.access import OfficerRequest, for_everyone_signed_in, for_roles
from weijing.web.officer.own_grid import own_grid
from weijing.web.phone import phone_page


@for_roles(*FIELD_ROLES)
def me(request: OfficerRequest) -> HttpResponse:
    officer, today = request.user, clock.today()
    context = {
        "officer": officer,
        "station": officer.station,
        "grid": own_grid(request.scope),
        "roles": [role.label for role in Role if role in request.scope.roles],
        "friends": contacts.live(officer.county_id).filter(officer=officer).count(),
        "month": sync.talk_of(officer, since=today.replace(day=1), until=today),
        "code": identity_codes.code_of(officer, at=clock.now()),
        "code_until": identity_codes.valid_until(clock.now()),
    }
    return phone_page(request, "officer/me.html", context, tab="me")


@require_POST
@for_roles(*FIELD_ROLES)
def phone(request: OfficerRequest) -> HttpResponse:
    """The number residents see on their page."""
    try:
        duty_phone.show(
            request.user, request.POST.get("phone", ""), by=request.user, at=clock.now()
        )
    except duty_phone.NotADutyPhone as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, "已保存，群众在「我的民警」里看到。")
    return redirect("officer:me")


@for_everyone_signed_in
def notice(request: OfficerRequest) -> HttpResponse:
    """The text an officer shows before ticking that the person has been told."""
    bureau = County.objects.get(pk=request.user.county_id).bureau_name
    title, _, text = notices.notice(bureau=bureau).partition("\n")
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    context = {"title": title, "paragraphs": paragraphs}
    return phone_page(request, "officer/notice.html", context)
