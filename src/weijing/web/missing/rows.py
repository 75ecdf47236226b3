"""Searches as lines of a list: masked, with a state and a deadline."""

from datetime import datetime
from typing import Any

from weijing.accounts.scope import Scope
from weijing.requests.lost.notices import whereabouts
from weijing.requests.missing import opening, publishing, queries, reporting
from weijing.requests.models import MissingPerson
from weijing.residents.masking import masked_name

State, Outcome = MissingPerson.State, MissingPerson.Outcome
LOOKS = {
    State.REPORTED: "waiting",
    State.CONFIRMED: "waiting",
    State.SEARCHING: "running",
    State.FOUND: "done",
    State.RETURNED: "done",
    State.CLOSED: "off",
}
LISTS = {"open": "正在找", "found": "已找到", "closed": "已办结"}
STATES = {
    "open": opening.OPEN,
    "found": (State.FOUND, State.RETURNED),
    "closed": (State.CLOSED,),
}

CAME_DOWN = "未成年人的启事已撤下，派出所综合指挥室看过后重新公开。"


def chosen_list(asked: str) -> str:
    return asked if asked in LISTS else "open"


def listed(scope: Scope, which: str) -> Any:
    rows = queries.seen_by(scope).filter(state__in=STATES[which])
    if which == "found":
        return rows.order_by("found_at", "pk")
    return rows.order_by("reported_at" if which == "open" else "-reported_at", "pk")


def row(missing: MissingPerson) -> dict[str, Any]:
    return {
        "missing": missing,
        "name": masked_name(missing.name) or "已删除",
        "where": whereabouts(missing.division),
        "badge": badge(missing),
        "answer_by": missing.reported_at + reporting.ANSWER_WITHIN
        if missing.state == State.REPORTED
        else None,
        "end_by": missing.found_at + queries.END_WITHIN
        if missing.state == State.FOUND and missing.found_at
        else None,
    }


def came_down(before: MissingPerson, *, at: datetime) -> str:
    """What to add to the answer when a step took the notice down; `before` as it was read."""
    if not publishing.is_shown(before, at=at):
        return ""
    now = MissingPerson.objects.get(county_id=before.county_id, pk=before.pk)
    return "" if publishing.is_shown(now, at=at) else CAME_DOWN


def family_badge(missing: MissingPerson) -> tuple[str, str]:
    """(word, look) for who reported it: how it ended may be what a grown-up keeps to themselves."""
    if missing.state == State.CLOSED:
        return "已办结", "off"
    return ("已找到", "done") if missing.found_at else badge(missing)


def badge(missing: MissingPerson) -> tuple[str, str]:
    """(word, look) of where it stands."""
    if missing.state == State.CLOSED:
        return missing.get_outcome_display(), "off"
    return missing.get_state_display(), LOOKS[State(missing.state)]
