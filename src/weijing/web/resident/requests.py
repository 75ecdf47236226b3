"""What I ask for about my data, and how far it has come."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.privacy import requesting
from weijing.privacy.models import RightsRequest
from weijing.privacy.queries import requests_of
from weijing.privacy.requesting import AlreadyAsked
from weijing.residents.masking import masked_phone
from weijing.web.resident.visiting import VisitorRequest, for_visitors, show

ME = "/r/me/"
Kind, Field, State = RightsRequest.Kind, RightsRequest.Field, RightsRequest.State
OFFERED = {
    Kind.CORRECT: "更正我的信息",
    Kind.DELETE: "申请删除",
    Kind.COMPLAINT: "投诉",
    Kind.ACCESS: "请派出所当面给我查阅",
}
HINTS = {
    Field.NAME: "请填真实姓名",
    Field.PHONE: "11 位手机号",
    Field.ADDRESS: "写到村、组和门牌",
    Field.TAG: "哪个标签不对，应该是什么",
    Field.OTHER: "哪一项不对，应该是什么",
}


@for_visitors
@require_http_methods(["GET", "POST"])
def new(request: VisitorRequest) -> HttpResponse:
    kind, field = request.GET.get("kind", Kind.CORRECT), request.GET.get("field", "")
    if kind not in OFFERED or field not in Field.values:
        raise Http404
    if kind == Kind.CORRECT and not field:
        field = Field.OTHER
    if request.method == "GET":
        return _form(request, kind, field)
    wanted, words = (request.POST.get(name, "").replace("\x00", "") for name in ("wanted", "words"))
    try:
        asked = requesting.submit(
            request.visitor, kind, by=None, at=clock.now(), field=field, wanted=wanted, words=words
        )
    except AlreadyAsked as waiting:
        messages.warning(request, str(waiting))
        return redirect("resident:request", number=waiting.request.number)
    except DomainError as wrong:
        return _form(request, kind, field, wanted=wanted, words=words, wrong=str(wrong))
    return redirect("resident:request", number=asked.number)


def _form(
    request: VisitorRequest, kind: str, field: str, *, wrong: str = "", **typed: str
) -> HttpResponse:
    context = {
        "kind": kind,
        "field": field,
        "title": OFFERED[Kind(kind)],
        "field_name": Field(field).label,
        "hint": HINTS.get(Field(field), ""),
        "wrong": wrong,
        **typed,
    }
    status = 422 if wrong else 200
    return show(request, "resident/request_new.html", context, back=ME, status=status)


@for_visitors
def detail(request: VisitorRequest, number: str) -> HttpResponse:
    """The number alone opens nothing: it is looked for among this person's own."""
    asked = requests_of(request.visitor).filter(number=number.upper()).first()
    if asked is None:
        raise Http404
    context = {
        "asked": asked,
        "wanted": masked_phone(asked.wanted) if asked.field == Field.PHONE else asked.wanted,
        "steps": _steps(asked),
        "is_open": asked.state != State.ANSWERED,
        "due_on": asked.due_on,
    }
    return show(request, "resident/request.html", context, back=ME)


def _steps(asked: RightsRequest) -> list[dict[str, Any]]:
    """Done, the one that is on, and those to come; a refusal ends it."""
    steps = [
        ("您提交了申请", asked.received_at),
        ("核实身份", asked.checked_at),
        ("作出决定", asked.decided_at),
        ("办理", asked.executed_at),
        ("答复您", asked.answered_at),
    ]
    if asked.granted is False:
        steps = [step for step in steps if step[0] != "办理"]
    shown, is_now = [], True
    for what, at in steps:
        state = "done" if at else "now" if is_now else "future"
        is_now = is_now and bool(at)
        shown.append({"what": what, "state": state, "at": at})
    return shown
