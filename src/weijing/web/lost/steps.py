"""The buttons on a thing's page, by the word they send."""

from typing import Any

from django.http import Http404

from weijing.core import clock
from weijing.requests.lost import (
    ending,
    handing_over,
    matching,
    opening,
    proving,
    queries,
    taking_in,
)
from weijing.requests.models import LostItem, LostMatch
from weijing.web import typed
from weijing.web.access import OfficerRequest


def take(request: OfficerRequest, item: LostItem) -> str:
    """Take the step of this POST. Returns what was done, in Chinese.

    Raises `DomainError`; 404 for a step that does not exist.
    """
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    acting = {"by": request.user, "scope": request.scope, "at": clock.now()}
    return step(item, typed.words(request), acting)


def _hold(item: LostItem, said: dict[str, str], acting: Any) -> str:
    taking_in.hold(item, **acting)
    return "已收下，群众在失物招领里看得到了。"


def _number(item: LostItem, said: dict[str, str], acting: Any) -> str:
    found = _match_of(item).found if item.side == LostItem.Side.LOST else item
    taking_in.note_number(found, said.get("number", ""), **acting)
    return "证件号已录入，只留下核对用的指纹。"


def _match(item: LostItem, said: dict[str, str], acting: Any) -> str:
    rows = LostItem.objects.filter(county_id=item.county_id, number=said.get("other", ""))
    other = rows.first()
    if other is None or other.side == item.side:
        raise Http404
    lost, found = (item, other) if item.side == LostItem.Side.LOST else (other, item)
    matching.match(lost, found, **acting)
    return "已对上，请核实是不是失主本人。"


def _claim(item: LostItem, said: dict[str, str], acting: Any) -> str:
    handing_over.claim(item, said.get("name", ""), said.get("phone", ""), **acting)
    return "已登记认领，请核实是不是失主本人。"


def _book(item: LostItem, said: dict[str, str], acting: Any) -> str:
    _in_book, owner = queries.owner_in_the_book(item, acting["scope"])
    if owner is None:
        raise Http404
    handing_over.claim(item, owner.name, owner.phone, resident=owner, **acting)
    return "已对到名册上的失主，请通知他来领。"


def _prove(item: LostItem, said: dict[str, str], acting: Any) -> str:
    proving.prove(
        _match_of(item),
        said.get("how", ""),
        looked=said.get("looked") == "on",
        tail=said.get("tail", ""),
        note=said.get("note", ""),
        **acting,
    )
    return "已核实是失主，可以领取。"


def _part(item: LostItem, said: dict[str, str], acting: Any) -> str:
    matching.part(_match_of(item), **acting)
    return "已拆开，两件都继续等。"


def _hand_over(item: LostItem, said: dict[str, str], acting: Any) -> str:
    signed, receiver = said.get("signed", ""), said.get("receiver", "")
    handing_over.hand_over(_match_of(item), signed, receiver, note=said.get("note", ""), **acting)
    return "已归还，签收人已登记。"


def _close(item: LostItem, said: dict[str, str], acting: Any) -> str:
    ending.close(item, said.get("outcome", ""), **acting)
    return "已办结。"


def _match_of(item: LostItem) -> LostMatch:
    match = opening.live_match(item)
    if match is None:
        raise opening.NotThisStep
    return match


STEPS = {
    "hold": _hold,
    "number": _number,
    "match": _match,
    "claim": _claim,
    "book": _book,
    "prove": _prove,
    "part": _part,
    "hand-over": _hand_over,
    "close": _close,
}
