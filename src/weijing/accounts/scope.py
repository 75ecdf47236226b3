"""Which part of the county an officer may see. Every query of residents starts here."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from weijing.accounts.models import FIELD_ROLES, SEPARATED_ROLES, Officer, Posting, Role
from weijing.territory.models import BeatDivision, Division, StationTownship

COUNTY_ROLES = (Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER, Role.DUTY_LEADER)


@dataclass(frozen=True)
class Scope:
    """What one officer answers for at one moment."""

    county_id: int
    officer_id: int
    roles: frozenset[str]
    whole_county: bool
    ranges: tuple[tuple[int, int], ...]  # pre-order number ranges of divisions
    beat_ids: tuple[int, ...]
    station_ids: tuple[int, ...]

    @property
    def sees_residents(self) -> bool:
        """Who runs the machine or checks the trail sees no resident."""
        return bool(self.roles - {*SEPARATED_ROLES})

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)

    def divisions(self, field: str = "division") -> Q:
        """The condition that `field` lies in the scope. Everything of the county for its desk."""
        county = Q(county_id=self.county_id)
        if not self.sees_residents:
            return Q(pk__in=[])
        if self.whole_county:
            return county
        inside = Q(pk__in=[])
        for lo, hi in self.ranges:
            inside |= Q(**{f"{field}__lo__gte": lo, f"{field}__lo__lte": hi})
        return county & inside

    def covers(self, division: Division | None) -> bool:
        if division is None or division.county_id != self.county_id or not self.sees_residents:
            return False
        return self.whole_county or any(lo <= division.lo <= hi for lo, hi in self.ranges)


def roles_of(officer: Officer) -> frozenset[str]:
    """The roles in force."""
    grants = officer.role_grants.filter(county_id=officer.county_id, ended_at=None)
    return frozenset(grants.values_list("role", flat=True))


def scope_of(officer: Officer, *, at: datetime) -> Scope:
    """Beats for field officers, townships for station desks, everything for the county desk."""
    roles = roles_of(officer)
    postings = list(
        Posting.objects.filter(county_id=officer.county_id, officer=officer, starts_at__lte=at)
        .filter(Q(ends_at=None) | Q(ends_at__gt=at))
        .values("kind", "beat_id", "station_id")
    )
    whole = any(p["kind"] == Posting.Kind.COUNTY for p in postings) and bool(
        roles & {*COUNTY_ROLES, Role.STATION_COMMAND}
    )
    beats = tuple(p["beat_id"] for p in postings if p["beat_id"]) if roles & {*FIELD_ROLES} else ()
    stations = (
        tuple(p["station_id"] for p in postings if p["station_id"])
        if roles & {Role.STATION_COMMAND, *COUNTY_ROLES}
        else ()
    )
    ranges: list[tuple[int, int]] = []
    if beats:
        ranges += BeatDivision.objects.filter(
            county_id=officer.county_id, beat_id__in=beats
        ).values_list("division__lo", "division__hi")
    if stations:
        ranges += StationTownship.objects.filter(
            county_id=officer.county_id, station_id__in=stations
        ).values_list("township__lo", "township__hi")
    return Scope(
        county_id=officer.county_id,
        officer_id=officer.pk,
        roles=roles,
        whole_county=whole,
        ranges=tuple(sorted(ranges)),
        beat_ids=beats,
        station_ids=stations,
    )
