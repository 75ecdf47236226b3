"""Pairs that may be one person: looked through many at a time."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import PermissionDenied
from weijing.residents import policies
from weijing.residents.merges import duplicates
from weijing.residents.models import DuplicatePair, Resident, WechatIdentity
from weijing.tags import uniting
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import MERGERS
from weijing.web.desk.showing import page_of, show
from weijing.web.records import merge_words

ROWS = 20


@for_roles(*MERGERS)
@require_http_methods(["GET", "POST"])
def pairs(request: OfficerRequest) -> HttpResponse:
    """The queue. htmx asks for `acts` when a box is ticked: the buttons say how many."""
    if not policies.can_unite(request.scope):
        raise PermissionDenied
    if request.method == "POST":
        return _decide(request)
    if request.htmx and request.htmx.target == "acts":
        return show(request, "desk/merging/queue.html", _chosen(request), part="acts")
    rule = request.GET.get("rule", "")
    waiting = duplicates.to_review(request.scope)
    if rule in DuplicatePair.Rule.values:
        waiting = waiting.filter(rule=rule)
    page = page_of(request, waiting, size=ROWS)
    shown = list(page.object_list)
    _note_reading(request, shown)
    context = {
        "page": page,
        "rows": _rows(request.scope.county_id, shown),
        "rule": rule,
        "rules": DuplicatePair.Rule.choices,
        "rule_shown": dict(DuplicatePair.Rule.choices).get(rule, ""),
        "just_merged": request.session.pop("just_merged", []),
    }
    return show(request, "desk/merging/queue.html", context, part="rows")


def _decide(request: OfficerRequest) -> HttpResponse:
    ids = [int(pk) for pk in request.POST.getlist("pair") if pk.isdecimal()][: uniting.MAX_PAIRS]
    at, by, scope = clock.now(), request.user, request.scope
    if not ids:
        messages.warning(request, "没有选中任何一对。请先勾选，再点「合并」或「不是同一人」。")
    elif request.POST.get("act") == "different":
        apart = duplicates.say_different(ids, by=by, scope=scope, at=at)
        messages.success(request, f"{apart} 对记为不是同一人，以后不再提。")
    else:
        _say(request, uniting.unite_pairs(ids, by=by, scope=scope, at=at))
    return redirect(f"{reverse('desk:duplicates')}?{request.META['QUERY_STRING']}".rstrip("?"))


def _say(request: OfficerRequest, batch: uniting.Batch) -> None:
    if batch.merged:
        request.session["just_merged"] = [record.pk for record in batch.merged]
        messages.success(request, f"合并了 {len(batch.merged)} 对。", extra_tags="undo-merges")
    for sentence, number in Counter(batch.refused).items():
        messages.warning(request, f"{number} 对没有合并：{sentence.removeprefix('没有合并：')}")


def _chosen(request: OfficerRequest) -> dict[str, Any]:
    return {"chosen": len({pk for pk in request.GET.getlist("pair") if pk.isdecimal()})}


def _rows(county_id: int, shown: list[DuplicatePair]) -> list[dict[str, Any]]:
    ids = {pk for pair in shown for pk in (pair.first_id, pair.second_id)}
    accounts = Counter(
        WechatIdentity.objects.filter(county_id=county_id, resident_id__in=ids).values_list(
            "resident_id", flat=True
        )
    )
    rows = []
    for pair in shown:
        kept, gone = duplicates.survivor_of(pair)
        rows.append(
            {
                "pair": pair,
                "kept": merge_words.in_short(kept, accounts[kept.pk]),
                "gone": merge_words.in_short(gone, accounts[gone.pk]),
                "needs_a_look": not uniting.can_unite_unseen(kept, gone),
            }
        )
    return rows


def _note_reading(request: OfficerRequest, shown: list[DuplicatePair]) -> None:
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        sorted({pk for pair in shown for pk in (pair.first_id, pair.second_id)}),
        purpose="duplicates.list",
        at=clock.now(),
    )
