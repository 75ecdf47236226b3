"""The library, and the choice from it for one's draft."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns import policies
from weijing.campaigns.content import using
from weijing.campaigns.content.models import ContentVersion
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.drafts import own_draft
from weijing.web.desk.library.opened import version_or_404
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show


@for_roles(*COMMAND)
@require_GET
def library(request: OfficerRequest) -> HttpResponse:
    topic, search = asked(request, "topic"), asked(request, "q")
    rows = using.items(request.scope.county_id)
    if topic:
        rows = rows.filter(topic=topic)
    if search:
        rows = rows.filter(title__icontains=search)
    context = {
        "page": page_of(request, rows),
        "topics": Campaign.Topic.choices,
        "topic": topic,
        "topic_word": dict(Campaign.Topic.choices).get(topic, ""),
        "q_here": search,
        "may_write": policies.can_draft(request.user),
        "to_review": _to_review(request),
    }
    return show(request, "desk/library/list.html", context, part="rows")


def _to_review(request: OfficerRequest) -> list[ContentVersion]:
    """What waits for this person: submitted by others."""
    if not policies.can_pause(request.user):
        return []
    waiting = ContentVersion.objects.filter(
        county_id=request.scope.county_id, state=ContentVersion.State.SUBMITTED
    ).select_related("item", "written_by")
    return [v for v in waiting.order_by("submitted_at") if v.written_by_id != request.user.pk]


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def choose(request: OfficerRequest, number: str) -> HttpResponse:
    """One for this draft: in place of its words, or behind them."""
    campaign = own_draft(request, number)
    back = reverse("desk:campaign-edit", args=[number]) + "#what"
    wrong = ""
    if request.method == "POST":
        version = version_or_404(request, request.POST.get("version", ""))
        try:
            using.use(
                version, campaign, by=request.user, at=clock.now(),
                behind=request.POST.get("how") == "behind",
            )  # fmt: skip
            return redirect(back)
        except PermissionDenied:
            raise
        except DomainError as refusal:
            wrong = str(refusal)
    topic, search = asked(request, "topic"), asked(request, "q")
    context = {
        "campaign": campaign,
        "versions": using.offered(request.scope.county_id, topic=topic, search=search)[:100],
        "topics": Campaign.Topic.choices,
        "topic": topic,
        "topic_word": dict(Campaign.Topic.choices).get(topic, ""),
        "q_here": search,
        "back": back,
        "wrong": wrong,
    }
    status = 422 if wrong else 200
    return show(request, "desk/library/choose.html", context, part="rows", status=status)
