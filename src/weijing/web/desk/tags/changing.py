"""The county desk renames, merges and retires tags; what happens to people is said before."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.audiences.naming_tags import saved_naming
from weijing.campaigns import following_tags
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags import queries
from weijing.tags.catalogue import carrying, merging, policies, renaming, retiring
from weijing.tags.models import Tag, WayTag
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import asked, show
from weijing.web.desk.tags import one

FOUND = 12
TYPED_ABOVE = 10_000
TYPE_IT = f"超过 {TYPED_ABOVE:,} 人，请照写人数，再点一次。还没有改动。"


@for_roles(*policies.KEEPERS)
@require_POST
def rename(request: OfficerRequest, code: str) -> HttpResponse:
    tag, name = one.tag_of(request, code), request.POST.get("name", "")
    seen = request.POST.get("seen", "")
    try:
        renaming.rename(tag, name, by=request.user, scope=request.scope, at=clock.now(), seen=seen)
    except PermissionDenied:
        raise
    except DomainError as refusal:
        return one.page(request, tag, wrong=str(refusal), typed=name[:60], status=422)
    messages.success(request, "已改名。企业微信里随后也改，用旧名称照样找得到。")
    return redirect("desk:tag", code=code)


@for_roles(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def merge(request: OfficerRequest, code: str) -> HttpResponse:
    """Which other tag stands in the address, `?into=`; POST does it."""
    tag, wrong = _to_change(request, code), ""
    into = queries.live(tag.county_id).filter(code=asked(request, "into")).first()
    if request.method == "POST" and into is not None:
        try:
            seen = _seen(request)
            people = merging.merge(
                tag, into, by=request.user, scope=request.scope, at=clock.now(), seen=seen,
                reason=request.POST.get("reason", ""),
            )  # fmt: skip
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
        else:
            messages.success(request, f"已把 {people:,} 人的「{tag.name}」并入「{into.name}」。")
            return redirect("desk:tag", code=into.code)
    context = {"into": into, **_consequences(tag), **_merged(tag, into, asked(request, "q"))}
    status = 422 if wrong else 200
    page = {**context, "tag": tag, "wrong": wrong or context["unfit"]}
    return show(request, "desk/tags/merge.html", page, part="form", status=status)


@for_roles(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def retire(request: OfficerRequest, code: str) -> HttpResponse:
    tag, wrong = _to_change(request, code), ""
    if request.method == "POST":
        try:
            people = retiring.retire(
                tag, by=request.user, scope=request.scope, at=clock.now(),
                reason=request.POST.get("reason", ""), seen=_seen(request),
            )  # fmt: skip
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
        else:
            messages.success(request, f"已停用「{tag.name}」，从 {people:,} 人身上去掉。")
            return redirect("desk:tag", code=code)
    context = {
        **_consequences(tag),
        "tag": tag,
        "wrong": wrong,
        "reason": request.POST.get("reason", ""),
    }
    return show(request, "desk/tags/retire.html", context, status=422 if wrong else 200)


class TypeTheNumber(DomainError):
    """So many that a slip would be noticed by thousands."""

    def __init__(self) -> None:
        super().__init__(TYPE_IT)


def _to_change(request: OfficerRequest, code: str) -> Tag:
    tag = one.tag_of(request, code)
    if not policies.can_keep(request.scope):
        raise PermissionDenied
    if tag.retired_at is not None:
        raise renaming.HasEnded(f"「{tag.name}」已经停用，不能再改。")
    return tag


def _seen(request: OfficerRequest) -> int:
    """How many people the page showed. Raises `TypeTheNumber`."""
    seen = _number(request.POST.get("seen", ""))
    if seen > TYPED_ABOVE and _number(request.POST.get("typed", "")) != seen:
        raise TypeTheNumber
    return seen


def _number(text: str) -> int:
    digits = text.replace(",", "").replace("，", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _consequences(tag: Tag) -> dict[str, Any]:
    """What else names the tag. Counted from the rows, also of people the index leaves out."""
    named = following_tags.campaigns_naming(tag, among=following_tags.not_sent(tag.county_id))
    people = carrying.count(tag)
    return {
        "people": people,
        "must_type": people > TYPED_ABOVE,
        "drafts": sum(each.state == Campaign.State.DRAFT for each in named),
        "submitted": sum(each.state != Campaign.State.DRAFT for each in named),
        "saved": saved_naming(tag),
        "ways": WayTag.objects.filter(county_id=tag.county_id, tag=tag).count(),
    }


def _merged(tag: Tag, into: Tag | None, text: str) -> dict[str, Any]:
    """The other tag with what would come of it, and those one may choose."""
    unfit, both, theirs = "", 0, 0
    if into is not None:
        both, theirs = carrying.count_both(tag, into), carrying.count(into)
        try:
            merging.check_same_rules(tag, into)
        except merging.DifferentRules as refusal:
            unfit = str(refusal)
    found = queries.search(text, county_id=tag.county_id) if text else _siblings(tag)
    return {
        "unfit": unfit,
        "both": both,
        "theirs": theirs,
        "q_here": text,
        "found": [each for each in found[: 4 * FOUND] if _fits(tag, each)][:FOUND],
    }


def _siblings(tag: Tag) -> Any:
    return queries.live(tag.county_id).filter(group=tag.group).order_by("code")


def _fits(tag: Tag, other: Tag) -> bool:
    try:
        merging.check_same_rules(tag, other)
    except merging.DifferentRules:
        return False
    return True
