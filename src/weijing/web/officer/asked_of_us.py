"""The officer's day: who is looked for, and the things that wait for a hand."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.requests.lost import queries as lost
from weijing.requests.missing import queries as missing
from weijing.requests.models import MissingPerson
from weijing.web.missing.rows import row

MOST_SHOWN = 5
RENEW_WITHIN = timedelta(hours=6)


def searches(scope: Scope, officer: Officer, *, at: datetime) -> list[dict[str, Any]]:
    """Open ones; of the officer's own, the clues that wait and a notice that runs out."""
    new = Count("sightings", filter=Q(sightings__verdict=""))
    shown = missing.open_for(scope).annotate(new_sightings=new)[:MOST_SHOWN]
    rows = []
    for one in shown:
        is_own = one.in_charge_id == officer.pk
        clues = one.new_sightings if is_own else 0
        shown_until = one.expires_at if is_own and _runs_out(one, at) else None
        facts = {"clues": clues, "clues_word": f"{clues} 条新线索", "renew_by": shown_until}
        rows.append({**row(one), **facts})
    return rows


def to_end(officer: Officer) -> list[dict[str, Any]]:
    """Who was found, and is the officer's to bring home; each with its deadline."""
    return [row(one) for one in missing.to_end(officer)[:MOST_SHOWN]]


def _runs_out(one: MissingPerson, at: datetime) -> bool:
    """Its notice needs a tap soon, or ended while the search goes on."""
    is_searched = one.state == MissingPerson.State.SEARCHING
    return is_searched and one.expires_at is not None and one.expires_at - at < RENEW_WITHIN


def things(scope: Scope) -> int:
    """Found things to be taken in, proved or handed over."""
    return lost.waiting_for(scope).count()
