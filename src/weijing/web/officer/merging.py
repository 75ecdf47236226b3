"""Two records that are one person, on an officer's phone: find the other, compare, merge, undo."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from weijing.accounts.models import FIELD_ROLES
from weijing.audit import trail
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents.finding import searching
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.merges import duplicates, merge_history, undoing
from weijing.residents.models import MergeRecord, Resident
from weijing.tags import uniting as whole_records
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.phone import phone_page
from weijing.web.records import merge_words, uniting

PURPOSE = "officer.merge"
FOUND = 10


@for_roles(*FIELD_ROLES)
@require_http_methods(["GET", "POST"])
def merge(request: OfficerRequest, pk: int) -> HttpResponse:
    """From somebody's record: the other one is found, then the two are compared."""
    other = request.GET.get("with", "")
    if other.isdecimal() and int(other) != pk:
        return _compare(request, pk, int(other))
    person = uniting.opened(request, pk, purpose=PURPOSE)
    text = request.GET.get("q", "").replace("\x00", "").strip()
    found = searching.search(text, scope=request.scope, limit=FOUND + 1) if text else []
    likely = [] if text else _twins(request, person)
    others = [one for one in [*likely, *found] if one.pk != pk][:FOUND]
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [one.pk for one in others],
        purpose="contact.search",
        at=clock.now(),
    )
    context = {
        "name": person.name,
        "q": text,
        "rows": [
            {
                "pk": one.pk,
                "name": masked_name(one.name) or "微信用户",
                "place": merge_words.address(one),
                "phone": masked_phone(one.phone),
            }
            for one in others
        ],
    }
    back = reverse("officer:resident", args=[pk])
    return phone_page(request, "officer/merging/find.html", context, back=back)


@for_roles(*FIELD_ROLES)
def merged(request: OfficerRequest, pk: int) -> HttpResponse:
    """What a merge moved, and the way back."""
    return _shown(request, get_object_or_404(merge_history.merges_of(request.scope), pk=pk))


@for_roles(*FIELD_ROLES)
@require_POST
def undo(request: OfficerRequest, pk: int) -> HttpResponse:
    record = get_object_or_404(merge_history.merges_of(request.scope), pk=pk)
    try:
        undone = whole_records.undo(record, by=request.user, scope=request.scope, at=clock.now())
    except undoing.CannotUndo as refusal:
        return _shown(request, record, wrong=str(refusal), status=422)
    messages.success(request, undone.sentence)
    return redirect("officer:merged", pk=pk)


def _compare(request: OfficerRequest, first_id: int, second_id: int) -> HttpResponse:
    first = uniting.opened(request, first_id, purpose=PURPOSE)
    second = uniting.opened(request, second_id, purpose=PURPOSE)
    back, wrong = reverse("officer:merge", args=[first_id]), ""
    if request.POST.get("act") == "different":
        pairs = duplicates.about(request.scope, first).filter(Q(first=second) | Q(second=second))
        ids = list(pairs.values_list("pk", flat=True))
        duplicates.say_different(ids, by=request.user, scope=request.scope, at=clock.now())
        messages.success(request, "已记为不是同一人，以后不再提。")
        return redirect("officer:resident", pk=first_id)
    if request.method == "POST":
        try:
            record = uniting.unite(request, first, second)
        except DomainError as refusal:
            wrong = str(refusal)
            first.refresh_from_db()
            second.refresh_from_db()
        else:
            return redirect("officer:merged", pk=record.pk)
    pair = duplicates.about(request.scope, first).filter(Q(first=second) | Q(second=second)).first()
    context = uniting.side_by_side(request, first, second) | {"pair": pair, "wrong": wrong}
    status = 422 if wrong else 200
    return phone_page(request, "officer/merging/compare.html", context, back=back, status=status)


def _twins(request: OfficerRequest, person: Resident) -> list[Resident]:
    """Whom the rules think to be the same person."""
    return [
        pair.second if pair.first_id == person.pk else pair.first
        for pair in duplicates.about(request.scope, person)[:FOUND]
    ]


def _shown(
    request: OfficerRequest, record: MergeRecord, *, wrong: str = "", status: int = 200
) -> HttpResponse:
    context = merge_words.in_history(record, at=clock.now()) | {
        "moved_words": merge_words.moved(record),
        "wrong": wrong,
    }
    back = reverse("officer:resident", args=[record.survivor_id])
    return phone_page(request, "officer/merging/merged.html", context, back=back, status=status)
