"""One item: what it says, its versions, which messages used them; reviewing it."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from weijing.campaigns import policies
from weijing.campaigns.content import discarding, judging, writing
from weijing.campaigns.content.attaching import attachments_of
from weijing.campaigns.content.models import ContentItem, ContentUse, ContentVersion
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County
from weijing.web import typed
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.content.attachments import Shown, file_answer, shown
from weijing.web.desk.campaigns.preview import preview
from weijing.web.desk.library.opened import item_or_404, latest_of
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show

State = ContentVersion.State


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def item(request: OfficerRequest, pk: int) -> HttpResponse:
    found, wrong = item_or_404(request, pk), ""
    if request.method == "POST":
        try:
            return _acted(request, found)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
            found = item_or_404(request, pk)
    context = _context(request, found) | {"wrong": wrong}
    return show(request, "desk/library/item.html", context, status=422 if wrong else 200)


def _acted(request: OfficerRequest, found: ContentItem) -> HttpResponse:
    said = typed.words(request)
    acting: Any = {"by": request.user, "at": clock.now()}
    latest = latest_of(found)
    if said.get("version") and said["version"] != str(latest.pk):
        raise writing.TextEditedMeanwhile  # the page shows an older one
    match said.get("act"):
        case "submit":
            writing.submit(latest, **acting)
        case "publish":
            judging.publish(latest, **acting, read=_read(said))
        case "return":
            judging.give_back(latest, **acting, reason=said.get("reason", ""), read=_read(said))
        case "recall":
            discarding.recall(latest, **acting)
        case "discard":
            if discarding.discard(latest, **acting):
                return redirect("desk:library")
        case "withdraw":
            judging.withdraw(found, **acting, reason=said.get("reason", ""))
        case "next":
            writing.next_version(found, **acting)
            return redirect("desk:library-edit", pk=found.pk)
        case _:
            raise Http404
    return redirect("desk:library-item", pk=found.pk)


def _read(said: dict[str, str]) -> datetime:
    """When the words on their page were handed in. Raises `SubmittedAnew`."""
    try:
        read = datetime.fromisoformat(said.get("submitted_at", ""))
    except ValueError as unread:
        raise judging.SubmittedAnew from unread
    if read.tzinfo is None:
        raise judging.SubmittedAnew
    return read


def _context(request: OfficerRequest, found: ContentItem) -> dict[str, Any]:
    by = request.user
    versions = ContentVersion.objects.filter(county_id=found.county_id, item=found)
    rows = list(versions.select_related("written_by", "reviewed_by").order_by("-number"))
    latest = latest_of(found)
    uses = ContentUse.objects.filter(
        county_id=found.county_id, version__in=rows, campaign__in=policies.visible_to(request.scope)
    )
    county = County.objects.get(pk=found.county_id)
    own = latest.written_by_id == by.pk and policies.can_draft(by)
    return {
        "item": found,
        "latest": latest,
        "versions": rows,
        "uses": list(uses.select_related("campaign", "version").order_by("-used_at")[:50]),
        "checks": writing.checked(latest),
        "attachments": shown_on(latest),
        "preview": preview(latest.body, county, at=clock.now()),
        "may_edit": own and latest.state == State.DRAFT,
        "may_recall": latest.state == State.SUBMITTED and discarding.can_recall(by, latest),
        "may_discard": latest.state == State.DRAFT and discarding.can_discard(by, latest),
        "may_judge": latest.state == State.SUBMITTED and judging.can_judge(by, latest),
        "may_begin_next": latest.state == State.PUBLISHED
        and policies.can_draft(by)
        and not found.withdrawn_at,
        "may_withdraw": policies.can_pause(by) and not found.withdrawn_at,
    }


@for_roles(*COMMAND)
@require_GET
def attachment(request: OfficerRequest, pk: int, attachment_id: int) -> HttpResponse:
    found = item_or_404(request, pk)
    for version in found.versions.filter(county_id=found.county_id):
        row = attachments_of(version).filter(pk=attachment_id).first()
        if row is not None and row.file is not None:
            return file_answer(row.file)
    raise Http404


def shown_on(version: ContentVersion) -> list[Shown]:
    return shown(
        attachments_of(version),
        lambda row: reverse("desk:library-attachment", args=[version.item_id, row.pk]),
    )
