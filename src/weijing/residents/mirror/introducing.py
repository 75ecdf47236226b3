"""WeChat accounts: known again, or introduced with the resident they belong to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from weijing.residents import audience_changes, ordinals
from weijing.residents.mirror import fresh_rows, linking
from weijing.residents.mirror.copy_text import array
from weijing.residents.mirror.fresh_rows import UNNAMED as UNNAMED  # screens know it from here
from weijing.residents.mirror.pairs import Seen


@dataclass(frozen=True)
class Introduced:
    """Ids of identities made just now, keyed by external_userid, and who was found on the roll."""

    ids: Mapping[str, int]
    found_on_roll: tuple[int, ...] = ()


def recognise(county_id: int, seen: Sequence[Seen]) -> dict[str, int]:
    """The identities of these accounts, keyed by external_userid; those we never met are missing.

    They are locked until the commit and take the nicknames seen. Whoever writes contacts holds the
    county's counter (`ordinals`) first, then identities, in the order of their ids.
    """
    nicknames = {one.account: one.nickname for one in seen}
    if not nicknames:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RECOGNISE, [array(list(nicknames)), county_id])
        known = cursor.fetchall()
        renamed = [
            {"id": id, "nickname": name}
            for external_userid, id, before in known
            if (name := nicknames[external_userid]) not in (before, "")
        ]
        if renamed:
            cursor.execute(_RENAME, [json.dumps(renamed), county_id])
    return {external_userid: id for external_userid, id, _ in known}


def introduce(county_id: int, strangers: Sequence[Seen]) -> Introduced:
    """An identity for each account, of its resident on the roll or of a new provisional one.

    The caller holds the county's counter and has looked since: nobody else introduces meanwhile.
    """
    if not strangers:
        return Introduced({})
    on_roll = linking.certain(county_id, _claims(strangers))
    rows = fresh_rows.prepared(county_id, strangers)
    fresh = {one.account: row for one, row in zip(strangers, rows, strict=True)}
    unknown = [row for account, row in fresh.items() if account not in on_roll]
    first = ordinals.take(county_id, len(unknown))
    fresh_rows.insert_residents(unknown, first_ordinal=first)
    fresh_rows.insert_identities(
        (row, on_roll.get(account, row.resident_id)) for account, row in fresh.items()
    )
    audience_changes.people(county_id, [row.resident_id for row in unknown])
    ids = {account: row.identity_id for account, row in fresh.items()}
    return Introduced(ids, tuple(on_roll.values()))


def _claims(strangers: Sequence[Seen]) -> dict[str, list[UUID]]:
    """The phones noted for accounts never seen before."""
    claims: dict[str, list[UUID]] = {}
    for one in strangers:
        if indexes := one.columns.remark_mobile_indexes:
            claims.setdefault(one.account, []).extend(indexes)
    return claims


_RECOGNISE = """
SELECT identity.external_userid, identity.id, identity.nickname
FROM unnest(%s::text[]) AS wanted (external_userid)
JOIN residents_wechatidentity identity
    ON identity.county_id = %s AND identity.external_userid = wanted.external_userid
ORDER BY identity.id FOR UPDATE OF identity
"""

_RENAME = """
UPDATE residents_wechatidentity identity SET nickname = row.nickname
FROM json_to_recordset(%s::json) AS row (id bigint, nickname text)
WHERE identity.county_id = %s AND identity.id = row.id
"""
