"""Pairs of officer and account: as WeCom shows them, as we have them, and what of it differs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from wecom_api.customers import ExternalContact, Follower
from weijing.core.env import keyring
from weijing.core.sealed import place
from weijing.residents import phones
from weijing.residents.mirror import copy_text
from weijing.residents.mirror.copy_text import storable
from weijing.residents.models import Contact

MAX_NICKNAME_CHARS = 120
_PLACE = (Contact._meta.db_table, "remark_mobiles_sealed")


class Columns(NamedTuple):
    """What WeCom says of a pair, as our columns of the same names keep it."""

    remark: str
    description: str
    remark_mobile_indexes: list[UUID]
    wecom_tag_ids: list[str]
    added_at: float  # Unix seconds: a date from PostgreSQL takes Python longer than all the rest
    add_way: int
    way_state: str


@dataclass(slots=True)
class Fresh:
    """Ids for a pair and an account that nobody has seen before, and their lines of COPY.

    Each line lacks its last fields and its end, which are known only when it is written.
    """

    contact_id: int
    identity_id: int
    resident_id: int
    contact: str
    identity: str
    resident: str


@dataclass(slots=True)
class Seen:
    """One pair as WeCom answered it.

    `columns` are worked out at once and `fresh` by `fresh_rows`, so that reading threads can do it.
    """

    officer_id: int
    external: ExternalContact
    follow: Follower
    nickname: str = field(init=False)
    columns: Columns = field(init=False)
    fresh: Fresh | None = None

    def __post_init__(self) -> None:
        follow = self.follow
        self.nickname = storable(self.external.name)[:MAX_NICKNAME_CHARS]
        self.columns = Columns(
            storable(follow.remark)[:60],
            storable(follow.description)[:300],
            phones.indexes(follow.remark_mobiles) if follow.remark_mobiles else [],
            sorted(map(storable, follow.tag_id)),
            follow.createtime,
            follow.add_way,
            storable(follow.state)[:64],
        )

    @property
    def account(self) -> str:
        return self.external.external_userid

    def sealed_mobiles(self, contact_id: int) -> str | None:
        """In hexadecimal, for that row alone."""
        if not self.follow.remark_mobiles:
            return None
        text = json.dumps(self.follow.remark_mobiles)
        return keyring().seal(text, place=place(*_PLACE, contact_id)).hex()


class Known(NamedTuple):
    """What we have of an account that WeCom shows; of a pair that is not there, None."""

    identity_id: int
    nickname: str
    contact_id: int | None
    state: str | None
    is_younger: bool | None  # the pair was read again since
    columns: Columns

    def state_after(self, one: Seen) -> str:
        """A pair that the resident ended goes on being listed; a new beginning has a new time."""
        if (
            self.state == Contact.State.REMOVED_BY_RESIDENT
            and self.columns.added_at == one.columns.added_at
        ):
            return Contact.State.REMOVED_BY_RESIDENT.value
        return Contact.State.LINKED.value

    def equals(self, one: Seen) -> bool:
        return (
            self.columns == one.columns
            and self.state == self.state_after(one)
            and one.nickname in (self.nickname, "")
        )


def look_up(county_id: int, seen: Sequence[Seen], *, at: datetime) -> list[Known | None]:
    """What we have of each of these, in their order; None where the account is a stranger."""
    found: list[Known | None] = [None] * len(seen)
    wanted: dict[str, Any] = {
        "county": county_id,
        "at": at,
        "officers": as_list([one.officer_id for one in seen]),
        "accounts": copy_text.array([one.account for one in seen]),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_UP, wanted)
        for number, identity_id, nickname, contact_id, state, is_younger, *rest in cursor:
            columns = Columns(*rest)
            if columns.wecom_tag_ids:
                columns.wecom_tag_ids.sort()
            found[number - 1] = Known(identity_id, nickname, contact_id, state, is_younger, columns)
    return found


def rewrite(county_id: int, changed: Sequence[tuple[Seen, Known]], *, at: datetime) -> list[int]:
    """Make pairs that are there equal to what was seen. Returns the ids of the contacts."""
    if not changed:
        return []
    rows = [_as_json(one, known) for one, known in changed]
    with connection.cursor() as cursor:
        cursor.execute(_REWRITE, {"county": county_id, "at": at, "rows": json.dumps(rows)})
    return [row["id"] for row in rows]


def _as_json(one: Seen, known: Known) -> dict[str, Any]:
    """The columns as `_REWRITE` reads them."""
    assert known.contact_id is not None
    return {
        **one.columns._asdict(),
        "id": known.contact_id,
        "state": known.state_after(one),
        "remark_mobile_indexes": [str(index) for index in one.columns.remark_mobile_indexes],
        "added_at": datetime.fromtimestamp(one.columns.added_at, UTC).isoformat(),
        "sealed": one.sealed_mobiles(known.contact_id),
    }


def mark_seen(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    if not contact_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARK_SEEN, [at, county_id, as_list(contact_ids)])


def as_list(ids: Sequence[int]) -> str:
    """Numbers as the text of a PostgreSQL array: one literal, however many."""
    return "{" + ",".join(map(str, ids)) + "}"


_LOOK_UP = """
SELECT wanted.number, identity.id, identity.nickname, contact.id, contact.state,
    contact.seen_at > %(at)s, contact.remark, contact.description, contact.remark_mobile_indexes,
    contact.wecom_tag_ids, date_part('epoch', contact.added_at), contact.add_way, contact.way_state
FROM unnest(%(officers)s::bigint[], %(accounts)s::text[]) WITH ORDINALITY
    AS wanted (officer_id, external_userid, number)
JOIN residents_wechatidentity identity
    ON identity.county_id = %(county)s AND identity.external_userid = wanted.external_userid
LEFT JOIN residents_contact contact
    ON contact.county_id = %(county)s AND contact.officer_id = wanted.officer_id
    AND contact.identity_id = identity.id
"""

_MARK_SEEN = """
UPDATE residents_contact SET seen_at = %s WHERE county_id = %s AND id = ANY(%s::bigint[])
"""

_REWRITE = """
UPDATE residents_contact contact SET
    state = row.state, remark = row.remark, description = row.description,
    remark_mobiles_sealed = decode(row.sealed, 'hex'),
    remark_mobile_indexes = row.remark_mobile_indexes, wecom_tag_ids = row.wecom_tag_ids,
    added_at = row.added_at, add_way = row.add_way, way_state = row.way_state, seen_at = %(at)s,
    ended_at = CASE WHEN row.state = 'linked' THEN NULL ELSE contact.ended_at END
FROM json_to_recordset(%(rows)s::json) AS row (id bigint, state text, remark text,
    description text, sealed text, remark_mobile_indexes uuid[], wecom_tag_ids text[],
    added_at timestamptz, add_way int, way_state text)
WHERE contact.county_id = %(county)s AND contact.id = row.id
"""
