"""WeChat accounts: known again, or introduced with the resident they belong to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from wecom_api.customers import ExternalContact
from weijing.core.ids import new_ids
from weijing.residents import linking, ordinals, searching
from weijing.residents.pairs import Seen, storable

MAX_NAME_CHARS = 60
MAX_NICKNAME_CHARS = 120
UNNAMED = "微信用户"  # WeChat allows a name of nothing but blanks


@dataclass(frozen=True)
class Identities:
    """Ids, keyed by external_userid; and of those made just now, the residents found for them."""

    ids: dict[str, int]
    introduced: frozenset[str]
    found_on_roll: tuple[int, ...] = ()


def identities(county_id: int, seen: Sequence[Seen]) -> Identities:
    """All accounts seen, made where there are none; locked until the commit.

    Those who write contacts of one county take turns at its ordinal counter: two readings that
    meet the same stranger must not both introduce them. The counter comes before the identities,
    always.
    """
    externals = {one.external.external_userid: one.external for one in seen}
    ordinals.take(county_id, 0)
    known = _known(county_id, externals)
    _rename(county_id, known, externals)
    found = {external_userid: row[0] for external_userid, row in known.items()}
    strangers = [one for external_userid, one in externals.items() if external_userid not in found]
    if not strangers:
        return Identities(found, frozenset())
    on_roll = linking.certain(county_id, _claims(seen, found))
    made = _introduce(county_id, strangers, on_roll)
    return Identities({**found, **made}, frozenset(made), tuple(on_roll.values()))


def _known(county_id: int, externals: Mapping[str, ExternalContact]) -> dict[str, tuple[int, str]]:
    """Id and nickname of the accounts we have, keyed by external_userid."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [json.dumps(list(externals)), county_id])
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _rename(
    county_id: int,
    known: Mapping[str, tuple[int, str]],
    externals: Mapping[str, ExternalContact],
) -> None:
    renamed = [
        {"id": id, "nickname": nickname}
        for external_userid, (id, before) in known.items()
        if (nickname := _nickname(externals[external_userid])) and nickname != before
    ]
    if renamed:
        with connection.cursor() as cursor:
            cursor.execute(_RENAME, [json.dumps(renamed), county_id])


def _claims(seen: Sequence[Seen], known: Mapping[str, int]) -> dict[str, list[UUID]]:
    """The phones noted for accounts never seen before."""
    claims: dict[str, list[UUID]] = {}
    for one in seen:
        external_userid = one.external.external_userid
        if external_userid not in known and one.follow.remark_mobiles:
            claims.setdefault(external_userid, []).extend(one.phone_indexes)
    return claims


def _introduce(
    county_id: int, strangers: Sequence[ExternalContact], on_roll: Mapping[str, int]
) -> dict[str, int]:
    """An identity for each, of its resident on the roll or of a new provisional one."""
    unknown = [one for one in strangers if one.external_userid not in on_roll]
    residents = {**on_roll, **_provisional(county_id, unknown)}
    rows = [
        {
            "id": id,
            "external_userid": one.external_userid,
            "nickname": _nickname(one),
            "kind": one.type or 1,
            "resident_id": residents[one.external_userid],
        }
        for id, one in zip(new_ids(len(strangers)), strangers, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INTRODUCE, [county_id, json.dumps(rows)])
    return {str(row["external_userid"]): int(str(row["id"])) for row in rows}


def _provisional(county_id: int, people: Sequence[ExternalContact]) -> dict[str, int]:
    """A resident for everyone we know nothing of but a nickname."""
    if not people:
        return {}
    first = ordinals.take(county_id, len(people))
    ids = new_ids(len(people))
    rows = []
    for number, (id, one) in enumerate(zip(ids, people, strict=True)):
        name = _nickname(one).strip()[:MAX_NAME_CHARS] or UNNAMED
        rows.append(
            {"id": id, "ordinal": first + number, "name": name, "grams": searching.grams(name)}
        )
    with connection.cursor() as cursor:
        cursor.execute(_PROVISIONAL, [county_id, json.dumps(rows)])
    return {one.external_userid: id for one, id in zip(people, ids, strict=True)}


def _nickname(external: ExternalContact) -> str:
    return storable(external.name)[:MAX_NICKNAME_CHARS]


_KNOWN = """
SELECT identity.external_userid, identity.id, identity.nickname
FROM json_array_elements_text(%s::json) AS wanted (external_userid)
JOIN residents_wechatidentity identity
    ON identity.county_id = %s AND identity.external_userid = wanted.external_userid
ORDER BY identity.id FOR UPDATE OF identity
"""

_RENAME = """
UPDATE residents_wechatidentity identity SET nickname = row.nickname
FROM json_to_recordset(%s::json) AS row (id bigint, nickname text)
WHERE identity.county_id = %s AND identity.id = row.id
"""

_INTRODUCE = """
INSERT INTO residents_wechatidentity (county_id, id, external_userid, nickname, kind, resident_id)
SELECT %s, id, external_userid, nickname, kind, resident_id
FROM json_to_recordset(%s::json)
    AS row (id bigint, external_userid text, nickname text, kind int, resident_id bigint)
"""

_PROVISIONAL = """
INSERT INTO residents_resident (county_id, id, ordinal, name, grams, lifecycle, pinyin, initials,
    household_role, sex, consents)
SELECT %s, id, ordinal, name, grams, 'provisional', '', '', '', '', '{}'
FROM json_to_recordset(%s::json) AS row (id bigint, ordinal int, name text, grams text[])
"""
