"""The same page for two people: the author checks and submits, another one approves or returns."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.scope import Scope, scope_of
from weijing.audiences import counting
from weijing.audiences.expression import (
    All,
    BadExpression,
    HasConsent,
    IsLinked,
    Node,
    parse,
)
from weijing.audiences.sentence import sentence
from weijing.audit import trail
from weijing.campaigns import approving, drafting, pausing, policies
from weijing.campaigns.content import using
from weijing.campaigns.content.wording import wording
from weijing.campaigns.drafting import RecountChanged
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import scheduling
from weijing.campaigns.ordering.levels import level_of
from weijing.campaigns.ordering.meaning import AudienceChanged
from weijing.campaigns.ordering.repeating import forgotten, repetitions
from weijing.campaigns.reach import reach_of
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import consent
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.territory.queries import path_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns import meter, setting_time
from weijing.web.desk.campaigns.attachments_shown import shown_on
from weijing.web.desk.campaigns.composing import STEPS
from weijing.web.desk.campaigns.preview import preview
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import show

SAMPLE = 5
NOT_OUT = (Campaign.State.DRAFT, Campaign.State.SUBMITTED, Campaign.State.SCHEDULED)
TYPE_THE_COUNT_ABOVE = 10_000  # people; a slip of the hand must not reach so many


class CountNotTyped(DomainError):
    """Above ten thousand people the number is typed, not only looked at."""


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def review(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = policies.visible_to(request.scope).filter(number=number)
    found = campaign.select_related("drafted_by", "released_by", "scheduled_by").first()
    if found is None or _is_somebody_elses_draft(request, found):
        raise Http404
    if request.method == "POST":
        return _act(request, found)
    if found.state not in NOT_OUT:
        return redirect("desk:campaign-progress", number=number)
    return _page(request, found)


def _is_somebody_elses_draft(request: OfficerRequest, campaign: Campaign) -> bool:
    is_draft = campaign.state == Campaign.State.DRAFT and campaign.submitted_at is None
    return is_draft and campaign.drafted_by_id != request.user.pk


def _act(request: OfficerRequest, campaign: Campaign) -> HttpResponse:
    try:
        return _acted(request, campaign)
    except PermissionDenied:
        raise
    except AudienceChanged as changed:
        why = str(changed)
        approving.return_to_author(campaign, by=request.user, at=clock.now(), reason=why)
        messages.warning(request, f"{why}已退回起草人。")
        return redirect("desk:campaigns")
    except DomainError as wrong:
        campaign.refresh_from_db()
        if campaign.state not in NOT_OUT:
            messages.warning(request, "没有办成：这条群发已经下发。没确认的可以在这一页停止。")
            return redirect("desk:campaign-progress", number=campaign.number)
        return _page(
            request, campaign, wrong=str(wrong), recounted=isinstance(wrong, RecountChanged)
        )


def _acted(request: OfficerRequest, campaign: Campaign) -> HttpResponse:
    by, at = request.user, clock.now()
    seen = _number(request.POST.get("count_seen", ""))
    match request.POST.get("act"):
        case "submit":
            drafting.submit(campaign, by=by, at=at, count_seen=seen)
            return redirect("desk:campaign-review", number=campaign.number)
        case "release":
            # Who may not is told so before they are asked to type a number.
            if policies.can_release(by, campaign, at=at):
                _check_typed(request, seen)
            at_any_hour = bool(request.POST.get("any_hour"))
            approving.release(campaign, by=by, at=at, count_seen=seen, at_any_hour=at_any_hour)
            return redirect("desk:campaign-progress", number=campaign.number)
        case "schedule":
            if policies.can_release(by, campaign, at=at):
                _check_typed(request, seen)
            when = setting_time.read(request.POST.get("when", ""))
            scheduling.schedule(campaign, by=by, at=at, when=when, count_seen=seen)
            return redirect("desk:campaign-review", number=campaign.number)
        case "unschedule":
            scheduling.cancel(campaign, by=by, at=at)
            return redirect("desk:campaign-review", number=campaign.number)
        case "return":
            reason = request.POST.get("reason", "").replace("\x00", "")
            approving.return_to_author(campaign, by=by, at=at, reason=reason)
            return redirect("desk:campaigns")
    raise Http404


def _number(text: str) -> int:
    digits = text.replace(",", "").replace("，", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _check_typed(request: OfficerRequest, seen: int) -> None:
    if seen > TYPE_THE_COUNT_ABOVE and _number(request.POST.get("typed", "")) != seen:
        raise CountNotTyped(f"这条要发给 {seen:,} 人，请把这个数字照样写一遍再批准。")


def _page(
    request: OfficerRequest, campaign: Campaign, *, wrong: str = "", recounted: bool = False
) -> HttpResponse:
    now = clock.now()
    problem, node, said = _meant(campaign)
    reach = reach_of(campaign, at=now) if node else None
    is_submitted = campaign.state == Campaign.State.SUBMITTED
    may_release = is_submitted and policies.can_release(
        request.user, campaign, at=now, scope=request.scope
    )
    is_own = campaign.drafted_by_id == request.user.pk
    author = request.scope if is_own else scope_of(campaign.drafted_by, at=now)
    is_draft = campaign.state == Campaign.State.DRAFT
    is_scheduled = campaign.state == Campaign.State.SCHEDULED
    may_edit = is_draft and policies.can_edit(request.user, campaign, scope=request.scope)
    county = request.user.county
    seen = preview(campaign.body, county, at=now)
    changed = bool(reach and is_submitted and reach.reachable != campaign.submitted_count)
    context = {
        "campaign": campaign,
        "reach": reach,
        "deductions": meter.deductions(reach.left_out) if reach else [],
        "said": said,
        "problem": problem,
        "wrong": wrong,
        "changed": changed and not recounted,
        "repeated": _repeated(request, campaign),
        "forgotten": forgotten(campaign, at=now),
        "sample": _sample(request, campaign, node, author) if node else [],
        "checks": wording(campaign, county),
        "characters": len(campaign.body),
        "bytes": seen.bytes,
        "preview": seen,
        "attachments": shown_on(campaign),
        "compared": using.compared(campaign),
        "may_edit": may_edit,
        "may_release": may_release,
        "level": level_of(campaign, author, people=reach.reachable, node=node) if reach else None,
        "is_draft": is_draft,
        "is_submitted": is_submitted,
        "is_scheduled": is_scheduled,
        "may_unschedule": is_scheduled and policies.can_stop(request.user, campaign, at=now),
        "is_paused": is_scheduled and pausing.is_paused(campaign.county_id),
        "times": setting_time.shown(request.POST.get("when", ""), at=now),
        "must_type": bool(reach and reach.reachable > TYPE_THE_COUNT_ABOVE),
        "confirm_by": now + timedelta(hours=campaign.confirm_hours),
        "steps": STEPS,
        "step": 2 if is_draft else 3,
    }
    return show(request, "desk/campaigns/review.html", context, status=422 if wrong else 200)


def _repeated(request: OfficerRequest, campaign: Campaign) -> list[dict[str, Any]]:
    """Such words to some of the same people; of another station's the number alone is said."""
    found = repetitions(campaign, at=clock.now())
    mine = policies.visible_to(request.scope).filter(pk__in=[one.campaign.pk for one in found])
    seen = set(mine.values_list("pk", flat=True))
    return [
        {
            "campaign": one.campaign,
            "is_visible": one.campaign.pk in seen,
            "people": one.people,
            "is_same": one.likeness == 1,
            "percent": one.likeness,
        }
        for one in found
    ]


def _meant(campaign: Campaign) -> tuple[str, Node | None, str]:
    """Looked up anew whenever somebody opens the page: (what is wrong, whom, in words)."""
    try:
        node = parse(campaign.audience, county_id=campaign.county_id, topic=campaign.topic)
        return "", node, sentence(node, written_out=True)
    except BadExpression as bad:
        return str(bad), None, ""


def _sample(
    request: OfficerRequest, campaign: Campaign, node: Node, within: Scope
) -> list[dict[str, Any]]:
    """A few who would get it, masked; showing them is a reading."""
    willing = All((node, IsLinked(True), HasConsent(consent.PUBLICITY)))
    found = counting.people(willing, county_id=campaign.county_id, within=within)
    rows = Resident.objects.filter(county_id=campaign.county_id, ordinal__in=found[:SAMPLE])
    shown = list(rows.select_related("division__parent__parent__parent").order_by("ordinal"))
    ids = [person.pk for person in shown]
    trail.viewed(
        request.user, Resident._meta.label_lower, ids, purpose="campaign.review", at=clock.now()
    )
    return [
        {
            "name": masked_name(person.name),
            "where": path_name(person.division) if person.division else "住址不详",
        }
        for person in shown
    ]
