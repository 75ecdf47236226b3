"""我的名片: the officer's code to be scanned at a door, and the card to print."""

from base64 import b64encode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from wecom_api import pictures
from weijing.accounts import identity_codes
from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.models import ContactWay
from weijing.residents.printing import card as layout
from weijing.residents.printing.saying import NothingToPrint, saying
from weijing.residents.ways import leading, troubles, wanting
from weijing.territory.models import County
from weijing.territory.naming import grid_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page
from weijing.web.printed import KINDS, printed

LAYOUTS = {"card": layout.card, "sheet": layout.sheet}
POLL_SECONDS = 2


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def card(request: OfficerRequest) -> HttpResponse:
    """POST has the code made, or asked for once more."""
    officer, now = request.user, clock.now()
    if request.method == "POST":
        try:
            wanting.for_officer(officer, by=officer, at=now)
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("officer:card")
    way = leading.of_officer(officer)
    context = {
        "officer": officer,
        "grid": grid_name(way.beat.name) if way and way.beat else "",
        "code": identity_codes.code_of(officer, at=now),
        "code_until": identity_codes.valid_until(now),
        "unprintable": _unprintable(way, request),
        **shown(way),
    }
    template = "officer/card.html#code" if request.htmx else "officer/card.html"
    return phone_page(request, template, context, tab="me", back="/o/me/")


@for_roles(*FIELD_ROLES)
def card_file(request: OfficerRequest, name: str, kind: str) -> HttpResponse:
    """One card, or a sheet of ten; SVG or PDF."""
    if name not in LAYOUTS or kind not in KINDS:
        raise Http404
    way = leading.of_officer(request.user)
    try:
        one = saying(way or ContactWay(), _county(request), [request.user])
    except NothingToPrint as nothing:
        messages.error(request, str(nothing))
        return redirect("officer:card")
    return printed(LAYOUTS[name](one), kind)


def shown(way: ContactWay | None) -> dict[str, object]:
    """Of a code, for a page: the picture, or why there is none; `poll_seconds` while it is made."""
    picture = bytes(way.picture or b"") if way else b""
    trouble = troubles.words(way) if way else ""
    waits = way is not None and not picture and not trouble
    return {
        "way": way,
        "picture": _as_address(picture) if picture else "",
        "trouble": trouble,
        "poll_seconds": POLL_SECONDS if waits else 0,
    }


def _as_address(picture: bytes) -> str:
    return f"data:{pictures.kind_of(picture)};base64,{b64encode(picture).decode()}"


def _unprintable(way: ContactWay | None, request: OfficerRequest) -> str:
    """Signs of the name that the PDF cannot show."""
    if way is None or not way.picture:
        return ""
    return "".join(saying(way, _county(request), [request.user]).unprintable)


def _county(request: OfficerRequest) -> County:
    return County.objects.get(pk=request.user.county_id)
