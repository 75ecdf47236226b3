"""The composer. Every button is a plain form post; htmx swaps the parts that change.

Whatever is posted saves the draft: a button of the builder, a changed field, a pause in typing. A
new page becomes a draft with its first post, whose number then travels in the form. Posts of one
page wait for each other (`queue all`), so each carries what the one before it has saved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns import codes, drafting
from weijing.campaigns.content import filling, trying, using
from weijing.campaigns.content.attaching import MAX_ATTACHMENTS
from weijing.campaigns.content.wording import wording
from weijing.campaigns.drafting import EditedMeanwhile
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.territory.models import County
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns import audience_form, from_address, meter
from weijing.web.desk.campaigns.attachments_shown import shown_on
from weijing.web.desk.campaigns.audience_form import Tree
from weijing.web.desk.campaigns.builder import Builder
from weijing.web.desk.campaigns.drafts import own_draft
from weijing.web.desk.campaigns.preview import SIZES, STANDARD, preview
from weijing.web.desk.showing import show

CONFIRM_HOURS = ((4, "4 小时"), (12, "12 小时"), (24, "1 天"), (48, "2 天"), (72, "3 天"))
STEPS = ["编辑", "核对提交", "审批下发", "民辅警确认", "发送结果"]


@dataclass
class Draft:
    """What is in the form now, saved or not."""

    title: str = ""
    topic: str = Campaign.Topic.OTHER
    body: str = ""
    confirm_hours: int = 24
    is_drill: bool = False
    tree: Tree = field(default_factory=audience_form.empty_tree)
    searches: dict[str, str] = field(default_factory=dict)
    edited_at: datetime | None = None
    preview_as: str = ""  # the officer whose message is looked at
    preview_size: str = STANDARD


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    if request.method == "GET":
        begun = from_address.begun(request)
        draft = Draft(topic=begun.topic, tree=begun.tree)
        return _page(request, draft, None, wrong=begun.wrong, left=begun.left)
    number = request.POST.get("number", "").replace("\x00", "")
    return _posted(request, own_draft(request, number) if number else None)


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def edit(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = own_draft(request, number)
    if request.method == "POST":
        return _posted(request, campaign)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("desk:campaign-review", number=number)
    return _page(request, _stored(campaign), campaign)


def _stored(campaign: Campaign) -> Draft:
    return Draft(
        title=campaign.title,
        topic=campaign.topic,
        body=campaign.body,
        confirm_hours=campaign.confirm_hours,
        is_drill=campaign.is_drill,
        tree=audience_form.with_group_at_the_root(campaign.audience),
        edited_at=campaign.edited_at,
    )


def _read(data: QueryDict) -> Draft:
    hours = data.get("confirm_hours", "")
    return Draft(
        title=data.get("title", "").strip(),
        topic=data.get("topic", Campaign.Topic.OTHER),
        # Browsers send the line ends of their own; WeCom counts them as bytes.
        body=_body(data),
        confirm_hours=int(hours) if hours.isascii() and hours.isdigit() else 24,
        is_drill=bool(data.get("is_drill")),
        tree=audience_form.changed(audience_form.from_fields(data), data),
        searches=audience_form.searches(data),
        edited_at=_moment(data.get("edited_at", "")),
        preview_as=data.get("preview_as", "").replace("\x00", "").strip()[:40],
        preview_size=data.get("preview_size", STANDARD),
    )


def _body(data: QueryDict) -> str:
    """With the variable whose button was pressed; without JavaScript it goes to the end."""
    body = data.get("body", "").replace("\r\n", "\n")
    name = data.get("insert", "")
    return f"{body}{{{name}}}" if name in filling.VARIABLES else body


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _posted(request: OfficerRequest, campaign: Campaign | None) -> HttpResponse:
    draft = _read(request.POST)
    try:
        campaign = _save(draft, campaign, request)
    except PermissionDenied:
        raise
    except EditedMeanwhile as wrong:
        return _page(request, draft, campaign, wrong=str(wrong), edited_meanwhile=True)
    except DomainError as wrong:
        return _page(request, draft, campaign, wrong=str(wrong))
    draft.edited_at = campaign.edited_at
    if request.POST.get("resolve") == "apart":
        return _go(request, reverse("desk:campaign-edit", args=[campaign.number]))
    if go := request.POST.get("go", ""):
        answer = _onwards(go, request, draft, campaign)
        if answer is not None:
            return answer
    url = reverse("desk:campaign-edit", args=[campaign.number])
    if not request.htmx and not draft.searches:
        return redirect(f"{url}#{'what' if request.POST.get('insert') else 'audience'}")
    response = _page(request, draft, campaign)
    response["HX-Replace-Url"] = url
    return response


def _onwards(
    go: str, request: OfficerRequest, draft: Draft, campaign: Campaign
) -> HttpResponse | None:
    """Where a button beside the text leads, now that the draft is saved; None: stay here."""
    if go == "review":
        return _to_review(request, draft, campaign)
    if go in ("attachments", "library"):
        return _go(request, reverse(f"desk:campaign-{go}", args=[campaign.number]))
    if go == "try":
        try:
            trying.ask(campaign, by=request.user, at=clock.now())
        except trying.CannotTry as wrong:
            return _page(request, draft, campaign, wrong=str(wrong))
    return None


def _save(draft: Draft, campaign: Campaign | None, request: OfficerRequest) -> Campaign:
    by, at, resolve = request.user, clock.now(), request.POST.get("resolve")
    fields: dict[str, Any] = {
        "title": draft.title,
        "topic": draft.topic,
        "body": draft.body,
        "confirm_hours": draft.confirm_hours,
        "is_drill": draft.is_drill,
        "audience": draft.tree,
    }
    if campaign is None:
        return drafting.draft(by=by, at=at, **fields)
    if resolve == "apart":
        return drafting.copied(campaign, by=by, at=at, **fields)
    if resolve == "mine":
        return drafting.replace(campaign, by=by, at=at, **fields)
    return drafting.edit(campaign, by=by, at=at, seen_edited_at=draft.edited_at, **fields)


def _to_review(request: OfficerRequest, draft: Draft, campaign: Campaign) -> HttpResponse:
    """On to the check; back here when something is plainly missing."""
    if wrong := _missing(draft):
        return _page(request, draft, campaign, wrong="；".join(wrong) + "。")
    return _go(request, reverse("desk:campaign-review", args=[campaign.number]))


def _go(request: OfficerRequest, url: str) -> HttpResponse:
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return redirect(url)


def _missing(draft: Draft) -> list[str]:
    missing = []
    if open_ones := len(audience_form.unfinished(draft.tree)):
        missing.append(f"有 {open_ones} 个条件还没选内容，请补上或删去")
    if not draft.title:
        missing.append("请填写标题")
    if not draft.body.strip():
        missing.append("请填写正文")
    return missing


def _page(
    request: OfficerRequest,
    draft: Draft,
    campaign: Campaign | None,
    *,
    wrong: str = "",
    left: Sequence[str] = (),
    edited_meanwhile: bool = False,
) -> HttpResponse:
    scope, now = request.scope, clock.now()
    county = County.objects.get(pk=scope.county_id)
    measured = meter.measure(draft.tree, scope=scope, topic=draft.topic, at=now)
    seen = preview(
        draft.body, county, at=now, officer_name=draft.preview_as, size=draft.preview_size
    )
    text = _as_campaign(draft, campaign, scope.county_id)
    trial = trying.latest(campaign) if campaign else None
    context = {
        "draft": draft,
        "campaign": campaign,
        "wrong": wrong,
        "left": left,
        "root": Builder(scope, draft.topic, draft.searches, measured.hits).draw(draft.tree),
        "fields": audience_form.FIELDS,
        "unfinished": len(audience_form.unfinished(draft.tree)),
        "measured": measured,
        "checks": wording(text, county) if draft.body else [],
        "characters": len(draft.body),
        "bytes": seen.bytes,
        "reference_bytes": codes.text_bytes("", short_name=county.short_name),
        "max_bytes": codes.MAX_TEXT_BYTES,
        "reference": codes.reference(county.short_name, "·" * codes.CODE_LENGTH),
        "preview": seen,
        "sizes": SIZES,
        "variables": filling.VARIABLES,
        "attachments": shown_on(campaign),
        "most_attachments": MAX_ATTACHMENTS,
        "compared": using.compared(text) if campaign else None,
        "trial": trial,
        "trial_problem": trying.problem_of(trial, at=now) if trial else "",
        "edited_meanwhile": edited_meanwhile,
        "topics": Campaign.Topic.choices,
        "hours": CONFIRM_HOURS,
        "confirm_by": now + timedelta(hours=min(draft.confirm_hours, 999)),
        "steps": STEPS,
        "url": _address(campaign),
    }
    status = 422 if wrong else 200
    return show(request, "desk/campaigns/compose.html", context, part="changed", status=status)


def _address(campaign: Campaign | None) -> str:
    if campaign is None:
        return reverse("desk:campaign-new")
    return reverse("desk:campaign-edit", args=[campaign.number])


def _as_campaign(draft: Draft, campaign: Campaign | None, county_id: int) -> Campaign:
    """What the form holds, with the attachments of what is stored."""
    pk = {"pk": campaign.pk} if campaign else {}
    return Campaign(county_id=county_id, body=draft.body, audience=draft.tree, **pk)
