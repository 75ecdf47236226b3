"""My choices: each by itself, given with its sentence in view, taken back with one tap."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.privacy import choices
from weijing.residents import consent, links, notices
from weijing.tags.models import TagGroup
from weijing.tags.queries import carried_by, live
from weijing.web.resident.visiting import VisitorRequest, for_visitors, leave, show

ME = "/r/me/"
GIVEN = "已登记您的同意。随时可以在这里撤回。"
TAKEN_BACK = "已撤回，马上生效。"
UNSUBSCRIBED = "已退订，马上停止发送。"


@for_visitors
@require_http_methods(["GET", "POST"])
def choice(request: VisitorRequest, scope: str) -> HttpResponse:
    """GET shows the sentence; POST says yes or no to it."""
    person = request.visitor
    found = next((one for one in choices.of(person) if one.scope == scope), None)
    if found is None:
        raise Http404
    if request.method == "GET":
        context = {
            "choice": found,
            "version": notices.CURRENT,
            "has_own_tags": bool(found.group and found.group.set_by_resident_only),
        }
        return show(request, "resident/choice.html", context, back=ME)
    if request.POST.get("given") == "yes":
        choices.give(person, scope, at=clock.now())
        messages.success(request, GIVEN)
        if found.group and found.group.set_by_resident_only:
            return redirect("resident:tags", code=scope)
    else:
        choices.withdraw(person, scope, at=clock.now())
        messages.success(request, UNSUBSCRIBED if scope == consent.PUBLICITY else TAKEN_BACK)
    return redirect("resident:me")


@for_visitors
@require_http_methods(["GET", "POST"])
def tags(request: VisitorRequest, code: str) -> HttpResponse:
    """Tags that only the person puts on."""
    person = request.visitor
    group = choices.set_by_themselves(person).filter(code=code).first()
    if group is None:
        raise Http404
    if request.method == "POST":
        try:
            choices.set_tags(person, group, request.POST.getlist("tags"), at=clock.now())
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("resident:choice", scope=code)
        messages.success(request, "已保存。情况变了，随时来改。")
        return redirect("resident:me")
    return show(request, "resident/tags.html", _boxes(request, group), back=ME)


def _boxes(request: VisitorRequest, group: TagGroup) -> dict[str, object]:
    carried = carried_by(request.visitor, on=clock.today())
    mine = set(carried.values_list("tag_id", flat=True))
    offered = live(group.county_id).filter(group=group).order_by("code")
    return {
        "group": group,
        "boxes": [(tag, tag.pk in mine) for tag in offered],
        "needs_consent": group.needs_separate_consent
        and group.code not in request.visitor.consents,
    }


@for_visitors
@require_http_methods(["GET", "POST"])
def end(request: VisitorRequest) -> HttpResponse:
    """No longer a contact: everything else ends with it."""
    if request.method == "GET":
        return show(request, "resident/end.html", {}, back=ME)
    choices.withdraw(request.visitor, consent.CONTACT, at=clock.now())
    messages.success(request, "已登记您不再联系，马上停止发送。需要时您随时可以再联系我们。")
    return redirect("resident:me")


@for_visitors
@require_POST
def begin(request: VisitorRequest) -> HttpResponse:
    """A contact again, because they want it."""
    choices.give(request.visitor, consent.CONTACT, at=clock.now())
    messages.success(request, GIVEN)
    return redirect("resident:me")


@for_visitors
@require_POST
def close_doors(request: VisitorRequest) -> HttpResponse:
    """End every link of mine, wherever it lies."""
    links.end(request.visitor, by=None, at=clock.now())
    messages.success(request, "发给您的专页链接已全部失效。需要时请找民警再要一个。")
    response = redirect("resident:home")
    leave(response)
    return response
