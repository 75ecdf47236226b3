"""Who carries which tag: put on and taken off by the rules of the tag's group."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.core.ids import new_ids
from weijing.residents import audience_changes
from weijing.residents.models import Resident
from weijing.tags import projecting
from weijing.tags.catalogue.policies import SET_BY_THE_SYSTEM
from weijing.tags.models import Tag, TagAssignment, TagGroup

BATCH = 10_000


class OnlyTheResident(DomainError):
    """Such a tag is the person's own statement; an officer cannot make it for them."""


class ConsentMissing(DomainError):
    """A sensitive tag needs a consent of its own, in force now."""


class TagBelongsElsewhere(DomainError):
    """A road or a message carries such a tag, not a person; or the system alone says it."""


class TagHasEnded(DomainError):
    """It was merged into another, or retired; nobody gets it any more."""


@transaction.atomic
def assign(
    resident: Resident,
    tags: Collection[Tag],
    *,
    source: str,
    basis: str = "",
    by: Officer | None,
    at: datetime,
) -> None:
    """Put tags on, or confirm those already there: their time to expire starts anew.

    `by` is None when the resident or a guardian did it themselves (`source` says which).
    All or none. WeCom follows by itself.

    Raises `OnlyTheResident`, `ConsentMissing`, `TagBelongsElsewhere`, `TagHasEnded`.
    """
    tags = _in_county(resident.county_id, tags)
    if not tags:
        return
    check_live(tags, live=hold(resident.county_id, [tag.pk for tag in tags]))
    people = Resident.objects.select_for_update().filter(county_id=resident.county_id)
    consents = people.get(pk=resident.pk).consents
    for tag in tags:
        check_setter(tag, by, source=source)
        if needs_consent(tag) and tag.group.code not in consents:
            raise ConsentMissing(
                f"「{tag.name}」属于敏感标签，须先由本人单独同意「{tag.group.name}」这一项。"
            )
    TagAssignment.objects.bulk_create(
        [
            TagAssignment(
                county_id=resident.county_id,
                resident=resident,
                tag=tag,
                source=source,
                basis=basis,
                set_by=by,
                confirmed_at=at,
                expires_on=expiry(tag, at),
            )
            for tag in tags
        ],
        update_conflicts=True,
        unique_fields=["county", "tag", "resident"],
        update_fields=["source", "basis", "set_by", "confirmed_at", "expires_on"],
    )
    audience_changes.tags(resident.county_id, {tag.pk: [resident.pk] for tag in tags})
    codes = [tag.code for tag in tags]
    trail.record(by, "tag.assigned", resident, at=at, tags=codes, source=str(source))
    projecting.want(resident.county_id, [resident.pk], at=at)


@transaction.atomic
def remove(resident: Resident, tags: Collection[Tag], *, by: Officer | None, at: datetime) -> int:
    """Take tags off. Returns how many were there."""
    carried = TagAssignment.objects.filter(
        county_id=resident.county_id, resident=resident, tag__in=list(tags)
    )
    removed, _ = carried.delete()
    if removed:
        audience_changes.tags(resident.county_id, {tag.pk: [resident.pk] for tag in tags})
        codes = [tag.code for tag in tags]
        trail.record(by, "tag.removed", resident, at=at, tags=codes)
        projecting.want(resident.county_id, [resident.pk], at=at)
    return removed


@dataclass(frozen=True)
class Assigned:
    """Of a bulk assignment."""

    done: int
    without_consent: int


def assign_many(
    county_id: int,
    pairs: Sequence[tuple[int, Tag]],
    *,
    source: str,
    basis: str,
    by: Officer | None,
    at: datetime,
) -> Assigned:
    """Put tags on many people, given as (resident id, tag). Commits in pieces of 10,000.

    People without the consent a tag needs are passed over and counted, never tagged.

    A tag that ends in the meantime is left out from then on.

    Raises `OnlyTheResident`, `TagBelongsElsewhere`, `TagHasEnded`, before anything is written.
    """
    tags = {tag.pk: tag for tag in _in_county(county_id, {tag for _, tag in pairs})}
    check_live(tags.values(), live={tag.pk for tag in tags.values() if tag.retired_at is None})
    for tag in tags.values():
        check_setter(tag, by, source=source)
    wanted = list(dict.fromkeys((resident, tag.pk) for resident, tag in pairs if tag.pk in tags))
    done = 0
    for start in range(0, len(wanted), BATCH):
        piece = {pair: tags[pair[1]] for pair in wanted[start : start + BATCH]}
        done += _assign_piece(county_id, piece, source, basis, by, at)
    return Assigned(done, len(wanted) - done)


@transaction.atomic
def _assign_piece(
    county_id: int,
    pairs: dict[tuple[int, int], Tag],
    source: str,
    basis: str,
    by: Officer | None,
    at: datetime,
) -> int:
    live = hold(county_id, {tag for _, tag in pairs})
    pairs = {pair: tag for pair, tag in pairs.items() if tag.pk in live}
    needed = [tag.group.code if needs_consent(tag) else "" for tag in pairs.values()]
    values: dict[str, Any] = {
        "county": county_id,
        "ids": new_ids(len(pairs)),
        "residents": [resident for resident, _ in pairs],
        "tags": [tag for _, tag in pairs],
        "needed": needed,
        "expiries": [expiry(tag, at) for tag in pairs.values()],
        "source": source,
        "basis": basis,
        "by": by.pk if by else None,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASSIGN_PIECE, values)
        done = cursor.fetchall()
    residents = [resident for resident, _ in done]
    if residents:
        audience_changes.pairs(county_id, done)
        AuditEntry.objects.create(
            county_id=county_id,
            at=at,
            actor=by,
            action="tag.assigned_in_bulk",
            object_type=TagAssignment._meta.label_lower,
            details={"count": len(residents), "source": str(source)},
        )
        projecting.want(county_id, list(set(residents)), at=at)
    return len(residents)


_ASSIGN_PIECE = """
INSERT INTO tags_tagassignment (county_id, id, resident_id, tag_id, source, basis, set_by_id,
    confirmed_at, expires_on)
SELECT %(county)s, pair.id, person.id, pair.tag_id, %(source)s, %(basis)s, %(by)s, %(at)s,
    pair.expires_on
FROM unnest(%(ids)s::bigint[], %(residents)s::bigint[], %(tags)s::bigint[], %(needed)s::text[],
    %(expiries)s::date[]) AS pair (id, resident_id, tag_id, needed, expires_on)
JOIN residents_resident person ON person.county_id = %(county)s AND person.id = pair.resident_id
WHERE pair.needed = '' OR pair.needed = ANY(person.consents)
ORDER BY pair.tag_id, pair.resident_id
ON CONFLICT (county_id, tag_id, resident_id) DO UPDATE SET
    source = excluded.source, basis = excluded.basis, set_by_id = excluded.set_by_id,
    confirmed_at = excluded.confirmed_at, expires_on = excluded.expires_on
RETURNING resident_id, tag_id
"""


@transaction.atomic
def end_expired(county_id: int, *, at: datetime) -> int:
    """Remove tags that nobody confirmed in time, and sensitive ones whose consent is gone.

    Both stopped counting the moment they expired or were taken back; this deletes them.
    """
    today = clock.local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(_END_EXPIRED, {"county": county_id, "today": today})
        gone = cursor.fetchall()
    residents = [resident for resident, _ in gone]
    if residents:
        audience_changes.pairs(county_id, gone)
        AuditEntry.objects.create(
            county_id=county_id,
            at=at,
            actor=None,
            action="tag.expired",
            object_type=TagAssignment._meta.label_lower,
            details={"count": len(residents)},
        )
        projecting.want(county_id, list(set(residents)), at=at)
    return len(residents)


_END_EXPIRED = """
DELETE FROM tags_tagassignment held
USING residents_resident person, tags_tag tag, tags_taggroup tag_group
WHERE held.county_id = %(county)s
    AND person.county_id = held.county_id AND person.id = held.resident_id
    AND tag.county_id = held.county_id AND tag.id = held.tag_id
    AND tag_group.county_id = tag.county_id AND tag_group.id = tag.group_id
    AND (held.expires_on < %(today)s
        OR ((tag.sensitive OR tag_group.needs_separate_consent)
            AND NOT tag_group.code = ANY(person.consents)))
RETURNING held.resident_id, held.tag_id
"""


def needs_consent(tag: Tag) -> bool:
    """Whether the consent scope named by the group's code must be in force."""
    return tag.sensitive or tag.group.needs_separate_consent


def expiry(tag: Tag, at: datetime) -> date:
    """The last day on which the tag counts."""
    return clock.local_day(at) + timedelta(days=tag.retention_days)


def check_setter(tag: Tag, by: Officer | None, *, source: str = "") -> None:
    """Raises `OnlyTheResident`, `TagBelongsElsewhere`."""
    group = tag.group
    if by is not None and group.set_by_resident_only:
        raise OnlyTheResident(f"「{tag.name}」只能由群众本人或监护人填写，不能代填。")
    own_word = (TagAssignment.Source.SELF, TagAssignment.Source.GUARDIAN)
    by_person = by is not None or source in own_word
    if by_person and group.subject == TagGroup.Subject.ROAD:
        raise TagBelongsElsewhere(f"「{tag.name}」是路段的标签，不能贴在人身上。")
    if by is not None and group.subject == TagGroup.Subject.TOPIC:
        raise TagBelongsElsewhere(f"「{tag.name}」是宣传内容的主题，只有本人能选作自己感兴趣的。")
    if by_person and group.code in SET_BY_THE_SYSTEM:
        raise TagBelongsElsewhere(f"「{tag.name}」由系统自动设置，不能填写。")


def hold(county_id: int, tag_ids: Collection[int]) -> set[int]:
    """Which of these tags are live; none of them ends before the commit.

    Called before any row is written: who ends a tag waits for us, or we see that it has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [county_id, sorted(tag_ids)])
        return {row[0] for row in cursor.fetchall()}


_HOLD = """
SELECT id FROM tags_tag
WHERE county_id = %s AND id = ANY(%s::bigint[]) AND retired_at IS NULL
ORDER BY id FOR KEY SHARE
"""


def check_live(tags: Iterable[Tag], *, live: Collection[int]) -> None:
    """`live` is what `hold` says. Raises `TagHasEnded`."""
    for tag in tags:
        if tag.pk not in live:
            raise TagHasEnded(f"「{tag.name}」已经停用，没有保存。请换一个标签，再保存一次。")


def _in_county(county_id: int, tags: Collection[Tag]) -> list[Tag]:
    ids = [tag.pk for tag in tags]
    found = Tag.objects.filter(county_id=county_id, pk__in=ids).select_related("group")
    return list(found.order_by("code"))
