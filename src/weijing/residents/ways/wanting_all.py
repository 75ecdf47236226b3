"""Codes for everybody: of a county, as it starts, or of one station."""

from collections.abc import Iterable
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.residents.ways import leading, wanting
from weijing.territory.models import Beat, Station


def in_county(county_id: int, *, by: Officer | None, at: datetime) -> int:
    """A code for every beat and every officer who can be added. Returns how many were new."""
    beats = Beat.objects.filter(county_id=county_id)
    officers = Officer.objects.filter(county_id=county_id, is_active=True, serves_residents=True)
    return _for_each(county_id, beats, officers, by=by, at=at)


def in_station(station: Station, *, by: Officer, at: datetime) -> int:
    """The same for the beats and officers of one station."""
    beats = Beat.objects.filter(county_id=station.county_id, station=station)
    officers = Officer.objects.filter(county_id=station.county_id, station=station, is_active=True)
    return _for_each(station.county_id, beats, officers, by=by, at=at)


def _for_each(
    county_id: int,
    beats: Iterable[Beat],
    officers: Iterable[Officer],
    *,
    by: Officer | None,
    at: datetime,
) -> int:
    before = leading.live(county_id).count()
    served = leading.members_of_beats(county_id, [beat.pk for beat in beats], at=at)
    for beat in beats:
        if beat.pk in served:
            wanting.for_beat(beat, by=by, at=at)
    for officer in officers:
        if leading.can_be_added(officer):
            wanting.for_officer(officer, by=by, at=at)
    return leading.live(county_id).count() - before
