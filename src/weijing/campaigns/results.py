"""Person by person: what became of a message, by result, officer, station, place or name.

Whole shares are paged by the figures kept on them: nothing is counted, and the last of 18,000
pages costs what the first does. A place or a name is looked through only so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.campaigns.models import Campaign, Delivery, PlannedPeople, Share
from weijing.campaigns.queries import shares_in
from weijing.residents.finding import searching
from weijing.residents.models import Resident
from weijing.residents.queries import Among
from weijing.territory.models import Division

MOST_LOOKED_THROUGH = 1_000
FEW_PEOPLE = 20_000  # so many are looked up one by one faster than deliveries are walked along

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


def shares_seen(campaign: Campaign, scope: Scope) -> list[Share]:
    """Those that the scope sees, each with its officer and whether its people are written down."""
    plans = PlannedPeople.objects.filter(county_id=campaign.county_id, share_id=OuterRef("pk"))
    shares = shares_in(campaign, scope).select_related("officer").order_by("pk")
    return list(shares.annotate(is_planned=Exists(plans)))


def _is_planned(share: Share) -> bool:
    return bool(vars(share)["is_planned"])  # annotated by `shares_seen`


def narrowed(shares: Sequence[Share], wanted: Wanted) -> list[Share]:
    """Those of the officer and the station that are wanted."""
    return [
        share
        for share in shares
        if wanted.officer_id in (None, share.officer_id)
        and wanted.station_id in (None, share.officer.station_id)
    ]


def listed(
    campaign: Campaign, wanted: Wanted, *, scope: Scope, seen: Sequence[Share] | None = None
) -> Listed:
    """Of the shares that the scope sees; `seen`: they have been read already.

    Showing people is a reading: write `trail.viewed` first.
    """
    shares = narrowed(shares_seen(campaign, scope) if seen is None else seen, wanted)
    found: Listed
    if wanted.place is None and not wanted.text:
        rows = [(one.pk, one.people, one.results) for one in shares if not _is_planned(one)]
        found = WholeShares(campaign.county_id, rows, wanted.result)
    else:
        found = _searched(campaign, shares, wanted, scope)
    found.unlisted = sum(share.people for share in shares if _is_planned(share))
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
    """The first of those who fit; the rest is cut off, and a narrower question finds them.

    `are_few`: who could fit at all. Walking along the deliveries until enough are found would
    then read all of the county's; so they are looked up one by one, and sorted afterwards.
    """

    def __init__(self, rows: QuerySet[Delivery], *, are_few: bool) -> None:
        ordered = rows.order_by(F("pk") + 0 if are_few else "pk")
        found = list(ordered.values_list("pk", flat=True)[: MOST_LOOKED_THROUGH + 1])
        self.is_cut = len(found) > MOST_LOOKED_THROUGH
        self._rows, self._ids = rows, found[:MOST_LOOKED_THROUGH]

    def count(self) -> int:
        return len(self._ids)

    def __getitem__(self, part: slice) -> list[Delivery]:
        return list(_with_people(self._rows).filter(pk__in=self._ids[part]).order_by("pk"))


def _searched(
    campaign: Campaign, shares: Sequence[Share], wanted: Wanted, scope: Scope
) -> Searched:
    people = _fitting(campaign.county_id, wanted, scope).order_by().values_list("pk", flat=True)
    ids = list(people[: FEW_PEOPLE + 1])
    are_few = len(ids) <= FEW_PEOPLE
    rows = Delivery.objects.filter(
        Among("resident_id", ids) if are_few else Q(resident__in=people),
        Among("share_id", [share.pk for share in shares]),
        county_id=campaign.county_id,
    )
    if wanted.result:
        rows = rows.filter(result=wanted.result)
    return Searched(rows, are_few=are_few)


def _fitting(county_id: int, wanted: Wanted, scope: Scope) -> QuerySet[Resident]:
    """Of the name and the place that are wanted, whether they got the message or not."""
    people = Resident.objects.filter(county_id=county_id)
    if wanted.text:
        people = searching.fitting(wanted.text, scope=scope)
    if wanted.place is None:
        return people
    places = Division.objects.filter(
        county_id=county_id, lo__gte=wanted.place.lo, lo__lte=wanted.place.hi
    )
    return people.filter(Among("division_id", list(places.values_list("pk", flat=True))))


def _with_people(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.select_related("resident", "share__officer__station")
