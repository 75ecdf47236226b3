"""Merges and splits that were made, and taking them back."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.merges import duplicates, merge_history, undoing
from weijing.residents.models import MergeRecord
from weijing.tags import uniting
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import MERGERS
from weijing.web.desk.showing import page_of, show
from weijing.web.records import merge_words


@for_roles(*MERGERS)
def merges(request: OfficerRequest) -> HttpResponse:
    at = clock.now()
    page = page_of(request, merge_history.merges_of(request.scope))
    rows = [merge_words.in_history(record, at=at) for record in page.object_list]
    return show(request, "desk/merging/history.html", {"page": page, "rows": rows}, part="rows")


@for_roles(*MERGERS)
def merge(request: OfficerRequest, pk: int) -> HttpResponse:
    """One merge: what moved, and until when it can be taken back."""
    record = get_object_or_404(merge_history.merges_of(request.scope), pk=pk)
    return _shown(request, record)


@for_roles(*MERGERS)
@require_POST
def undo(request: OfficerRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(merge_history.merges_of(request.scope), pk=pk)
    try:
        undone = uniting.undo(record, by=request.user, scope=request.scope, at=clock.now())
    except undoing.CannotUndo as refusal:
        return _shown(request, record, wrong=str(refusal), status=422)
    messages.success(request, undone.sentence)
    return redirect("desk:merge", pk=pk)


@for_roles(*MERGERS)
@require_POST
def undo_many(request: OfficerRequest) -> HttpResponse:
    """Those just made from the queue, the latest first: one may build upon another."""
    ids = [int(pk) for pk in request.POST.getlist("merge") if pk.isdecimal()][: uniting.MAX_PAIRS]
    undone = 0
    for record in merge_history.merges_of(request.scope).filter(pk__in=ids).order_by("-pk"):
        try:
            uniting.undo(record, by=request.user, scope=request.scope, at=clock.now())
            undone += 1
        except DomainError as refusal:
            messages.warning(request, str(refusal))
    messages.success(request, f"撤销了 {undone} 次合并，各份资料放回原样。")
    return redirect("desk:duplicates")


def _shown(
    request: OfficerRequest, record: MergeRecord, *, wrong: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = merge_words.in_history(record, at=clock.now()) | {
        "moved_words": merge_words.moved(record),
        "wrong": wrong,
        "next": duplicates.to_review(request.scope).first(),
        "waiting": duplicates.to_review(request.scope).count(),
    }
    return render(request, "desk/merging/merge.html", context, status=status)
