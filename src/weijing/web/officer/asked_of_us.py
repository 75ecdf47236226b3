"""The officer's day: who is looked for, and the things that wait for a hand."""

from typing import Any

from django.db.models import Count, Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.requests.lost import queries as lost
from weijing.requests.missing import queries as missing
from weijing.web.missing.rows import row

MOST_SHOWN = 5


def searches(scope: Scope, officer: Officer) -> list[dict[str, Any]]:
    """Open ones, with the clues that wait for this officer if it is theirs."""
    new = Count("sightings", filter=Q(sightings__verdict=""))
    shown = missing.open_for(scope).annotate(new_sightings=new)[:MOST_SHOWN]
    rows = []
    for one in shown:
        clues = one.new_sightings if one.in_charge_id == officer.pk else 0
        rows.append({**row(one), "clues": clues, "clues_word": f"{clues} 条新线索"})
    return rows


def things(scope: Scope) -> int:
    """Found things to be taken in, proved or handed over."""
    return lost.waiting_for(scope).count()
