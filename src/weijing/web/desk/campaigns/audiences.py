"""Audiences that were saved: how many each means now, and a place to write one as text."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.accounts.models import Role
from weijing.audiences import counting, expression, saving, text
from weijing.audiences.models import SavedAudience
from weijing.audiences.sentence import sentence
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, show

PAGE = "desk:audiences"


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def audiences(request: OfficerRequest) -> HttpResponse:
    if request.method == "POST":
        return _save(request)
    return _page(request, said=asked(request, "audience"), name=asked(request, "name"))


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_POST
def delete(request: OfficerRequest, pk: int) -> HttpResponse:
    saved = saving.visible_to(request.scope).filter(pk=pk).first()
    if saved is None:
        raise Http404
    try:
        saving.delete(saved, by=request.user, at=clock.now())
    except PermissionDenied:
        raise
    except DomainError as wrong:
        messages.warning(request, str(wrong))
    else:
        messages.success(request, f"已删掉受众「{saved.name}」，已经写好的群发要重新选人")
    return redirect(PAGE)


def _save(request: OfficerRequest) -> HttpResponse:
    posted = {
        field: request.POST.get(field, "").replace("\x00", "").strip()
        for field in ("audience", "name", "note")
    }
    try:
        saved = saving.save(
            posted["audience"], name=posted["name"], note=posted["note"],
            by=request.user, at=clock.now(),
        )  # fmt: skip
    except PermissionDenied:
        raise
    except DomainError as wrong:
        return _page(
            request, said=posted["audience"], name=posted["name"], note=posted["note"],
            wrong=str(wrong), status=422,
        )  # fmt: skip
    messages.success(request, f"已保存受众「{saved.name}」")
    return redirect(PAGE)


def _page(
    request: OfficerRequest,
    *,
    said: str = "",
    name: str = "",
    note: str = "",
    wrong: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "rows": [_row(request, saved) for saved in saving.visible_to(request.scope)],
        "said": said,
        "name": name,
        "note": note,
        "wrong": wrong,
        "now": _meant(request, said) if said and not wrong else None,
        "may_save": request.scope.has(Role.CAMPAIGN_AUTHOR),
    }
    return show(request, "desk/campaigns/audiences.html", context, status=status)


def _row(request: OfficerRequest, saved: SavedAudience) -> dict[str, Any]:
    may_change = saving.may_change(saved, request.scope)
    try:
        node = expression.parse(saved.tree, county_id=saved.county_id)
    except expression.BadExpression as bad:
        return {"saved": saved, "problem": str(bad), "may_change": may_change}
    return {
        "saved": saved,
        "may_change": may_change,
        "sentence": sentence(node),
        "typed": text.to_text(node),
        "people": counting.count(node, county_id=saved.county_id, within=request.scope),
    }


def _meant(request: OfficerRequest, said: str) -> dict[str, Any]:
    """What the text in the form means, before it is saved."""
    county_id = request.scope.county_id
    try:
        node = text.read(said, county_id=county_id)
    except expression.BadExpression as bad:
        return {"problem": str(bad)}
    people = counting.count(node, county_id=county_id, within=request.scope)
    return {"sentence": sentence(node), "people": people}
