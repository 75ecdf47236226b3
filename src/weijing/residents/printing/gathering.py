"""What there is to print for a station: a poster for every village, a card for every officer."""

from collections.abc import Collection
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.residents.printing.saying import Saying, saying
from weijing.residents.ways import leading
from weijing.territory.models import Beat, BeatDivision, County, Division, Station


def villages_of(county_id: int, beat_ids: Collection[int]) -> dict[int, list[Division]]:
    """Where the beats' posters hang, by beat id; of a beat of groups, the village they are in."""
    rows = (
        BeatDivision.objects.filter(county_id=county_id, beat_id__in=beat_ids)
        .select_related("division__parent")
        .order_by("division__lo")
    )
    found: dict[int, list[Division]] = {}
    for row in rows:
        place = row.division
        if place.level == Division.Level.GROUP and place.parent is not None:
            place = place.parent
        places = found.setdefault(row.beat_id, [])
        if place not in places:
            places.append(place)
    return found


def posters(station: Station, *, at: datetime) -> tuple[list[Saying], int]:
    """Of all villages whose beat has a code that can be printed, and how many have none."""
    county = County.objects.get(pk=station.county_id)
    beats = Beat.objects.filter(county_id=station.county_id, station=station).order_by("pk")
    ids = [beat.pk for beat in beats]
    ways, places = leading.of_beats(county.pk, ids), villages_of(county.pk, ids)
    members = leading.members_of_beats(county.pk, ids, at=at)
    found, skipped = [], 0
    for beat in beats:
        way = ways.get(beat.pk)
        if way is None or not way.picture or beat.pk not in members:
            skipped += len(places.get(beat.pk, []))
            continue
        way.beat = beat
        for village in places.get(beat.pk, []):
            found.append(saying(way, county, members[beat.pk], village=village.name))
    return found, skipped


def cards(station: Station, *, at: datetime) -> tuple[list[Saying], int]:
    """Of all officers whose code can be printed, and how many have none."""
    county = County.objects.get(pk=station.county_id)
    officers = Officer.objects.filter(county_id=county.pk, station=station, is_active=True)
    fit = [one for one in officers.order_by("name", "pk") if leading.can_be_added(one)]
    ways = leading.live(county.pk).filter(officer__in=fit, household=None).select_related("beat")
    by_officer = {way.officer_id: way for way in ways if way.picture}
    found = []
    for officer in fit:
        if officer.pk in by_officer:
            officer.station = station
            found.append(saying(by_officer[officer.pk], county, [officer]))
    return found, len(fit) - len(found)
