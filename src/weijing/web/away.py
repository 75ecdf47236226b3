"""Noting who is away, from when to when, and who stands in: the same on the phone and at a desk."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404

from weijing.accounts.models import Absence, Officer
from weijing.accounts.scope import Scope
from weijing.campaigns.models import Share
from weijing.campaigns.ordering import standing_in
from weijing.campaigns.ordering.standing_in import BadAbsence
from weijing.core import clock
from weijing.core.clock import COUNTY_TIME
from weijing.web.access import OfficerRequest


def context(request: OfficerRequest, *, wrong: str = "") -> dict[str, Any]:
    scope, now = request.scope, clock.now()
    officers = standing_in.officers_of(scope).select_related("station").order_by("name", "pk")
    absences = list(standing_in.visible_to(scope, at=now))
    away_now = [each.officer_id for each in absences if each.starts_at <= now]
    waiting = standing_in.waiting_with(away_now, scope.county_id)
    return {
        "absences": [_shown(each, now, waiting, scope) for each in absences],
        "officers": officers.filter(serves_residents=True),
        "deputies": _colleagues(request, officers),
        "is_alone": not officers.exclude(pk=scope.officer_id).exists(),
        "today": clock.today().isoformat(),
        "said": request.POST,
        "wrong": wrong,
    }


def _shown(
    absence: Absence, now: datetime, waiting: dict[int, list[Share]], scope: Scope
) -> dict[str, Any]:
    last = (absence.ends_at - timedelta(microseconds=1)).astimezone(COUNTY_TIME).date()
    return {
        "absence": absence,
        "last": last,
        "has_begun": absence.starts_at <= now,
        "waiting": waiting.get(absence.officer_id, []),
        "may_stop": standing_in.may_stop_for(absence, scope),
    }


def _colleagues(request: OfficerRequest, officers: Any) -> Any:
    """Who could stand in for somebody; whether for this one is checked when it is saved."""
    if officers.exclude(pk=request.user.pk).exists():
        return officers.filter(serves_residents=True)
    return standing_in.deputies_for(request.user).order_by("name", "pk")


def act(request: OfficerRequest) -> None:
    """Note or end one. Raises `BadAbsence`, `PermissionDenied`, `Http404`."""
    now, scope = clock.now(), request.scope
    if ended := _whole(request.POST.get("end", "")):
        found = standing_in.visible_to(scope, at=now).filter(pk=ended).first()
        if found is None:
            raise Http404
        standing_in.end(found, by=request.user, at=now)
        messages.success(request, f"{found.officer.name}的这一条已经结束，群发照常派给本人。")
        return
    if stopped := _whole(request.POST.get("stop", "")):
        found = standing_in.visible_to(scope, at=now).filter(pk=stopped).first()
        if found is None:
            raise Http404
        shares = standing_in.stop_waiting(found, by=request.user, at=now)
        messages.success(
            request, f"正在停下{found.officer.name}没确认的 {shares} 份，已发出的不变。"
            "停下后可以在群发的名单页给没发出的人补发，那时派给代办人。"
        )  # fmt: skip
        return
    officer = _one_of(standing_in.officers_of(scope), request.POST.get("officer", ""))
    if officer is None:
        raise BadAbsence("请选是谁不在岗。没有保存。")
    deputy_id = request.POST.get("deputy", "")
    deputy = _one_of(standing_in.deputies_for(officer), deputy_id)
    if deputy_id and deputy is None:
        raise BadAbsence("代办人要是同一个派出所、在岗服务群众的同事。没有保存。")
    first, last = _day(request.POST.get("from", "")), _day(request.POST.get("to", ""))
    standing_in.note(
        officer, by=request.user, at=now, deputy=deputy,
        starts_at=_begin(first), ends_at=_begin(last + timedelta(days=1)),
    )  # fmt: skip
    messages.success(request, f"已登记{officer.name}不在岗，新批准的群发不再派给本人。")


def _one_of(officers: Any, text: str) -> Officer | None:
    pk = _whole(text)
    found: Officer | None = officers.filter(pk=pk).first() if pk else None
    return found


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        _ = day + timedelta(days=1), day - timedelta(days=1)  # what no calendar can count on from
    except (ValueError, OverflowError) as wrong:
        raise BadAbsence("请选开始和结束的日期。没有保存。") from wrong
    return day


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), COUNTY_TIME)
