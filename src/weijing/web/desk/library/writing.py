"""Writing a text for the library, and hanging things on it."""

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns import codes
from weijing.campaigns.content import filling, writing
from weijing.campaigns.content.models import ContentVersion
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County
from weijing.web import typed
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.content import attaching
from weijing.web.desk.library.one import shown_on
from weijing.web.desk.library.opened import item_or_404, latest_of
from weijing.web.desk.showing import show


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    return _written(request, None)


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def edit(request: OfficerRequest, pk: int) -> HttpResponse:
    version = latest_of(item_or_404(request, pk))
    own = version.written_by_id == request.user.pk
    if version.state != ContentVersion.State.DRAFT or not own:
        return redirect("desk:library-item", pk=pk)
    return _written(request, version)


def _written(request: OfficerRequest, version: ContentVersion | None) -> HttpResponse:
    if request.method != "POST":
        return _page(request, version, {})
    said = typed.words(request)
    body = said.get("body", "").replace("\r\n", "\n")
    if (name := said.get("insert", "")) in filling.VARIABLES:
        body += f"{{{name}}}"
    fields = {"title": said.get("title", ""), "topic": said.get("topic", ""), "body": body}
    try:
        saved = _saved(request, version, fields, said.get("edited_at", ""))
    except PermissionDenied:
        raise
    except DomainError as refusal:
        return _page(request, version, fields, wrong=str(refusal))
    if said.get("go") == "attachments":
        return redirect("desk:library-attachments", pk=saved.item_id)
    if said.get("insert"):
        return redirect(reverse("desk:library-edit", args=[saved.item_id]) + "#body")
    return redirect("desk:library-item", pk=saved.item_id)


def _saved(
    request: OfficerRequest, version: ContentVersion | None, fields: dict[str, str], seen: str
) -> ContentVersion:
    by, at = request.user, clock.now()
    if version is None:
        return writing.begin(**fields, by=by, at=at)
    try:
        seen_edited_at = datetime.fromisoformat(seen) if seen else None
    except ValueError:
        seen_edited_at = None
    return writing.edit(version, **fields, by=by, at=at, seen_edited_at=seen_edited_at)


def _page(
    request: OfficerRequest,
    version: ContentVersion | None,
    fields: dict[str, str],
    *,
    wrong: str = "",
) -> HttpResponse:
    county = County.objects.get(pk=request.scope.county_id)
    body = fields.get("body", version.body if version else "")
    context = {
        "version": version,
        "title": fields.get("title", version.item.title if version else ""),
        "topic": fields.get("topic", version.item.topic if version else Campaign.Topic.OTHER),
        "body": body,
        "topics": Campaign.Topic.choices,
        "variables": filling.VARIABLES,
        "attachments": shown_on(version) if version else [],
        "characters": len(body),
        "bytes": codes.text_bytes(body, short_name=county.short_name),
        "reference_bytes": codes.text_bytes("", short_name=county.short_name),
        "max_bytes": codes.MAX_TEXT_BYTES,
        "wrong": wrong,
    }
    return show(request, "desk/library/write.html", context, status=422 if wrong else 200)


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def attachments(request: OfficerRequest, pk: int) -> HttpResponse:
    version = latest_of(item_or_404(request, pk))
    return attaching.page(
        request,
        version,
        files_url=lambda row: reverse("desk:library-attachment", args=[pk, row.pk]),
        back=reverse("desk:library-edit", args=[pk]),
        where=version.item.title,
    )
