"""Person by person: what became of a message, by result, officer, station, place or name.

Whole shares are paged by the figures kept on them: nothing is counted, and the last of 18,000
pages costs what the first does. A place or a name is looked through only so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.queries import shares_in
from weijing.residents.finding import searching
from weijing.residents.queries import Among
from weijing.territory.models import Division

MOST_LOOKED_THROUGH = 1_000

Counted = tuple[int, int, dict[str, int]]  # a share, its people, and how many with which result


@dataclass(frozen=True, slots=True)
class Wanted:
    """Empty means any."""

    result: str = ""
    officer_id: int | None = None
    station_id: int | None = None
    place: Division | None = None
    text: str = ""


class Listed:
    """Deliveries for a paginator: `count()` and slices. `is_cut`: there are more than it counts."""

    is_cut = False
    unlisted = 0  # people of a message just released who are not written down yet: `listing`

    def count(self) -> int:
        raise NotImplementedError

    def __getitem__(self, part: slice) -> list[Delivery]:
        raise NotImplementedError


def listed(campaign: Campaign, wanted: Wanted, *, scope: Scope) -> Listed:
    """Of the shares that the scope sees. Showing them is a reading: write `trail.viewed` first."""
    shares = shares_in(campaign, scope)
    if wanted.officer_id is not None:
        shares = shares.filter(officer_id=wanted.officer_id)
    if wanted.station_id is not None:
        shares = shares.filter(officer__station_id=wanted.station_id)
    found: Listed
    if wanted.place is None and not wanted.text:
        rows = shares.filter(planned=None).order_by("pk").values_list("pk", "people", "results")
        found = WholeShares(campaign.county_id, list(rows), wanted.result)
    else:
        found = Searched(_people(campaign, shares, wanted, scope))
    found.unlisted = sum(shares.filter(planned__isnull=False).values_list("people", flat=True))
    return found


class WholeShares(Listed):
    """All people of these shares, or all with one result."""

    def __init__(self, county_id: int, shares: Sequence[Counted], result: str) -> None:
        self._county_id, self._result = county_id, result
        counted = [(pk, _people_in(people, counts, result)) for pk, people, counts in shares]
        self._shares = [(pk, people) for pk, people in counted if people]

    def count(self) -> int:
        return sum(people for _, people in self._shares)

    def __getitem__(self, part: slice) -> list[Delivery]:
        first, end, _ = part.indices(self.count())
        ids, skipped, begins = [], 0, 0
        for pk, people in self._shares:
            if begins < end and begins + people > first:
                ids.append(pk)
                skipped = skipped if len(ids) > 1 else first - begins
            begins += people
        rows = _with_people(Delivery.objects.filter(county_id=self._county_id, share_id__in=ids))
        if self._result:
            rows = rows.filter(result=self._result)
        return list(rows.order_by("share_id", "external_userid")[skipped : skipped + end - first])


def _people_in(people: int, counts: dict[str, int], result: str) -> int:
    counts = counts or {Delivery.Result.PENDING.value: people}
    return int(counts.get(result, 0) if result else sum(counts.values()))


class Searched(Listed):
    """The first of those who fit; the rest is cut off, and a narrower question finds them."""

    def __init__(self, rows: QuerySet[Delivery]) -> None:
        found = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST_LOOKED_THROUGH + 1])
        self.is_cut = len(found) > MOST_LOOKED_THROUGH
        self._rows, self._ids = rows, found[:MOST_LOOKED_THROUGH]

    def count(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice) -> list[Delivery]:
        return list(_with_people(self._rows).filter(pk__in=self._ids[part]).order_by("pk"))


def _people(
    campaign: Campaign, shares: QuerySet[Share], wanted: Wanted, scope: Scope
) -> QuerySet[Delivery]:
    conditions = Q(result=wanted.result) if wanted.result else Q()
    if wanted.text:
        people = searching.fitting(wanted.text, scope=scope)
        conditions &= Q(resident__in=people.order_by().values("pk"))
    rows = Delivery.objects.filter(conditions, county_id=campaign.county_id, share__in=shares)
    if wanted.place is None:
        return rows
    places = Division.objects.filter(
        county_id=campaign.county_id, lo__gte=wanted.place.lo, lo__lte=wanted.place.hi
    )
    return rows.filter(Among("resident__division_id", list(places.values_list("pk", flat=True))))


def _with_people(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.select_related("resident", "share__officer__station")
