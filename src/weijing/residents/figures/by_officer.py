"""Coverage by who answers for it (W01, W02, W09): the primary officers of the beats."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.db import connection

from weijing.accounts.models import Officer, Posting
from weijing.accounts.queries import primary_postings
from weijing.residents.figures.coverage import Coverage, of_numbers, total
from weijing.residents.figures.places import Subtree
from weijing.territory.models import BeatDivision


class OfficerCoverage(NamedTuple):
    """An officer (None: beats that nobody answers for), the beats' names, and their figures."""

    officer: Officer | None
    beats: list[str]
    figures: Coverage

    @property
    def residents_per_officer(self) -> int | None:
        return self.figures.residents if self.officer else None


class OfficerContacts(NamedTuple):
    """`complete` of the live contacts have every field that a remark needs (W02)."""

    live: int
    added: int  # since the day asked about
    complete: int

    @property
    def complete_percent(self) -> float | None:
        return int(self.complete * 1000 / self.live) / 10 if self.live else None


def of_officers(tree: Subtree, county_id: int, *, at: datetime) -> list[OfficerCoverage]:
    """Every beat counts for one officer; a place for the narrowest beat around it."""
    own = _own_figures(tree, county_id)
    primary = {posting.beat_id: posting for posting in primary_postings(county_id, at=at)}
    beats: dict[int, list[tuple[str, Coverage]]] = {}
    officers: dict[int, Officer] = {}
    for beat_id, (name, figures) in own.items():
        posting: Posting | None = primary.get(beat_id)
        key = posting.officer_id if posting else 0
        if posting:
            officers[key] = posting.officer
        beats.setdefault(key, []).append((name, figures))
    return [
        OfficerCoverage(
            officers.get(key),
            [name for name, _ in rows],
            total((figures for _, figures in rows), name=officers[key].name if key else ""),
        )
        for key, rows in beats.items()
    ]


def contacts_of(
    county_id: int, officer_ids: Collection[int], *, added_since: datetime
) -> dict[int, OfficerContacts]:
    """By officer. Reads each of their contacts: for one page of officers, not for a county."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CONTACTS, {"county": county_id, "officers": list(officer_ids), "since": added_since}
        )
        return {row[0]: OfficerContacts(*row[1:]) for row in cursor.fetchall()}


def _own_figures(tree: Subtree, county_id: int) -> dict[int, tuple[str, Coverage]]:
    """By beat: its name and its figures without those of narrower beats inside."""
    there = set(tree.ids.tolist())
    rows = BeatDivision.objects.filter(county_id=county_id).order_by("division__lo")
    named = [
        row[1:]
        for row in rows.values_list(
            "division_id", "division__lo", "division__hi", "beat_id", "beat__name"
        )
        if row[0] in there
    ]
    named.sort(key=lambda row: (row[0], -row[1]))
    own = tree.totals(np.array([row[0] for row in named]), np.array([row[1] for row in named]))
    whole, around = own.copy(), list[int]()
    for n, (lo, *_) in enumerate(named):
        while around and named[around[-1]][1] < lo:
            around.pop()
        if around:
            own[around[-1]] -= whole[n]
        around.append(n)
    found: dict[int, tuple[str, Coverage]] = {}
    for (_lo, _hi, beat_id, name), numbers in zip(named, own.tolist(), strict=True):
        part = of_numbers(numbers, name=name)
        found[beat_id] = (name, total([found[beat_id][1], part]) if beat_id in found else part)
    return found


_CONTACTS = """
SELECT contact.officer_id, count(*)::int,
    (count(*) FILTER (WHERE contact.added_at >= %(since)s))::int,
    (count(*) FILTER (WHERE contact.remark <> '' AND person.lifecycle = 'roll'
        AND person.division_id IS NOT NULL AND person.household_role <> ''
        AND person.phone_index IS NOT NULL))::int
FROM residents_contact contact
JOIN residents_wechatidentity identity ON identity.county_id = contact.county_id
    AND identity.id = contact.identity_id
JOIN residents_resident person ON person.county_id = identity.county_id
    AND person.id = identity.resident_id
WHERE contact.county_id = %(county)s AND contact.officer_id = ANY(%(officers)s::bigint[])
    AND contact.state = 'linked'
GROUP BY contact.officer_id
"""
