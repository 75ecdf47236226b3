"""Things lost and found as lines of a list: masked, with a state and what could be theirs."""

from typing import Any

from weijing.accounts.scope import Scope
from weijing.requests.lost import queries, weighing
from weijing.requests.lost.notices import whereabouts
from weijing.requests.models import LostItem
from weijing.residents.masking import masked_name

Side, State = LostItem.Side, LostItem.State
LOOKS = {
    State.REPORTED: "running",
    State.FOUND: "waiting",
    State.MATCHED: "waiting",
    State.VERIFIED: "due_soon",
    State.RETURNED: "done",
    State.CLOSED: "off",
}
LISTS = {"found": "捡到的", "lost": "丢失的", "closed": "已办结"}


def chosen_list(asked: str) -> str:
    return asked if asked in LISTS else "found"


def listed(scope: Scope, which: str) -> Any:
    """The open ones by what waits longest, the closed ones by what ended last."""
    rows = queries.seen_by(scope)
    if which == "closed":
        return rows.filter(state=State.CLOSED).order_by("-closed_at", "pk")
    return rows.filter(queries.OPEN, side=which).order_by("expires_on", "pk")


def rows(items: list[LostItem]) -> list[dict[str, Any]]:
    counts = weighing.counts(items)
    return [row(item, counts.get(item.pk, 0)) for item in items]


def row(item: LostItem, likely: int = 0) -> dict[str, Any]:
    return {
        "item": item,
        "holder": masked_name(item.holder),
        "where": whereabouts(item.division),
        "badge": badge(item),
        "likely": likely,
    }


def badge(item: LostItem) -> tuple[str, str]:
    """(word, look) of where it stands."""
    if item.state == State.CLOSED:
        is_good = item.outcome in (LostItem.Outcome.RETURNED, LostItem.Outcome.RECOVERED)
        return item.get_outcome_display(), "done" if is_good else "off"
    if item.state == State.FOUND and item.held_at is None:
        return "还没交来", "waiting"
    return item.get_state_display(), LOOKS[State(item.state)]
