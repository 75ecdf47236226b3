"""What the page of an event may be told to do; each step is one call."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.utils import timezone

from weijing.campaigns import stopping
from weijing.campaigns.emergency import (
    approving,
    proposing,
    reviewing,
    verifying,
    writing,
)
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.campaigns.emergency.verifying import Findings
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.web.access import OfficerRequest
from weijing.web.emergency.form import places_of
from weijing.web.village_choice import MOMENT_FORMATS


class CountNotTyped(DomainError):
    """What goes out at once to so many is typed, not only looked at."""


def take(request: OfficerRequest, event: EmergencyEvent) -> str:
    """Do what the form says; the words for the toast. Raises `DomainError`, `Http404`."""
    steps = {
        "verify": _verify,
        "change": _change,
        "reject": _reject,
        "write": _write,
        "approve": _approve,
        "review": _review,
        "stop": _stop,
    }
    step = steps.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    return step(request, event)


def _verify(request: OfficerRequest, event: EmergencyEvent) -> str:
    verifying.verify(event, _findings(request, event), by=request.user, at=clock.now())
    return "已核实。核对要通知的人和正文，提请批准。"


def _change(request: OfficerRequest, event: EmergencyEvent) -> str:
    found = _findings(request, event)
    new = verifying.change(event, found, by=request.user, at=clock.now())
    calls = f"新增 {new:,} 户要叫应。" if new else ""
    if writing.waiting(event) is not None:
        return f"情况已改。{calls}等批准的正文没有跟着变，请看过再提请。"
    return f"情况已改。{calls}请写续报告诉群众。"


def _findings(request: OfficerRequest, event: EmergencyEvent) -> Findings:
    said = request.POST
    return Findings(
        how=said.get("how", ""),
        severity=said.get("severity", ""),
        valid_until=_moment(said.get("valid_until", "")),
        detour=said.get("detour", ""),
        phone=said.get("phone", ""),
        divisions=places_of(event.county_id, said.getlist("places")),
    )


def _reject(request: OfficerRequest, event: EmergencyEvent) -> str:
    because = request.POST.get("because", "")
    verifying.reject(event, by=request.user, at=clock.now(), because=because)
    return "已记为不属实，没有通知群众。"


def _write(request: OfficerRequest, event: EmergencyEvent) -> str:
    kind = request.POST.get("kind", "")
    audience: dict[str, Any] | None = None
    if kind in ("first", "update"):
        keys = request.POST.getlist("groups")
        chosen = [group for group in proposing.groups(event) if group.key in keys]
        audience = proposing.tree(chosen)
    writing.write(
        event, kind, request.POST.get("body", ""), by=request.user, at=clock.now(),
        audience=audience,
    )  # fmt: skip
    return "已提请批准，等值班领导。"


def _approve(request: OfficerRequest, event: EmergencyEvent) -> str:
    message = _message(request, event)
    seen = _number(request.POST.get("people_seen", ""))
    if _number(request.POST.get("typed", "")) != seen:
        raise CountNotTyped(f"这条要通知 {seen:,} 人，还没有发。请把这个数字照写一遍再批准。")
    approving.approve(message, by=request.user, at=clock.now(), people_seen=seen)
    return f"已批准，正在通知 {seen:,} 人。"


def _stop(request: OfficerRequest, event: EmergencyEvent) -> str:
    message = _message(request, event)
    if message.campaign is None:
        raise stopping.NotRunning
    officers = stopping.stop(message.campaign, by=request.user, at=clock.now())
    return f"已停止：{officers:,} 份没确认的任务正在撤下，没发出的短信不再发。"


def _review(request: OfficerRequest, event: EmergencyEvent) -> str:
    right = request.POST.get("right", "")
    if right not in ("yes", "no"):
        raise Incomplete("请选批准得妥当还是不妥。")
    reviewing.review(
        _message(request, event), by=request.user, at=clock.now(), was_right=right == "yes",
        note=request.POST.get("note", ""),
    )  # fmt: skip
    return "复核已记下。"


def _message(request: OfficerRequest, event: EmergencyEvent) -> EmergencyMessage:
    texts = EmergencyMessage.objects.filter(county_id=event.county_id, event=event)
    found = texts.select_related("event__road", "event__county", "campaign__drafted_by").filter(
        pk=_number(request.POST.get("message", ""))
    )
    message = found.first()
    if message is None:
        raise approving.NothingWaits
    return message


def _moment(text: str) -> datetime:
    field = forms.DateTimeField(input_formats=MOMENT_FORMATS)
    try:
        moment = field.clean(text)
    except forms.ValidationError:
        raise Incomplete("请填有效到什么时候，如 2026-11-24 18:00。") from None
    aware: datetime = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return aware


def _number(text: str) -> int:
    digits = text.replace(",", "").replace("，", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
