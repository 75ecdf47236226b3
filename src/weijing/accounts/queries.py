"""Named reads of officers and where they serve."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer, Posting
from weijing.territory.models import BeatDivision, Division


def responsible_for(divisions: Collection[Division], *, at: datetime) -> dict[int, Officer]:
    """The primary officer of each division, by division id; those without one are missing.

    The narrowest beat that covers a division counts. Two queries, whatever the number.
    """
    if not divisions:
        return {}
    county_id = next(iter(divisions)).county_id
    officers = _primary_officers(county_id, at)
    covers = (
        BeatDivision.objects.filter(county_id=county_id, beat_id__in=officers)
        .order_by("division__lo")
        .values_list("division__lo", "division__hi", "beat_id")
    )
    found: dict[int, Officer] = {}
    beats = list(covers)
    for division in divisions:
        around = [row for row in beats if row[0] <= division.lo and division.hi <= row[1]]
        if around:
            beat_id = min(around, key=lambda row: row[1] - row[0])[2]
            found[division.pk] = officers[beat_id]
    return found


def _primary_officers(county_id: int, at: datetime) -> dict[int, Officer]:
    postings = primary_postings(county_id, at=at)
    return {posting.beat_id: posting.officer for posting in postings if posting.beat_id}


def primary_postings(county_id: int, *, at: datetime) -> QuerySet[Posting]:
    """Who answers for which beat."""
    return Posting.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        county_id=county_id,
        kind=Posting.Kind.PRIMARY,
        starts_at__lte=at,
    ).select_related("officer")
