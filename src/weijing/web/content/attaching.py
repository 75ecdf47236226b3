"""The page on which somebody hangs things on a draft, of a message or of the library."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from weijing.campaigns.content import attaching, checking
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.web import typed
from weijing.web.access import OfficerRequest
from weijing.web.content.attachments import shown
from weijing.web.desk.showing import show

MOST_BYTES = max(checking.MAX_BYTES.values())
LINK_FIELDS = ("title", "url", "description")
PROGRAM_FIELDS = ("title", "appid", "page")


def page(
    request: OfficerRequest, owner: attaching.Owner, *, files_url: Any, back: str, where: str
) -> HttpResponse:
    """`files_url(attachment)` is where its file is seen, `back` the page of the draft."""
    wrong, typed_in = "", {}
    if request.method == "POST":
        try:
            _take(request, owner)
            return redirect(request.path)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong, typed_in = str(refusal), typed.words(request)
    rows = list(attaching.attachments_of(owner))
    context = {
        "rows": shown(rows, files_url),
        "most": attaching.MAX_ATTACHMENTS,
        "is_full": len(rows) >= attaching.MAX_ATTACHMENTS,
        "wrong": wrong,
        "said": typed_in,
        "back": back,
        "where": where,
    }
    return show(request, "desk/content/attachments.html", context, status=422 if wrong else 200)


def _take(request: OfficerRequest, owner: attaching.Owner) -> None:
    said = typed.words(request)
    acting: Any = {"by": request.user, "at": clock.now()}
    match said.get("act"):
        case "file":
            name, data = _upload(request, "file")
            attaching.attach_file(owner, name, data, **acting)
        case "link":
            fields: dict[str, Any] = {name: said.get(name, "") for name in LINK_FIELDS}
            attaching.attach_link(owner, **fields, **acting)
        case "miniprogram":
            fields = {name: said.get(name, "") for name in PROGRAM_FIELDS}
            name, data = _upload(request, "cover")
            attaching.attach_mini_program(owner, **fields, cover_name=name, cover=data, **acting)
        case "detach":
            attaching.detach(owner, _number(said), **acting)
        case "up":
            attaching.move_up(owner, _number(said), **acting)
        case _:
            raise Http404


def _upload(request: OfficerRequest, field: str) -> tuple[str, bytes]:
    file = request.FILES.get(field)
    name = str(getattr(file, "name", "") or "")
    return name, typed.upload(request.FILES, field, most_bytes=MOST_BYTES)


def _number(said: dict[str, str]) -> int:
    text = said.get("attachment", "")
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise Http404
    return int(text)
