"""「是真民警吗？」: anybody types the code an officer shows, and reads whose it is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from weijing.accounts import identity_codes
from weijing.accounts.identity_codes import NoSuchOfficer
from weijing.core import clock
from weijing.privacy import guessing
from weijing.residents.masking import masked_name
from weijing.web.access import open_to_all
from weijing.web.resident.network import address_of
from weijing.web.resident.visiting import show, the_county

TEMPLATE = "resident/verify.html"
MAX_TYPED = 20


@open_to_all("whoever stands before a stranger in uniform may check")
def ask(request: HttpRequest) -> HttpResponse:
    typed = request.GET.get("code", "").strip().replace("/", "")[:MAX_TYPED]
    if typed:
        return redirect("resident:verify", code=typed)
    return show(request, TEMPLATE, {}, back="/r/")


@open_to_all("whoever stands before a stranger in uniform may check")
def verify(request: HttpRequest, code: str) -> HttpResponse:
    county, address, now = the_county(), address_of(request), clock.now()
    try:
        guessing.check(county.pk, address, at=now)
        officer = identity_codes.find(county.pk, code[:MAX_TYPED], at=now)
    except guessing.TooManyTries as enough:
        return show(request, TEMPLATE, {"wait": str(enough)}, back="/r/", status=429)
    except NoSuchOfficer as unknown:
        guessing.note_wrong(county.pk, address, at=now)
        said = {"typed": code[:MAX_TYPED], "wrong": str(unknown)}
        return show(request, TEMPLATE, said, back="/r/", status=404)
    context: dict[str, object] = {
        "typed": code[:MAX_TYPED].upper(),
        "name": masked_name(officer.name),
        "officer": officer,
        "until": identity_codes.valid_until(now),
    }
    return show(request, TEMPLATE, context, back="/r/")
