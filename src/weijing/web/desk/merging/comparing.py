"""Two records side by side; the officer says which stays and whose word stands."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.merges import choosing, duplicates
from weijing.residents.merges import uniting as residents_uniting
from weijing.residents.mirror.contacts import live
from weijing.residents.models import DuplicatePair, Resident
from weijing.residents.policies import access_resident
from weijing.residents.queries import visible_to
from weijing.tags import uniting
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.merging import words
from weijing.web.desk.roles import MERGERS
from weijing.web.desk.showing import asked

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
            (one.pk, masked_name(one.name), words.address(one), masked_phone(one.phone))
            for one in others
        ],
    }
    return render(request, "desk/merging/search.html", context)


def _compare(
    request: OfficerRequest, first_id: int, second_id: int, *, pair: DuplicatePair | None
) -> HttpResponse:
    if not policies.can_unite(request.scope):
        raise PermissionDenied
    first, second = _opened(request, first_id), _opened(request, second_id)
    wrong = ""
    if request.method == "POST":
        try:
            return _united(request, first, second)
        except DomainError as refusal:
            wrong = str(refusal)
            first.refresh_from_db()
            second.refresh_from_db()
    context = _context(request, first, second, pair) | {"wrong": wrong}
    return render(request, "desk/merging/compare.html", context, status=422 if wrong else 200)


def _opened(request: OfficerRequest, pk: int) -> Resident:
    try:
        return access_resident(request.scope, request.user, pk, purpose=PURPOSE, at=clock.now())
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown


def _united(request: OfficerRequest, first: Resident, second: Resident) -> HttpResponse:
    is_second = request.POST.get("keep") == str(second.pk)
    kept, gone = (second, first) if is_second else (first, second)
    chosen = {
        name: int(pk)
        for name in choosing.FACTS
        if (pk := request.POST.get(name, "")).isdecimal() and int(pk) in (first.pk, second.pk)
    }
    take = choosing.sides(kept.pk, chosen)
    # What only one of the two says needs no choice.
    take |= {name for name in choosing.default(kept, gone) if name not in chosen}
    record = uniting.unite(
        kept,
        gone,
        take=take,
        seen=request.POST.get("seen", ""),
        by=request.user,
        scope=request.scope,
        at=clock.now(),
    )
    number = sum(map(len, record.moved.values()))
    messages.success(request, f"已合并成一份，移过来 {number} 项。", extra_tags="undo-merge")
    return redirect(reverse("desk:merge", args=[record.pk]))


def _context(
    request: OfficerRequest, first: Resident, second: Resident, pair: DuplicatePair | None
) -> dict[str, Any]:
    things = words.things(request.scope.county_id, [first, second])
    return {
        "pair": pair,
        "people": [_side(request, one, number) for number, one in enumerate((first, second))],
        "lines": words.lines(first, second, kept=first),
        "things": things,
        "totals": [sum(numbers[side] for _, numbers in things) for side in (0, 1)],
        "seen": residents_uniting.what_was_seen(first, second),
        "two_numbers": not uniting.can_unite_unseen(first, second),
    }


def _side(request: OfficerRequest, person: Resident, number: int) -> dict[str, Any]:
    pairs = live(request.scope.county_id).filter(identity__resident=person)
    return {
        "pk": person.pk,
        "title": ("资料一", "资料二")[number],
        "name": person.name,
        "source": "名册导入" if person.roll_digest is not None else "民辅警登记",
        "is_stranger": person.lifecycle == Resident.Lifecycle.PROVISIONAL,
        "contacts": [
            f"{row.officer.name} · {row.identity.nickname or '微信用户'}"
            for row in pairs.select_related("officer", "identity").order_by("-added_at")[:5]
        ],
    }
