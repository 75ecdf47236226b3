"""给群众发专页链接: a new personal link, shown once, to scan at the door or to copy."""

import io

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_POST

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.core import clock, env
from weijing.core.errors import DomainError
from weijing.residents import links
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.consents import opened
from weijing.web.phone import phone_page

PURPOSE = "contact.link"


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_http_methods(["GET", "POST"])
def door(request: OfficerRequest, pk: int) -> HttpResponse:
    """GET says which links are in use; POST makes one and shows it this once."""
    person = opened(request, pk, purpose=PURPOSE)
    context: dict[str, object] = {"person": person}
    if request.method == "POST":
        try:
            key = links.issue(person, by=request.user, at=clock.now())
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("officer:door", pk=pk)
        url = _address(request, key)
        context |= {"url": url, "qr": qr(url)}
    context["links"] = links.in_use(person, at=clock.now())
    back = f"/o/contacts/{pk}/" if request.scope.has(*FIELD_ROLES) else f"/desk/contacts/{pk}/"
    response = phone_page(request, "officer/door.html", context, back=back)
    response["Cache-Control"] = "no-store"
    return response


@for_roles(*FIELD_ROLES, Role.STATION_COMMAND)
@require_POST
def end(request: OfficerRequest, pk: int) -> HttpResponse:
    """End all links of the person: the phone was lost, or somebody else has it."""
    person = opened(request, pk, purpose=PURPOSE)
    ended = links.end(person, by=request.user, at=clock.now())
    messages.success(request, f"已作废 {ended} 个专页链接。")
    return redirect("officer:door", pk=pk)


def qr(url: str) -> SafeString:
    """A QR code as an SVG of ours: black on white in every theme, with a name to read aloud."""
    picture = io.BytesIO()
    code = segno.make(url, error="m")
    code.save(
        picture, kind="svg", xmldecl=False, svgns=True, border=2, omitsize=True,
        light="#fff", title="专页二维码", svgclass="qr", lineclass=None,
    )  # fmt: skip
    return mark_safe(picture.getvalue().decode())


def _address(request: OfficerRequest, key: str) -> str:
    path = reverse("resident:enter", args=[key])
    base = env.environment().public_url
    return f"{base}{path}" if base else request.build_absolute_uri(path)
