"""Remarks that officers corrected in WeCom, as phone and desk show and decide them."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404

from weijing.audit import trail
from weijing.core import clock
from weijing.residents.labels import composing, proposals
from weijing.residents.models import RemarkProposal, Resident
from weijing.web.access import OfficerRequest

PURPOSE = "contact.label"


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


def note_reading(request: OfficerRequest, waiting: Sequence[RemarkProposal]) -> None:
    people = [one.contact.identity.resident_id for one in waiting]
    label, at = Resident._meta.label_lower, clock.now()
    trail.viewed(request.user, label, people, purpose=PURPOSE, at=at)
