"""What stands in braces is filled in per officer: WeCom's mass messages know no other variable.

Nothing differs from resident to resident: every one of a share gets the same text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer, Posting
from weijing.campaigns import codes
from weijing.campaigns.models import Share
from weijing.territory.models import BeatDivision, County, Division

NAME, STATION, PHONE, VILLAGE = "民警姓名", "派出所", "派出所电话", "村"
# What each means, in the words of the composer.
VARIABLES = {
    NAME: "发送人的姓名",
    STATION: "发送人的派出所",
    PHONE: "派出所值班电话，没登记的写 110",
    VILLAGE: "发送人负责的村，没有的写县名",
}
MOST_VILLAGES = 3
_BRACES = re.compile(r"[{｛]([^{}｛｝\n]{0,20})[}｝]")

Values = dict[str, str]


def variables_in(body: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in _BRACES.findall(body)))


def unknown_in(body: str) -> list[str]:
    """Variables that nobody can fill in, as they stand in the text."""
    found = (m for m in _BRACES.finditer(body) if m[1].strip() not in VARIABLES)
    return list(dict.fromkeys(m[0] for m in found))


def filled(body: str, values: Values) -> str:
    """The text for one officer; what is no variable of ours stays as it is."""
    return _BRACES.sub(lambda m: values.get(m[1].strip(), m[0]), body)


def text_for(share: Share, *, at: datetime) -> str:
    """What residents of this share read, reference included."""
    body, county = share.campaign.body, share.campaign.county
    if variables_in(body):
        body = filled(body, values_of([share.officer], county, at=at)[share.officer_id])
    return codes.with_reference(body, short_name=county.short_name, code=share.code)


def values_of(officers: Iterable[Officer], county: County, *, at: datetime) -> dict[int, Values]:
    """By officer id, every variable filled with something that can be read."""
    officers = list(officers)
    villages = _villages([officer.pk for officer in officers], county.pk, at=at)
    found = {}
    for officer in officers:
        station = officer.station
        found[officer.pk] = {
            NAME: officer.name,
            STATION: station.name if station else county.bureau_name,
            PHONE: (station.phone if station else "") or "110",
            VILLAGE: said(villages.get(officer.pk, [])) or county.name,
        }
    return found


def longest(body: str, county: County, *, at: datetime) -> tuple[str, Officer | None]:
    """The body as the officer reads it for whom it takes the most bytes, and that officer."""
    if not variables_in(body):
        return body, None
    officers = list(serving(county.pk))
    values = values_of(officers, county, at=at)
    texts = ((filled(body, values[officer.pk]), officer) for officer in officers)
    return max(texts, key=lambda pair: len(pair[0].encode()), default=(body, None))


def serving(county_id: int) -> QuerySet[Officer]:
    """Officers who may have to send it."""
    rows = Officer.objects.select_related("station")
    return rows.filter(county_id=county_id, serves_residents=True, is_active=True).order_by("pk")


def _villages(officer_ids: list[int], county_id: int, *, at: datetime) -> dict[int, list[str]]:
    """Names of the villages whose beat an officer answers for now, in the order of the map."""
    beats = Posting.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        county_id=county_id,
        officer_id__in=officer_ids,
        kind=Posting.Kind.PRIMARY,
        starts_at__lte=at,
    )
    officer_of: dict[int, list[int]] = defaultdict(list)
    for beat_id, officer_id in beats.values_list("beat_id", "officer_id"):
        officer_of[beat_id].append(officer_id)
    rows = BeatDivision.objects.filter(county_id=county_id, beat_id__in=list(officer_of))
    found: dict[int, list[str]] = defaultdict(list)
    for row in rows.select_related("division__parent").order_by("division__lo"):
        place = row.division
        if place.level == Division.Level.GROUP and place.parent:
            place = place.parent
        for officer_id in officer_of[row.beat_id]:
            if place.name not in found[officer_id]:
                found[officer_id].append(place.name)
    return found


def said(names: list[str]) -> str:
    if len(names) <= MOST_VILLAGES:
        return "、".join(names)
    return f"{'、'.join(names[:MOST_VILLAGES])}等 {len(names)} 个村"
