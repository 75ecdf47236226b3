"""寻人 for residents: whom we look for, what I saw, and somebody of my family who is missing."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.requests.missing import (
    consenting,
    notices,
    opening,
    photos,
    publishing,
    queries,
    reporting,
    sightings,
)
from weijing.requests.models import MissingPerson, PublicConsent
from weijing.web import typed
from weijing.web.access import open_to_all
from weijing.web.missing.acting import as_picture
from weijing.web.missing.form import MissingForm
from weijing.web.missing.rows import came_down, family_badge
from weijing.web.resident.network import address_of
from weijing.web.resident.visiting import VisitorRequest, door_of, for_visitors, show, the_county

LIST = "/r/missing/"
Field, State, Outcome = PublicConsent.Field, MissingPerson.State, MissingPerson.Outcome
THANKS = "谢谢您，已经告诉负责的民警。人还在旁边，请陪着他，马上打 110。"


@open_to_all("whoever may have seen somebody has to know who is looked for")
def searches(request: HttpRequest) -> HttpResponse:
    door = door_of(request)
    request.door = door  # type: ignore[attr-defined]
    asked = queries.asked_by(door.resident)[:5] if door else []
    shown = notices.public(the_county().pk, at=clock.now())[:50]
    context = {
        "notices": [notices.notice(missing) for missing in shown],
        "mine": [(one, family_badge(one)) for one in asked],
        "is_known": door is not None,
    }
    return never_indexed(show(request, "resident/missing/list.html", context, back="/r/"))


@open_to_all("a notice is for everybody while it is shown; afterwards the page says thank you")
@require_http_methods(["GET", "POST"])
def search(request: HttpRequest, number: str) -> HttpResponse:
    """POST takes a sighting in. Who saw the notice is noted: by name where we know it."""
    missing, now = _search(number), clock.now()
    door = door_of(request)
    request.door = door  # type: ignore[attr-defined]
    if not publishing.is_shown(missing, at=now):
        is_well = missing.found_at is not None or missing.outcome == Outcome.MISTAKEN
        gone = {"is_found": is_well}
        return show(request, "resident/missing/gone.html", gone, back=LIST)
    wrong = ""
    if request.method == "POST":
        try:
            _told(request, missing)
            messages.success(request, THANKS)
            return redirect("resident:missing-one", number=missing.number)
        except DomainError as refusal:
            wrong = str(refusal)
    else:
        officer = request.user if isinstance(request.user, Officer) else None
        notices.shown(missing, to=door.resident if door else None, officer=officer, at=now)
    context = {"notice": notices.notice(missing), "wrong": wrong, "said": request.POST, "now": now}
    status = 422 if wrong else 200
    page = show(request, "resident/missing/notice.html", context, back=LIST, status=status)
    return never_indexed(page)


@open_to_all("shown with the notice and gone with it")
@require_GET
def photo(request: HttpRequest, number: str) -> HttpResponse:
    missing = _search(number)
    is_shown = publishing.is_shown(missing, at=clock.now())
    data = photos.photo(missing) if is_shown and _may_see_photo(missing) else b""
    if not data:
        raise Http404
    return never_indexed(as_picture(data))


@for_visitors
@require_http_methods(["GET", "POST"])
def report(request: VisitorRequest) -> HttpResponse:
    form = MissingForm(request.visitor.county_id, request.POST or None, visitor=request.visitor)
    if request.method == "POST" and form.is_valid():
        try:
            missing = reporting.report(form.report(), by=None, at=clock.now())
            return redirect("resident:missing-mine", number=missing.number)
        except reporting.AlreadyLookedFor as same:
            return redirect("resident:missing-mine", number=same.missing.number)
        except DomainError as wrong:
            form.add_error(None, str(wrong))
    status = 422 if form.errors else 200
    return show(request, "resident/missing/report.html", {"form": form}, back=LIST, status=status)


@for_visitors
@require_http_methods(["GET", "POST"])
def mine(request: VisitorRequest, number: str) -> HttpResponse:
    """How far it is; what may be shown, box by box; the photo."""
    missing = queries.asked_by(request.visitor).filter(number=number.upper()).first()
    if missing is None:
        raise Http404
    wrong = ""
    if request.method == "POST":
        try:
            messages.success(request, _step(request, missing))
            return redirect("resident:missing-mine", number=missing.number)
        except DomainError as refusal:
            wrong = str(refusal)
    agreed = consenting.in_force(missing)
    context = {
        "missing": missing,
        "badge": family_badge(missing),
        "is_open": missing.state in opening.OPEN,
        "is_shown": publishing.is_shown(missing, at=clock.now()),
        "boxes": [(one.value, one.label, one.value in agreed) for one in Field],
        "wording": consenting.WORDING.format(
            relation=missing.relation, bureau=missing.county.bureau_name, field="勾选的项目"
        ),
        "has_photo": photos.has_photo(missing),
        "wrong": wrong,
    }
    status = 422 if wrong else 200
    return show(request, "resident/missing/mine.html", context, back=LIST, status=status)


def never_indexed(page: HttpResponse) -> HttpResponse:
    """A search engine would go on showing what we took down."""
    page["X-Robots-Tag"] = "noindex, nofollow, noarchive, noimageindex"
    return page


def _step(request: VisitorRequest, missing: MissingPerson) -> str:
    at, by = clock.now(), request.visitor
    match request.POST.get("step"):
        case "agree":
            consenting.agree_oneself(missing, request.POST.getlist("fields"), by=by, at=at)
            return f"已保存您的选择，马上生效。{came_down(missing, at=at)}"
        case "photo":
            data = typed.upload(request.FILES, "photo", most_bytes=photos.MAX_BYTES)
            photos.keep_of_family(missing, data, by=by, at=at)
            return f"照片已收到，民警看过后公开。{came_down(missing, at=at)}"
    raise Http404


def _told(request: HttpRequest, missing: MissingPerson) -> None:
    said, door, at = typed.words(request), door_of(request), clock.now()
    sightings.tell(
        missing,
        said.get("place", ""),
        seen_at=typed.moment(said.get("seen_at", ""), otherwise=at),
        words=said.get("words", ""),
        phone=said.get("phone", ""),
        resident=door.resident if door else None,
        address=address_of(request),
        by=None,
        at=at,
    )


def _search(number: str) -> MissingPerson:
    rows = MissingPerson.objects.filter(county_id=the_county().pk, number=number.upper())
    missing = rows.select_related("division__parent__parent__parent").first()
    if missing is None:
        raise Http404
    return missing


def _may_see_photo(missing: MissingPerson) -> bool:
    return Field.PHOTO in consenting.in_force(missing) and photos.is_looked_at(missing)
