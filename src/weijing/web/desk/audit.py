"""访问审计: who did what and who saw whom, for the auditor, who sees no resident."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from weijing.accounts.models import Officer
from weijing.audit import checkpoints, searching, verifying, words
from weijing.audit.models import AuditEntry, Seal
from weijing.audit.searching import Wanted
from weijing.core import clock
from weijing.privacy import openings
from weijing.residents.finding import exactly
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import AUDIT
from weijing.web.desk.showing import asked, page_of, show

SHOWN_DAYS = 7
OFFICERS_SHOWN = 20


@for_roles(*AUDIT)
@require_GET
def audit(request: OfficerRequest) -> HttpResponse:
    wanted, wrong = _wanted(request)
    rows: list[dict[str, Any]] = []
    page = None
    if not wrong:
        page = page_of(request, searching.entries(wanted, by=request.user, at=clock.now()))
        rows = [_row(entry) for entry in page.object_list]
    context = {
        "page": page,
        "rows": rows,
        "wrong": wrong,
        "said": {name: asked(request, name) for name in ("who", "whom", "from", "to", "only")},
        "since": wanted.since,
        "until": wanted.until,
        "is_narrowed": any(asked(request, name) for name in ("who", "whom", "from", "to", "only")),
        "sealed": _sealed(request),
    }
    return show(request, "desk/audit.html", context, part="rows")


def _wanted(request: OfficerRequest) -> tuple[Wanted, str]:
    """What the address asks for, and why it cannot be answered; "" when it can."""
    today = clock.today()
    since = _day(asked(request, "from"), today - timedelta(days=SHOWN_DAYS - 1))
    until = _day(asked(request, "to"), today)
    wanted = Wanted(since, until, readings_only=bool(asked(request, "only")))
    if since > until:
        return wanted, "开始的日期在结束之后，请改一下。"
    if (until - since).days > searching.LONGEST_DAYS:
        return wanted, "一次最多查一年，请把日期改近一些。"
    if who := asked(request, "who"):
        officers = Officer.objects.filter(county_id=request.scope.county_id)
        found = officers.filter(name=who) | officers.filter(username=who)
        ids = list(found.values_list("pk", flat=True)[:2])
        if len(ids) != 1:
            return wanted, (
                f"没有叫「{who}」的民辅警。" if not ids else f"有几位「{who}」，请填账号。"
            )
        wanted = replace(wanted, officer_id=ids[0])
    if whom := asked(request, "whom"):
        resident = exactly.by_phone_or_id_number(request.scope.county_id, whom)
        if resident is None:
            return wanted, "没有找到：请填完整的手机号或身份证号。"
        wanted = replace(wanted, resident_id=resident)
    return wanted, ""


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    # A year that no clock of ours has seen, and from which one cannot count on.
    return day if 2000 <= day.year <= 2999 else otherwise


def _row(entry: AuditEntry) -> dict[str, Any]:
    purpose = openings.words(entry).replace("您", "群众") if entry.purpose else ""
    return {
        "entry": entry,
        "did": words.said(entry.action),
        "what": words.object_of(entry),
        "purpose": purpose,
    }


def _sealed(request: OfficerRequest) -> dict[str, Any]:
    county = request.user.county
    last = Seal.objects.filter(county=county).order_by("-number").first()
    try:
        kept: int | None = len(checkpoints.read(county))
    except (OSError, ValueError):
        kept = None
    return {"last": last, "kept": kept, "oldest": verifying.oldest_unsealed(county)}
