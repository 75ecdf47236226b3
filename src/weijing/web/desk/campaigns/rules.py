"""What a county has settled about approval, for whoever approves at the county desk."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns.ordering import rules as settled
from weijing.campaigns.ordering.models import CampaignRules
from weijing.core import clock
from weijing.core.errors import PermissionDenied
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import show


@for_roles(Role.CAMPAIGN_APPROVER)
@require_http_methods(["GET", "POST"])
def rules(request: OfficerRequest) -> HttpResponse:
    if not settled.can_change(request.user, at=clock.now()):
        raise PermissionDenied
    if request.method == "POST":
        return _change(request)
    return _page(request)


def _change(request: OfficerRequest) -> HttpResponse:
    said = {name: _number(request.POST.get(name, "")) for name in settled.LIMITS}
    try:
        settled.change(
            by=request.user, at=clock.now(), quota_mode=request.POST.get("quota_mode", ""), **said
        )
    except settled.BadRule as wrong:
        return _page(request, wrong=str(wrong))
    messages.success(request, "规定已保存，从现在起按新的办。")
    return redirect("desk:campaign-rules")


def _number(text: str) -> int:
    """-1 where it is none, which no rule allows."""
    digits = text.replace(",", "").replace("，", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else -1


def _page(request: OfficerRequest, *, wrong: str = "") -> HttpResponse:
    context = {
        "rules": settled.rules_of(request.scope.county_id),
        "said": request.POST,
        "wrong": wrong,
        "modes": CampaignRules.QuotaMode.choices,
    }
    status = 422 if wrong else 200
    return show(request, "desk/campaigns/rules.html", context, status=status)
