"""Writing down whom WeCom says an officer has as contacts.

WeCom's word is the truth about the pair; this module only ever copies it. One person or a whole
page of a full reading go the same way: one statement per table, whatever the number.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from wecom_api.customers import ExternalContact, Follower
from weijing.core.env import keyring
from weijing.core.ids import new_ids
from weijing.core.sealed import place
from weijing.residents import linking, ordinals, phones, searching
from weijing.residents.models import Contact, Resident, WechatIdentity

MAX_NAME_CHARS = 60
MAX_NICKNAME_CHARS = 120
UNNAMED = "微信用户"  # WeChat allows a name of nothing but blanks


@dataclass(frozen=True)
class Seen:
    """One pair as WeCom answered it."""

    officer_id: int
    external: ExternalContact
    follow: Follower


@dataclass
class Recorded:
    """What a reading changed. Ids of contacts."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    unchanged: int = 0
    linked_residents: list[int] = field(default_factory=list)  # their tags may want projecting

    @property
    def touched(self) -> list[int]:
        return [*self.new, *self.changed]


def record_contact(
    county_id: int, officer_id: int, external: ExternalContact, follow: Follower, *, at: datetime
) -> Recorded:
    """One pair, as a callback's refresh reads it. See `record_contacts`."""
    return record_contacts(county_id, [Seen(officer_id, external, follow)], at=at)


@transaction.atomic
def record_contacts(county_id: int, seen: Sequence[Seen], *, at: datetime) -> Recorded:
    """Make our contacts equal to what was read.

    A WeChat account never seen before belongs to the resident on the roll whose phone the officer
    noted, if that is certain (`linking`), else to a new provisional resident. A pair that the
    resident has ended stays ended until WeCom shows a new beginning: WeCom goes on listing it.
    """
    latest = {(one.officer_id, one.external.external_userid): one for one in seen}
    if not latest:
        return Recorded()
    identities = _identities(county_id, list(latest.values()), at=at)
    known = _known_pairs(county_id, identities.values())
    writing, recorded = _Writing(county_id, at), Recorded()
    still: list[int] = []
    for (officer_id, external_userid), one in latest.items():
        identity_id = identities[external_userid]
        before = known.get((officer_id, identity_id))
        row = _Row.of(one, identity_id, before)
        if before is None:
            recorded.new.append(writing.add(row, writing.next_id()))
        elif row.equals(before):
            still.append(before["id"])
        else:
            recorded.changed.append(writing.add(row, before["id"]))
    recorded.unchanged = len(still)
    writing.write()
    Contact.objects.filter(county_id=county_id, pk__in=still).update(seen_at=at)
    recorded.linked_residents = linking.link(county_id, contact_ids=recorded.touched, at=at)
    return recorded


@transaction.atomic
def record_half(county_id: int, officer_id: int, external: ExternalContact, *, at: datetime) -> int:
    """The resident has added the officer, who has not accepted yet. Returns the contact's id."""
    one = Seen(officer_id, external, Follower(userid="", createtime=int(at.timestamp())))
    identity_id = _identities(county_id, [one], at=at)[external.external_userid]
    contact, _ = Contact.objects.get_or_create(
        county_id=county_id,
        officer_id=officer_id,
        identity_id=identity_id,
        defaults={"state": Contact.State.HALF, "added_at": at, "seen_at": at},
    )
    return contact.pk


def end_contact(
    county_id: int, officer_id: int, external_userid: str, *, by_resident: bool, at: datetime
) -> Contact | None:
    """The resident or the officer has deleted the other. None when we never knew the pair."""
    pair = Contact.objects.filter(
        county_id=county_id, officer_id=officer_id, identity__external_userid=external_userid
    )
    contact = pair.first()
    if contact is not None:
        _end(pair, by_resident=by_resident, at=at)
        contact.refresh_from_db()
    return contact


def end_unseen(
    county_id: int, officer_ids: Collection[int], *, read_from: datetime, at: datetime
) -> int:
    """End the live pairs that a complete reading of these officers, begun at `read_from`, missed.

    WeCom forgets a pair when the officer deletes it, so that is what happened. Returns how many.
    """
    missed = live(county_id).filter(officer_id__in=officer_ids, seen_at__lt=read_from)
    return _end(missed, by_resident=False, at=at)


def live(county_id: int) -> QuerySet[Contact]:
    """The pairs in which a message would arrive."""
    return Contact.objects.filter(county_id=county_id, state=Contact.State.LINKED)


def waiting_to_be_labelled(county_id: int, officer_id: int) -> QuerySet[Contact]:
    """The officer's queue: live contacts nobody has labelled, of people not on the roll."""
    return (
        live(county_id)
        .filter(
            officer_id=officer_id,
            labelled_at=None,
            identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL,
        )
        .select_related("identity__resident")
        .order_by("added_at")
    )


def _end(pairs: QuerySet[Contact], *, by_resident: bool, at: datetime) -> int:
    state = Contact.State.REMOVED_BY_RESIDENT if by_resident else Contact.State.REMOVED_BY_OFFICER
    open_pairs = pairs.filter(ended_at=None)
    return open_pairs.update(state=state, ended_at=at)


def _known_pairs(
    county_id: int, identity_ids: Collection[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    rows = Contact.objects.filter(county_id=county_id, identity_id__in=list(identity_ids)).values(
        "id",
        "officer_id",
        "identity_id",
        "state",
        "remark",
        "description",
        "remark_mobile_indexes",
        "wecom_tag_ids",
        "added_at",
        "add_way",
        "way_state",
    )
    return {(row["officer_id"], row["identity_id"]): dict(row) for row in rows}


@dataclass(frozen=True)
class _Row:
    """One pair as it shall be."""

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
    def of(one: Seen, identity_id: int, before: dict[str, Any] | None) -> "_Row":
        added_at = datetime.fromtimestamp(one.follow.createtime, UTC)
        return _Row(
            officer_id=one.officer_id,
            identity_id=identity_id,
            state=_state(added_at, before),
            remark=one.follow.remark[:60],
            description=one.follow.description[:300],
            mobiles=one.follow.remark_mobiles,
            remark_mobile_indexes=phone_indexes(one.follow.remark_mobiles),
            wecom_tag_ids=sorted(one.follow.tag_id),
            added_at=added_at,
            add_way=one.follow.add_way,
            way_state=one.follow.state[:64],
        )

    def equals(self, before: dict[str, Any]) -> bool:
        return all(
            getattr(self, name) == (sorted(value) if name == "wecom_tag_ids" else value)
            for name, value in before.items()
            if name != "id"
        )


def _state(added_at: datetime, before: dict[str, Any] | None) -> str:
    ended = before is not None and before["state"] == Contact.State.REMOVED_BY_RESIDENT
    if ended and before is not None and before["added_at"] == added_at:
        return Contact.State.REMOVED_BY_RESIDENT
    return Contact.State.LINKED


def phone_indexes(mobiles: Iterable[str]) -> list[UUID]:
    """Blind indexes of the phones an officer noted, comparable with `Resident.phone_index`.

    What cannot be a mobile phone is left out: an extension or a shop's landline names nobody.
    """
    found = (phones.normal(mobile) for mobile in mobiles)
    index = keyring().blind_index
    return [index(phone, purpose="phone") for phone in dict.fromkeys(found) if phone]


class _Writing:
    """Collects rows and writes them with one statement."""

    def __init__(self, county_id: int, at: datetime) -> None:
        self.county_id, self.at = county_id, at
        self.rows: list[tuple[int, _Row]] = []
        self._ids: list[int] = []

    def next_id(self) -> int:
        if not self._ids:
            self._ids = new_ids(256)[::-1]
        return self._ids.pop()

    def add(self, row: _Row, id: int) -> int:
        self.rows.append((id, row))
        return id

    def write(self) -> None:
        if not self.rows:
            return
        columns: list[list[Any]] = [
            [id for id, _ in self.rows],
            [row.officer_id for _, row in self.rows],
            [row.identity_id for _, row in self.rows],
            [row.state for _, row in self.rows],
            [row.remark for _, row in self.rows],
            [row.description for _, row in self.rows],
            [self._sealed(id, row) for id, row in self.rows],
            [array_literal(map(str, row.remark_mobile_indexes)) for _, row in self.rows],
            [array_literal(row.wecom_tag_ids) for _, row in self.rows],
            [row.added_at for _, row in self.rows],
            [row.add_way for _, row in self.rows],
            [row.way_state for _, row in self.rows],
        ]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, {"county": self.county_id, "at": self.at, **_numbered(columns)})

    def _sealed(self, id: int, row: _Row) -> bytes | None:
        if not row.mobiles:
            return None
        where = place(Contact._meta.db_table, "remark_mobiles_sealed", id)
        return keyring().seal(dumps(row.mobiles), place=where)


# Identities are locked while we read and write, so no pair appears between the two: the row that
# conflicts is the row whose id the sealed column is bound to.
_WRITE = """
INSERT INTO residents_contact (county_id, id, officer_id, identity_id, state, remark, description,
    remark_mobiles_sealed, remark_mobile_indexes, wecom_tag_ids, added_at, add_way, way_state,
    seen_at)
SELECT %(county)s, id, officer_id, identity_id, state, remark, description, sealed,
    indexes::uuid[], tags::text[], added_at, add_way, way_state, %(at)s
FROM unnest(%(c0)s::bigint[], %(c1)s::bigint[], %(c2)s::bigint[], %(c3)s::text[], %(c4)s::text[],
    %(c5)s::text[], %(c6)s::bytea[], %(c7)s::text[], %(c8)s::text[], %(c9)s::timestamptz[],
    %(c10)s::int[], %(c11)s::text[])
    AS row (id, officer_id, identity_id, state, remark, description, sealed, indexes, tags,
        added_at, add_way, way_state)
ON CONFLICT (county_id, officer_id, identity_id) DO UPDATE SET
    state = excluded.state, remark = excluded.remark, description = excluded.description,
    remark_mobiles_sealed = excluded.remark_mobiles_sealed,
    remark_mobile_indexes = excluded.remark_mobile_indexes,
    wecom_tag_ids = excluded.wecom_tag_ids, added_at = excluded.added_at,
    add_way = excluded.add_way, way_state = excluded.way_state, seen_at = excluded.seen_at,
    ended_at = CASE WHEN excluded.state = 'linked' THEN NULL ELSE residents_contact.ended_at END
"""


def _numbered(columns: list[list[Any]]) -> dict[str, list[Any]]:
    return {f"c{number}": column for number, column in enumerate(columns)}


def array_literal(values: Iterable[str]) -> str:
    """PostgreSQL's text form of an array: arrays of arrays must be rectangular, these are not."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _identities(county_id: int, seen: Sequence[Seen], *, at: datetime) -> dict[str, int]:
    """The identity of every account, made where there is none; locked until the commit.

    The county's ordinal counter comes before the identities in every transaction that needs both.
    """
    externals = {one.external.external_userid: one.external for one in seen}
    rows = WechatIdentity.objects.filter(county_id=county_id)
    count = rows.filter(external_userid__in=externals).count()
    if count < len(externals):
        ordinals.take(county_id, 0)
    locked = rows.filter(external_userid__in=externals).select_for_update().order_by("pk")
    known = {row.external_userid: row for row in locked}
    _rename(county_id, known.values(), externals)
    found = {external_userid: row.pk for external_userid, row in known.items()}
    strangers = [external for userid, external in externals.items() if userid not in known]
    if strangers:
        found |= _introduce(county_id, strangers, _claims(seen, known))
    return found


def _rename(
    county_id: int, known: Iterable[WechatIdentity], externals: dict[str, ExternalContact]
) -> None:
    renamed = []
    for row in known:
        nickname = externals[row.external_userid].name[:MAX_NICKNAME_CHARS]
        if nickname and nickname != row.nickname:
            row.nickname = nickname
            renamed.append(row)
    WechatIdentity.objects.bulk_update(renamed, ["nickname"], batch_size=1_000)


def _claims(seen: Sequence[Seen], known: dict[str, WechatIdentity]) -> dict[str, list[UUID]]:
    claims: dict[str, list[UUID]] = {}
    for one in seen:
        userid = one.external.external_userid
        if userid not in known and one.follow.remark_mobiles:
            claims.setdefault(userid, []).extend(phone_indexes(one.follow.remark_mobiles))
    return claims


def _introduce(
    county_id: int, strangers: Sequence[ExternalContact], claims: dict[str, list[UUID]]
) -> dict[str, int]:
    """Identities for accounts never seen before, each with its resident."""
    on_roll = linking.certain(county_id, claims)
    unknown = [one for one in strangers if one.external_userid not in on_roll]
    residents = {**on_roll, **_provisional(county_id, unknown)}
    ids = new_ids(len(strangers))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO residents_wechatidentity "
            "(county_id, id, external_userid, nickname, kind, resident_id) "
            "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], "
            "%s::bigint[])",
            [
                county_id,
                ids,
                [one.external_userid for one in strangers],
                [one.name[:MAX_NICKNAME_CHARS] for one in strangers],
                [one.type or 1 for one in strangers],
                [residents[one.external_userid] for one in strangers],
            ],
        )
    return {one.external_userid: id for one, id in zip(strangers, ids, strict=True)}


def _provisional(county_id: int, people: Sequence[ExternalContact]) -> dict[str, int]:
    """A resident for everyone we know nothing of but a nickname."""
    if not people:
        return {}
    first = ordinals.take(county_id, len(people))
    ids = new_ids(len(people))
    shown = [one.name.strip()[:MAX_NAME_CHARS] or UNNAMED for one in people]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO residents_resident (county_id, id, ordinal, name, grams, lifecycle, "
            "pinyin, initials, household_role, sex, consents) "
            "SELECT %s, id, ordinal, name, grams::text[], 'provisional', '', '', '', '', '{}' "
            "FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[]) "
            "AS row (id, ordinal, name, grams)",
            [
                county_id,
                ids,
                list(range(first, first + len(people))),
                shown,
                [array_literal(searching.grams(name)) for name in shown],
            ],
        )
    return {one.external_userid: id for one, id in zip(people, ids, strict=True)}
