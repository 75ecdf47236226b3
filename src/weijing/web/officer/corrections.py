"""Remarks that were corrected in WeCom: taken into the record, or written again by the rule."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import composing, proposals
from weijing.residents.models import RemarkProposal, Resident
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page

PURPOSE = "contact.label"
MOST = 50


@for_roles(*FIELD_ROLES)
def corrections(request: OfficerRequest) -> HttpResponse:
    """All that wait for this officer."""
    waiting = list(proposals.open_for(request.scope)[:MOST])
    note_reading(request, waiting)
    context = {"rows": [row(one) for one in waiting]}
    return phone_page(request, "officer/corrections.html", context, tab="contacts")


@for_roles(*FIELD_ROLES)
@require_POST
def decision(request: OfficerRequest, pk: int) -> HttpResponse:
    """`decision`: accept or restore. Goes back to the page it was made on."""
    try:
        messages.success(request, decide(request, pk))
    except DomainError as wrong:
        messages.warning(request, str(wrong))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "officer:corrections")


def decide(request: OfficerRequest, pk: int) -> str:
    """What was done, in words.

    Raises `Http404` for what is not theirs to decide, and what `proposals.accept` raises.
    """
    proposal = proposals.open_for(request.scope).filter(pk=pk).first()
    if proposal is None:
        if not proposals.decided_for(request.scope).filter(pk=pk).exists():
            raise Http404
        raise proposals.AlreadyDecided("这条更正刚刚已经处理过，没有再改。")
    by, scope, at = request.user, request.scope, clock.now()
    if request.POST.get("decision") != "accept":
        proposals.restore(proposal, by=by, scope=scope, at=at)
        return "已恢复，企业微信备注稍后写回"
    taken = proposals.accept(proposal, by=by, scope=scope, at=at)
    what = "、".join(one.what for one in taken)
    return f"已采纳：{what}。企业微信备注稍后更新" if taken else "已采纳，备注保留你写的"


def row(proposal: RemarkProposal) -> dict[str, Any]:
    """What the officer wrote, what our record would change, what the rule writes."""
    return {
        "pk": proposal.pk,
        "proposal": proposal,
        "contact": proposal.contact,
        "wrote": proposal.remark or "（空）",
        "changes": proposals.changes(proposal),
        "ours": composing.remark_of(proposal.contact),
    }


def note_reading(request: OfficerRequest, waiting: list[RemarkProposal]) -> None:
    people = [one.contact.identity.resident_id for one in waiting]
    label, at = Resident._meta.label_lower, clock.now()
    trail.viewed(request.user, label, people, purpose=PURPOSE, at=at)
