"""Through whom each person is told. To protect life nobody is left out for consent or quota."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import connection
from pyroaring import BitMap

from weijing.campaigns import codes
from weijing.campaigns.emergency.models import EmergencyMessage
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.releasing import MAX_PEOPLE
from weijing.core.ids import new_ids
from weijing.residents.models import MergeRecord, Resident

# One live contact per person: the officer's who answers for the place if there is one, else the
# latest; both want an officer who can be asked. What was received today or this week does not
# count here, nor does consent to publicity: the ground is danger to life, not agreement.
_THROUGH = """
WITH person AS MATERIALIZED (
    SELECT r.id, r.division_id FROM residents_resident r
    WHERE r.county_id = %(county)s AND r.ordinal = ANY (%(people)s)
      AND r.lifecycle IN ('roll', 'provisional', 'moved')
), posted AS MATERIALIZED (
    SELECT b.lo, b.hi, p.officer_id
    FROM accounts_posting p
    JOIN territory_beatdivision bd ON bd.county_id = p.county_id AND bd.beat_id = p.beat_id
    JOIN territory_division b ON b.county_id = bd.county_id AND b.id = bd.division_id
    WHERE p.county_id = %(county)s AND b.county_id = %(county)s AND p.kind = 'primary'
      AND p.starts_at <= %(at)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
), place AS MATERIALIZED (
    SELECT d.id, d.lo FROM territory_division d
    WHERE d.county_id = %(county)s AND d.id IN (SELECT division_id FROM person)
), answers AS MATERIALIZED (
    SELECT DISTINCT ON (place.id) place.id AS division_id, posted.officer_id
    FROM posted JOIN place ON place.lo BETWEEN posted.lo AND posted.hi
    ORDER BY place.id, posted.hi - posted.lo
)
SELECT DISTINCT ON (person.id) person.id, c.officer_id, i.external_userid
FROM person
JOIN residents_wechatidentity i ON i.county_id = %(county)s AND i.resident_id = person.id
JOIN residents_contact c ON c.county_id = i.county_id AND c.identity_id = i.id
JOIN accounts_officer o ON o.county_id = c.county_id AND o.id = c.officer_id
LEFT JOIN answers a ON a.division_id = person.division_id AND a.officer_id = c.officer_id
WHERE c.county_id = %(county)s AND c.state = 'linked'
  AND o.is_active AND o.serves_residents AND o.wecom_userid <> ''
ORDER BY person.id, (a.officer_id IS NULL), c.added_at DESC, c.id DESC
"""


def plan(campaign: Campaign, people: BitMap, *, at: datetime) -> int:
    """One share per officer, one delivery per person who has a contact. How many people.

    Zero when nobody has: the other ways then have to do.
    """
    by_officer: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for resident_id, officer_id, external_userid in _through(campaign.county_id, people, at):
        by_officer[officer_id].append((resident_id, external_userid))
    parts = [
        (officer_id, number, rows[start : start + MAX_PEOPLE])
        for officer_id, rows in sorted(by_officer.items())
        for number, start in enumerate(range(0, len(rows), MAX_PEOPLE))
    ]
    shares = [
        share_of(campaign, officer_id, part=number, code=code, people=len(rows), at=at)
        for (officer_id, number, rows), code in zip(
            parts, codes.new_codes(campaign.county_id, len(parts)), strict=True
        )
    ]
    Share.objects.bulk_create(shares, batch_size=500)
    _write_deliveries(shares, [rows for _, _, rows in parts])
    return sum(share.people for share in shares)


def share_of(
    campaign: Campaign, officer_id: int, *, part: int, code: str, people: int, at: datetime
) -> Share:
    return Share(
        county_id=campaign.county_id,
        campaign=campaign,
        officer_id=officer_id,
        part=part,
        code=code,
        people=people,
        due_at=at,
        results={Delivery.Result.PENDING.value: people},
    )


def people_of(message: EmergencyMessage) -> BitMap:
    """Whom a message that went out concerned, as it was then: ordinals."""
    return BitMap.deserialize(bytes(message.who)) if message.who else BitMap()


def followed(county_id: int, people: BitMap) -> BitMap:
    """The same people, with those merged since replaced by the record that stands for them."""
    found = BitMap(people)
    duplicates = Resident.objects.filter(
        county_id=county_id,
        ordinal__in=found.to_array().tolist(),
        lifecycle=Resident.Lifecycle.DUPLICATE,
    )
    for resident_id, ordinal in duplicates.values_list("pk", "ordinal"):
        found.discard(ordinal)
        found |= _survivor(county_id, resident_id)
    return found


def _survivor(county_id: int, resident_id: int) -> BitMap:
    """Through merges of merges; nobody when the record that remains was deleted."""
    seen: set[int] = set()
    while resident_id not in seen:
        seen.add(resident_id)
        record = (
            MergeRecord.objects.filter(county_id=county_id, absorbed=resident_id, undone_at=None)
            .select_related("survivor")
            .order_by("-at")
            .first()
        )
        if record is None:
            return BitMap()
        if record.survivor.lifecycle != Resident.Lifecycle.DUPLICATE:
            return BitMap([record.survivor.ordinal])
        resident_id = record.survivor_id
    return BitMap()


def _through(county_id: int, people: BitMap, at: datetime) -> list[tuple[int, int, str]]:
    with connection.cursor() as cursor:
        values: Any = {"county": county_id, "people": people.to_array().tolist(), "at": at}
        cursor.execute(_THROUGH, values)
        rows: list[tuple[int, int, str]] = cursor.fetchall()
    return rows


def _write_deliveries(shares: list[Share], rows: list[list[tuple[int, str]]]) -> None:
    total = sum(map(len, rows))
    if not total:
        return
    ids = iter(new_ids(total))
    copy = (
        "COPY campaigns_delivery (id, county_id, share_id, resident_id, external_userid, result, "
        "sent_at) FROM STDIN"
    )
    with connection.cursor() as cursor:
        raw: Any = cursor.cursor
        with raw.copy(copy) as stream:
            for share, people in zip(shares, rows, strict=True):
                for resident_id, external_userid in people:
                    stream.write_row(
                        (
                            next(ids),
                            share.county_id,
                            share.pk,
                            resident_id,
                            external_userid,
                            "pending",
                            None,
                        )
                    )
