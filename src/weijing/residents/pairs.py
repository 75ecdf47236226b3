"""The rows of pairs of officer and account, many at a time.

Rows travel to the database as one JSON text: it is made and read there by C code, where an array
per column is quoted value by value in Python (ten times slower for a page of 2,000 pairs).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import connection

from wecom_api.customers import ExternalContact, Follower
from weijing.core.env import keyring
from weijing.core.sealed import place
from weijing.residents import phones
from weijing.residents.models import Contact

_PLACE = (Contact._meta.db_table, "remark_mobiles_sealed")


@dataclass(frozen=True)
class Seen:
    """One pair as WeCom answered it."""

    officer_id: int
    external: ExternalContact
    follow: Follower

    @cached_property
    def phone_indexes(self) -> list[UUID]:
        """Of the phones the officer noted. Worked out once: it costs as much as all the rest."""
        return phones.indexes(self.follow.remark_mobiles)


@dataclass(frozen=True)
class PairRow:
    """One pair as it shall be kept."""

    id: int
    officer_id: int
    identity_id: int
    state: str
    remark: str
    description: str
    mobiles: tuple[str, ...]
    remark_mobile_indexes: list[UUID]
    wecom_tag_ids: list[str]
    added_at: datetime
    add_way: int
    way_state: str

    @staticmethod
    def of(
        one: Seen, identity_id: int, before: dict[str, Any] | None, *, fresh_id: int
    ) -> "PairRow":
        """`before` is the row that is there, as `known` gives it; it keeps its id."""
        added_at = datetime.fromtimestamp(one.follow.createtime, UTC)
        return PairRow(
            id=fresh_id if before is None else before["id"],
            officer_id=one.officer_id,
            identity_id=identity_id,
            state=_state(added_at, before),
            remark=storable(one.follow.remark)[:60],
            description=storable(one.follow.description)[:300],
            mobiles=one.follow.remark_mobiles,
            remark_mobile_indexes=one.phone_indexes,
            wecom_tag_ids=sorted(map(storable, one.follow.tag_id)),
            added_at=added_at,
            add_way=one.follow.add_way,
            way_state=storable(one.follow.state)[:64],
        )

    def equals(self, before: dict[str, Any]) -> bool:
        return all(getattr(self, name) == value for name, value in before.items())

    def as_json(self) -> dict[str, Any]:
        """The columns as `_WRITE` reads them."""
        return {
            **vars(self),
            "remark_mobile_indexes": [str(index) for index in self.remark_mobile_indexes],
            "added_at": self.added_at.isoformat(),
            "mobiles": None,
            "sealed": self._sealed(),
        }

    def _sealed(self) -> str | None:
        if not self.mobiles:
            return None
        sealed = keyring().seal(json.dumps(self.mobiles), place=place(*_PLACE, self.id))
        return sealed.hex()


def storable(text: str) -> str:
    """PostgreSQL keeps every character but this one."""
    return text.replace("\x00", "")


def known(county_id: int, identity_ids: Sequence[int]) -> dict[tuple[int, int], dict[str, Any]]:
    """The pairs of these accounts, keyed by officer and identity; columns as in `PairRow`."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [county_id, as_list(identity_ids)])
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["wecom_tag_ids"].sort()
    return {(row["officer_id"], row["identity_id"]): row for row in rows}


def write(county_id: int, rows: Sequence[PairRow], *, at: datetime) -> None:
    """Insert or update. The caller holds the identities' locks: no pair appears meanwhile, so the
    row that conflicts is the one whose id the sealed column is bound to.
    """
    if not rows:
        return
    given = json.dumps([row.as_json() for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"county": county_id, "at": at, "rows": given})


def mark_seen(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    if not contact_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARK_SEEN, [at, county_id, as_list(contact_ids)])


def as_list(ids: Sequence[int]) -> str:
    """Numbers as the text of a PostgreSQL array: one literal, however many."""
    return "{" + ",".join(map(str, ids)) + "}"


def _state(added_at: datetime, before: dict[str, Any] | None) -> str:
    """A pair that the resident ended goes on being listed; a new beginning has a new time."""
    if before is None or before["state"] != Contact.State.REMOVED_BY_RESIDENT:
        return Contact.State.LINKED.value
    has_begun_anew = before["added_at"] != added_at
    state = Contact.State.LINKED if has_begun_anew else Contact.State.REMOVED_BY_RESIDENT
    return state.value


_KNOWN = """
SELECT id, officer_id, identity_id, state, remark, description, remark_mobile_indexes,
    wecom_tag_ids, added_at, add_way, way_state
FROM residents_contact WHERE county_id = %s AND identity_id = ANY(%s::bigint[])
"""

_MARK_SEEN = """
UPDATE residents_contact SET seen_at = %s WHERE county_id = %s AND id = ANY(%s::bigint[])
"""

_WRITE = """
INSERT INTO residents_contact (county_id, id, officer_id, identity_id, state, remark, description,
    remark_mobiles_sealed, remark_mobile_indexes, wecom_tag_ids, added_at, add_way, way_state,
    seen_at)
SELECT %(county)s, id, officer_id, identity_id, state, remark, description,
    decode(sealed, 'hex'), remark_mobile_indexes, wecom_tag_ids, added_at, add_way, way_state,
    %(at)s
FROM json_to_recordset(%(rows)s::json) AS row (id bigint, officer_id bigint, identity_id bigint,
    state text, remark text, description text, sealed text, remark_mobile_indexes uuid[],
    wecom_tag_ids text[], added_at timestamptz, add_way int, way_state text)
ON CONFLICT (county_id, officer_id, identity_id) DO UPDATE SET
    state = excluded.state, remark = excluded.remark, description = excluded.description,
    remark_mobiles_sealed = excluded.remark_mobiles_sealed,
    remark_mobile_indexes = excluded.remark_mobile_indexes,
    wecom_tag_ids = excluded.wecom_tag_ids, added_at = excluded.added_at,
    add_way = excluded.add_way, way_state = excluded.way_state, seen_at = excluded.seen_at,
    ended_at = CASE WHEN excluded.state = 'linked' THEN NULL ELSE residents_contact.ended_at END
"""
