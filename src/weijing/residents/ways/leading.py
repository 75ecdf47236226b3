"""Whom a code leads to, and which codes there are."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer, Posting
from weijing.residents.models import ContactWay
from weijing.territory.models import BeatDivision, Division

MOST_MEMBERS = 100  # behind one code; developer.work.weixin.qq.com/document/path/92228


def live(county_id: int) -> QuerySet[ContactWay]:
    """Codes that have not been ended, made or not."""
    return ContactWay.objects.filter(county_id=county_id, ended_at=None)


def of_officer(officer: Officer) -> ContactWay | None:
    """The officer's own code, as on their card."""
    return live(officer.county_id).filter(officer=officer, household=None).first()


def of_beats(county_id: int, beat_ids: Collection[int]) -> dict[int, ContactWay]:
    """The beats' codes, as on posters, by beat id."""
    rows = live(county_id).filter(beat_id__in=beat_ids, officer=None, household=None)
    return {way.beat_id: way for way in rows if way.beat_id is not None}


def can_be_added(officer: Officer) -> bool:
    """Whether residents can have this member as a contact at all."""
    return bool(officer.is_active and officer.serves_residents and officer.wecom_userid)


def members_of_beats(
    county_id: int, beat_ids: Collection[int], *, at: datetime
) -> dict[int, list[Officer]]:
    """Who serves there and can be added, the primary officer first; by beat id, none: missing."""
    postings = (
        Posting.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lte=at)
        .filter(county_id=county_id, beat_id__in=beat_ids)
        .select_related("officer")
        .order_by("-kind", "starts_at", "pk")  # primary before deputy
    )
    found: dict[int, list[Officer]] = {}
    for posting in postings:
        members = found.setdefault(posting.beat_id or 0, [])
        if can_be_added(posting.officer) and posting.officer not in members:
            members.append(posting.officer)
    return {beat_id: members for beat_id, members in found.items() if members}


def leads_to(way: ContactWay, *, at: datetime) -> list[str]:
    """The userids a scan may reach now; none when nobody is left."""
    if way.officer is not None:
        return [way.officer.wecom_userid] if can_be_added(way.officer) else []
    served = members_of_beats(way.county_id, [way.beat_id or 0], at=at)
    return userids_of(served.get(way.beat_id or 0, []))


def userids_of(members: Sequence[Officer]) -> list[str]:
    """As many as can stand behind one code."""
    return [officer.wecom_userid for officer in members[:MOST_MEMBERS]]


def beat_around(division: Division) -> int | None:
    """The id of the narrowest beat that the place lies in."""
    around = BeatDivision.objects.filter(
        county_id=division.county_id, division__lo__lte=division.lo, division__hi__gte=division.hi
    )
    return around.order_by("-division__lo").values_list("beat_id", flat=True).first()


def beat_of(officer: Officer, *, at: datetime) -> int | None:
    """The id of the officer's beat, when it is one and no other."""
    return only_beats(officer.county_id, [officer.pk], at=at).get(officer.pk)


def only_beats(county_id: int, officer_ids: Collection[int], *, at: datetime) -> dict[int, int]:
    """The ids of the officers' beats, by officer id; who has none, or several, is missing."""
    postings = Posting.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        county_id=county_id,
        officer_id__in=officer_ids,
        beat__isnull=False,
        starts_at__lte=at,
    )
    found: dict[int, set[int]] = {}
    for officer_id, beat_id in postings.values_list("officer_id", "beat_id"):
        found.setdefault(officer_id, set()).add(beat_id)
    return {officer_id: beats.pop() for officer_id, beats in found.items() if len(beats) == 1}
