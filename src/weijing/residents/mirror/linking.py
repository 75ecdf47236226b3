"""Contacts that find their person on the roll by the phone the officer noted.

Certain means: the phones noted belong to exactly one resident of the county's roll, that resident
has no WeChat account here yet, and nobody else lays claim to them. Everything else waits in the
officer's queue: a wrong link would show one family's matters to another.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from weijing.residents.merges import merging
from weijing.residents.merges.merging import Pair
from weijing.residents.mirror.pairs import as_list

CHUNK = 5_000


def certain(county_id: int, claims: Mapping[str, Collection[UUID]]) -> dict[str, int]:
    """Who of the claimants is which resident, keyed as given. The uncertain are missing."""
    given = [(name, phone) for name, phones in claims.items() for phone in phones]
    if not given:
        return {}
    with connection.cursor() as cursor:
        claim = json.dumps([{"claimant": name, "phone": str(phone)} for name, phone in given])
        cursor.execute(_CERTAIN, {"county": county_id, "claims": claim})
        return dict(cursor.fetchall())


_CERTAIN = """
WITH match AS (
    SELECT claim.claimant, min(person.id) AS resident_id
    FROM json_to_recordset(%(claims)s::json) AS claim (claimant text, phone uuid)
    JOIN residents_resident person
        ON person.county_id = %(county)s AND person.phone_index = claim.phone
        AND person.lifecycle = 'roll'
    GROUP BY claim.claimant
    HAVING count(DISTINCT person.id) = 1
)
SELECT min(claimant), resident_id
FROM match
WHERE NOT EXISTS (
    SELECT 1 FROM residents_wechatidentity taken
    WHERE taken.county_id = %(county)s AND taken.resident_id = match.resident_id)
GROUP BY resident_id
HAVING count(*) = 1
"""


@transaction.atomic(savepoint=False)
def link(county_id: int, *, contact_ids: Sequence[int], at: datetime) -> list[int]:
    """Merge the provisional residents behind these contacts into the roll where that is certain.

    Returns the ids of the residents on the roll who gained a contact.
    """
    if not contact_ids:
        return []
    claims = _claims(county_id, _strangers_behind(county_id, contact_ids))
    found = certain(county_id, claims)
    pairs = [Pair(stranger=int(name), resident=resident) for name, resident in found.items()]
    merging.merge(county_id, pairs, by=None, at=at)
    return [pair.resident for pair in pairs]


def link_waiting(county_id: int, *, at: datetime) -> list[int]:
    """Try everyone who still waits; after a roll was imported, for example.

    Commits in pieces. Returns the ids of the residents who gained a contact.
    """
    linked: list[int] = []
    after = 0
    while contact_ids := _waiting_contacts(county_id, after):
        linked += link(county_id, contact_ids=contact_ids, at=at)
        after = contact_ids[-1]
    return linked


def _waiting_contacts(county_id: int, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contact.id FROM residents_contact contact "
            "JOIN residents_wechatidentity identity ON identity.county_id = contact.county_id "
            "AND identity.id = contact.identity_id "
            "JOIN residents_resident person ON person.county_id = identity.county_id "
            "AND person.id = identity.resident_id "
            "WHERE contact.county_id = %s AND contact.id > %s AND contact.state = 'linked' "
            "AND contact.remark_mobile_indexes <> '{}' AND person.lifecycle = 'provisional' "
            "ORDER BY contact.id LIMIT %s",
            [county_id, after, CHUNK],
        )
        return [row[0] for row in cursor.fetchall()]


def _strangers_behind(county_id: int, contact_ids: Sequence[int]) -> list[int]:
    if not contact_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT person.id FROM residents_contact contact "
            "JOIN residents_wechatidentity identity ON identity.county_id = contact.county_id "
            "AND identity.id = contact.identity_id "
            "JOIN residents_resident person ON person.county_id = identity.county_id "
            "AND person.id = identity.resident_id "
            "WHERE contact.county_id = %s AND contact.id = ANY(%s::bigint[]) "
            "AND contact.remark_mobile_indexes <> '{}' AND person.lifecycle = 'provisional'",
            [county_id, as_list(contact_ids)],
        )
        return [row[0] for row in cursor.fetchall()]


def _claims(county_id: int, strangers: Sequence[int]) -> dict[str, list[UUID]]:
    """All phones noted for each stranger, by any officer who still has them."""
    claims: dict[str, list[UUID]] = {}
    if not strangers:
        return claims
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT identity.resident_id, phone FROM residents_wechatidentity identity "
            "JOIN residents_contact contact ON contact.county_id = identity.county_id "
            "AND contact.identity_id = identity.id "
            "CROSS JOIN unnest(contact.remark_mobile_indexes) AS phone "
            "WHERE identity.county_id = %s AND identity.resident_id = ANY(%s::bigint[]) "
            "AND contact.state = 'linked'",
            [county_id, as_list(strangers)],
        )
        for resident, phone in cursor.fetchall():
            claims.setdefault(str(resident), []).append(phone)
    return claims
