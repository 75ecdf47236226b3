"""One thing, its other half, what could be it, and the step that is next."""

from typing import Any

from weijing.accounts.scope import Scope
from weijing.requests.lost import opening, proving, queries, weighing
from weijing.requests.lost.notices import whereabouts
from weijing.requests.lost.taking_in import DOCUMENTS
from weijing.requests.models import LostItem, LostMatch
from weijing.residents.masking import masked_name
from weijing.territory.queries import path_name
from weijing.web.lost.rows import badge

Side, State = LostItem.Side, LostItem.State


def record(item: LostItem, scope: Scope) -> dict[str, Any]:
    """Context of both templates. What could be the other half is masked."""
    match = opening.live_match(item)
    may_act = opening.may_act(scope, item)
    is_open = item.state in (State.REPORTED, State.FOUND)
    in_book, owner = queries.shown_owner(item, scope)
    return {
        "item": item,
        "match": match,
        "other": opening.other_half(match, item) if match else None,
        "where": path_name(item.division),
        "badge": badge(item),
        "may_act": may_act,
        "is_found": item.side == Side.FOUND,
        "is_document": item.kind in DOCUMENTS,
        "needs_number": bool(
            match and match.found.kind in DOCUMENTS and match.found.tail_index is None
        ),
        "candidates": _candidates(item) if is_open else [],
        "in_book": in_book,
        "owner": owner,
        "ways": proving.ways(match, scope) if match and item.state == State.MATCHED else [],
        "reasons": "、".join(weighing.REASONS[one] for one in match.reasons) if match else "",
        "receivers": [(one.value, one.label) for one in LostMatch.Receiver if one.value],
        "steps": _steps(item, match),
    }


def _candidates(item: LostItem) -> list[dict[str, Any]]:
    return [
        {
            "item": one.item,
            "holder": masked_name(one.item.holder),
            "where": whereabouts(one.item.division),
            "why": one.words,
        }
        for one in weighing.likely(item)
    ]


def _steps(item: LostItem, match: LostMatch | None) -> list[dict[str, Any]]:
    is_found = item.side == Side.FOUND
    told_by = item.taken_in_by.name if item.taken_in_by else "群众手机页面"
    rows: list[tuple[str, Any, str]] = [
        ("登记捡到" if is_found else "登记丢失", item.taken_in_at, told_by)
    ]
    if is_found:
        rows.append(("交到派出所", item.held_at, item.held_by.name if item.held_by else ""))
    rows += [
        ("对上", match and match.matched_at, match.matched_by.name if match else ""),
        ("核实失主", match and match.verified_at, _proof(match)),
        ("领取", match and match.returned_at, _receiver(match)),
        ("办结", item.closed_at, item.get_outcome_display() if item.outcome else ""),
    ]
    if item.closed_at:  # what did not happen will not happen
        rows = [row for row in rows if row[1]]
    shown, is_now = [], True
    for what, at, note in rows:
        state = "done" if at else "now" if is_now else "future"
        is_now = is_now and bool(at)
        shown.append({"what": what, "state": state, "at": at, "note": note if at else ""})
    return shown


def _proof(match: LostMatch | None) -> str:
    if match is None or match.verified_by is None:
        return ""
    return f"{match.verified_by.name}：{match.get_proof_display()}"


def _receiver(match: LostMatch | None) -> str:
    if match is None or match.returned_by is None:
        return ""
    return (
        f"{match.signed or '已签名'}（{match.get_receiver_display()}），{match.returned_by.name}交"
    )
