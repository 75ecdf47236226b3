"""Two records side by side; the officer says which stays and whose word stands."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.merges import duplicates
from weijing.residents.models import DuplicatePair, Resident
from weijing.residents.queries import visible_to
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import MERGERS
from weijing.web.desk.showing import asked
from weijing.web.records import merge_words, uniting

PURPOSE = "desk.merge"
FOUND = 20


@for_roles(*MERGERS)
@require_http_methods(["GET", "POST"])
def pair(request: OfficerRequest, pk: int) -> HttpResponse:
    """A pair of the queue."""
    found = get_object_or_404(duplicates.to_review(request.scope), pk=pk)
    if request.method == "POST" and request.POST.get("act") == "different":
        at = clock.now()
        duplicates.say_different([pk], by=request.user, scope=request.scope, at=at)
        messages.success(request, "已记为不是同一人，以后不再提。")
        return redirect("desk:duplicates")
    kept, gone = duplicates.survivor_of(found)
    return _compare(request, kept.pk, gone.pk, pair=found)


@for_roles(*MERGERS)
@require_http_methods(["GET", "POST"])
def merge(request: OfficerRequest, pk: int) -> HttpResponse:
    """From somebody's record: first the other one is found, then the two are compared."""
    other = request.GET.get("with", "")
    if other.isdecimal() and int(other) != pk:
        return _compare(request, pk, int(other), pair=None)
    person = visible_to(request.scope).filter(pk=pk).first()
    if person is None:
        raise Http404
    text = asked(request, "q")
    people = searching.search(text, scope=request.scope, limit=FOUND + 1) if text else []
    others = [one for one in people if one.pk != pk][:FOUND]
    ids = [one.pk for one in others]
    trail.viewed(
        request.user, Resident._meta.label_lower, ids, purpose="contacts.list", at=clock.now()
    )
    context = {
        "pk": pk,
        "name": masked_name(person.name) or "微信用户",
        "q_here": text,
        "rows": [
            (one.pk, masked_name(one.name), merge_words.address(one), masked_phone(one.phone))
            for one in others
        ],
    }
    return render(request, "desk/merging/search.html", context)


def _compare(
    request: OfficerRequest, first_id: int, second_id: int, *, pair: DuplicatePair | None
) -> HttpResponse:
    if not policies.can_unite(request.scope):
        raise PermissionDenied
    first, second = (
        uniting.opened(request, first_id, purpose=PURPOSE),
        uniting.opened(request, second_id, purpose=PURPOSE),
    )
    wrong = ""
    if request.method == "POST":
        try:
            record = uniting.unite(request, first, second)
        except DomainError as refusal:
            wrong = str(refusal)
            first.refresh_from_db()
            second.refresh_from_db()
        else:
            number = sum(map(len, record.moved.values()))
            said = f"已合并成一份，移过来 {number} 项。"
            messages.success(request, said, extra_tags="undo-merge")
            return redirect("desk:merge", record.pk)
    context = uniting.side_by_side(request, first, second) | {"pair": pair, "wrong": wrong}
    return render(request, "desk/merging/compare.html", context, status=422 if wrong else 200)
