"""Two records beside each other and what the officer decides about them, at the desk and on the
phone."""

from typing import Any

from django.http import Http404

from weijing.core import clock
from weijing.residents.merges import choosing
from weijing.residents.merges import uniting as residents_uniting
from weijing.residents.mirror.contacts import live
from weijing.residents.models import MergeRecord, Resident
from weijing.residents.policies import access_resident
from weijing.tags import uniting
from weijing.web.access import OfficerRequest
from weijing.web.records import merge_words

CONTACTS_SHOWN = 5


def opened(request: OfficerRequest, pk: int, *, purpose: str) -> Resident:
    """The record, once its reading is noted. Raises `Http404` for records out of scope."""
    try:
        return access_resident(request.scope, request.user, pk, purpose=purpose, at=clock.now())
    except Resident.DoesNotExist as unknown:
        raise Http404 from unknown


def unite(request: OfficerRequest, first: Resident, second: Resident) -> MergeRecord:
    """Merge as the form says: `keep`, and for facts that differ whose word stands.

    Raises `core.errors.DomainError` with nothing changed.
    """
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
    return uniting.unite(
        kept,
        gone,
        take=take,
        seen=request.POST.get("seen", ""),
        by=request.user,
        scope=request.scope,
        at=clock.now(),
    )


def side_by_side(request: OfficerRequest, first: Resident, second: Resident) -> dict[str, Any]:
    """What `desk/merging/compare.html` and `officer/merging/compare.html` show."""
    things = merge_words.things(request.scope.county_id, [first, second])
    return {
        "people": [_side(request, one, number) for number, one in enumerate((first, second))],
        "lines": merge_words.lines(first, second, kept=first),
        "things": things,
        "totals": [sum(numbers[side] for _, numbers in things) for side in (0, 1)],
        "seen": residents_uniting.what_was_seen(first, second),
        "two_numbers": not uniting.can_unite_unseen(first, second),
    }


def _side(request: OfficerRequest, person: Resident, number: int) -> dict[str, Any]:
    pairs = live(request.scope.county_id).filter(identity__resident=person)
    newest = pairs.select_related("officer", "identity").order_by("-added_at")
    return {
        "pk": person.pk,
        "title": ("资料一", "资料二")[number],
        "name": person.name,
        "source": "名册导入" if person.roll_digest is not None else "民辅警登记",
        "is_stranger": person.lifecycle == Resident.Lifecycle.PROVISIONAL,
        "contacts": [
            f"{row.officer.name} · {row.identity.nickname or '微信用户'}"
            for row in newest[:CONTACTS_SHOWN]
        ],
    }
