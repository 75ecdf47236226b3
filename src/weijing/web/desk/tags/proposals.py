"""Tags that somebody misses: proposed here or on the phone, decided by another person."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.tags.catalogue import deciding, policies, proposing
from weijing.tags.catalogue.in_words import AUDIENCE
from weijing.tags.models import TagProposal
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.catalogue.proposal_form import ProposalForm
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, page_of, show

STATES = (("open", "待确认"), ("decided", "已答复"))


@for_roles(*COMMAND)
def proposals(request: OfficerRequest) -> HttpResponse:
    return _page(request)


@for_roles(*COMMAND)
@require_http_methods(["GET", "POST"])
def new(request: OfficerRequest) -> HttpResponse:
    form = ProposalForm(request.POST or None, county_id=request.scope.county_id)
    if request.method == "POST" and form.is_valid() and form.send(request, at=clock.now()):
        messages.success(request, "已提交，等县局另一位管标签的人确认。")
        return redirect("desk:tag-proposals")
    status = 422 if form.errors else 200
    return show(request, "desk/tags/new.html", {"form": form}, status=status)


@for_roles(*COMMAND)
@require_POST
def decide(request: OfficerRequest, pk: int) -> HttpResponse:
    """`decision`: confirm, decline (with `answer`) or withdraw."""
    proposal = TagProposal.objects.filter(county_id=request.scope.county_id, pk=pk).first()
    if proposal is None:
        raise Http404
    try:
        said = _decide(request, proposal)
    except PermissionDenied:
        raise
    except DomainError as refusal:
        return _page(request, wrong=str(refusal), status=422)
    messages.success(request, said)
    return redirect("desk:tag-proposals")


def _decide(request: OfficerRequest, proposal: TagProposal) -> str:
    by, scope, at = request.user, request.scope, clock.now()
    match request.POST.get("decision"):
        case "confirm":
            needs = request.POST.get("needs_consent") == "yes"
            tag = deciding.confirm(proposal, by=by, scope=scope, at=at, needs_consent=needs)
            seen = "要单独同意，不进企业微信" if tag.sensitive else "企业微信里随后也有"
            return f"「{tag.name}」已入库，编码 {tag.code}，{seen}。"
        case "decline":
            answer = request.POST.get("answer", "")
            deciding.decline(proposal, answer=answer, by=by, scope=scope, at=at)
            return "已答复提出人。"
        case "withdraw":
            proposing.withdraw(proposal, by=by, at=at)
            return "已收回。"
    raise Http404


def _page(request: OfficerRequest, *, wrong: str = "", status: int = 200) -> HttpResponse:
    is_open = asked(request, "state") != "decided"
    rows = TagProposal.objects.filter(county_id=request.scope.county_id)
    rows = rows.select_related("group__category", "proposed_by__station", "decided_by", "tag")
    if is_open:
        found = rows.filter(state=TagProposal.State.OPEN).order_by("proposed_at", "pk")
    else:
        found = rows.filter(decided_at__isnull=False).order_by("-decided_at", "-pk")
    page = page_of(request, found, size=20)
    context = {
        "page": page,
        "rows": [
            {
                "proposal": each,
                "audience": AUDIENCE[each.group.audience],
                "may_decide": policies.can_decide(request.scope, each),
                "is_mine": each.proposed_by_id == request.user.pk,
            }
            for each in page.object_list
        ],
        "wrong": wrong,
        "states": STATES,
        "state": "open" if is_open else "decided",
    }
    return show(request, "desk/tags/proposals.html", context, status=status)
