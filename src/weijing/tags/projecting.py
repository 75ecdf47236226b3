"""WeCom's tags on each pair of officer and contact follow the tags the person carries here.

A row of `TagProjection` says that a pair may differ. It is written with the change itself, and
goes when WeCom has been made equal. Tags of others in the corp's library are left alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from wecom_api import errors
from wecom_api.client import WeCom
from weijing.core import clock
from weijing.core.ids import ID_STEP, new_ids, reserve
from weijing.core.logs import log
from weijing.residents.models import Contact
from weijing.tags.models import Tag, TagAssignment, TagGroup, TagProjection

CHUNK = 200
MAX_ATTEMPTS = 5
TAGS_PER_CALL = 100


def is_projected(tag: Tag) -> bool:
    """Whether officers see the tag in WeCom's own clients (docs/adr/0010-tags-in-wecom.md)."""
    return not (
        tag.sensitive
        or tag.group.needs_separate_consent
        or tag.group.audience == TagGroup.Audience.NEVER
    )


def want(county_id: int, resident_ids: Collection[int], *, at: datetime) -> None:
    """Note that the pairs of these people must be looked at, also those given up before."""
    _want_pairs(county_id, resident_ids, untagged=True, at=at)


def want_newly_linked(county_id: int, resident_ids: Collection[int], *, at: datetime) -> None:
    """The same for people who gained a contact: of a first reading, most have no tag at all."""
    _want_pairs(county_id, resident_ids, untagged=False, at=at)


def _want_pairs(
    county_id: int, resident_ids: Collection[int], *, untagged: bool, at: datetime
) -> None:
    if not resident_ids:
        return
    values: dict[str, Any] = {
        "county": county_id,
        "residents": list(resident_ids),
        "untagged": untagged,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS_OF, values)
        pairs = [row[0] for row in cursor.fetchall()]
        cursor.execute(_WANT, {**values, "ids": new_ids(len(pairs)), "pairs": pairs})


_PAIRS_OF = """
SELECT contact.id
FROM residents_contact contact
JOIN residents_wechatidentity identity
    ON identity.county_id = contact.county_id AND identity.id = contact.identity_id
WHERE contact.county_id = %(county)s AND contact.state = 'linked'
    AND identity.resident_id = ANY(%(residents)s)
    AND (%(untagged)s OR contact.wecom_tag_ids <> '{}' OR EXISTS (
        SELECT 1 FROM tags_tagassignment held
        WHERE held.county_id = contact.county_id AND held.resident_id = identity.resident_id))
ORDER BY contact.id
"""

_WANT = """
INSERT INTO tags_tagprojection (county_id, id, contact_id, wanted_at, attempts, parked_because)
SELECT %(county)s, pair.id, pair.contact_id, %(at)s, 0, ''
FROM unnest(%(ids)s::bigint[], %(pairs)s::bigint[]) AS pair (id, contact_id)
ON CONFLICT (county_id, contact_id) DO UPDATE SET
    -- Always another moment: the one who is calling WeCom now must see that there is more.
    wanted_at = greatest(excluded.wanted_at,
        tags_tagprojection.wanted_at + interval '1 microsecond'),
    attempts = 0, parked_because = ''
"""


@transaction.atomic
def want_all_differing(county_id: int, *, at: datetime) -> int:
    """Compare every live pair with its person and note those that differ. Returns how many.

    The repair for whatever was changed in WeCom's clients or got lost on the way.
    """
    values: dict[str, Any] = {"county": county_id, "at": at, "today": clock.local_day(at)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM residents_contact WHERE county_id = %s", [county_id])
        values |= {"first_id": reserve(cursor.fetchone()[0] + 1), "step": ID_STEP}
        cursor.execute(_WANT_DIFFERING, values)
        return int(cursor.rowcount)


_WANT_DIFFERING = """
WITH ours AS (
    SELECT tag.id, tag.wecom_tag_id,
        NOT (tag.sensitive OR tag_group.needs_separate_consent OR tag_group.audience = 'never')
            AS is_projected
    FROM tags_tag tag
    JOIN tags_taggroup tag_group
        ON tag_group.county_id = tag.county_id AND tag_group.id = tag.group_id
    WHERE tag.county_id = %(county)s AND tag.wecom_tag_id <> ''
), wanted AS (
    SELECT held.resident_id, array_agg(ours.wecom_tag_id ORDER BY ours.wecom_tag_id) AS ids
    FROM tags_tagassignment held JOIN ours ON ours.id = held.tag_id AND ours.is_projected
    WHERE held.county_id = %(county)s AND held.expires_on >= %(today)s
    GROUP BY held.resident_id
), pair AS (
    SELECT contact.id, coalesce(wanted.ids, '{}') AS wanted,
        (SELECT coalesce(array_agg(has.id::varchar ORDER BY has.id), '{}')
         FROM unnest(contact.wecom_tag_ids) AS has (id)
         WHERE has.id IN (SELECT wecom_tag_id FROM ours)) AS has
    FROM residents_contact contact
    JOIN residents_wechatidentity identity
        ON identity.county_id = contact.county_id AND identity.id = contact.identity_id
    LEFT JOIN wanted ON wanted.resident_id = identity.resident_id
    WHERE contact.county_id = %(county)s AND contact.state = 'linked'
)
INSERT INTO tags_tagprojection (county_id, id, contact_id, wanted_at, attempts, parked_because)
SELECT %(county)s, %(first_id)s + row_number() OVER (ORDER BY pair.id) * %(step)s, pair.id,
    %(at)s, 0, ''
FROM pair WHERE pair.wanted <> pair.has
ORDER BY pair.id
ON CONFLICT (county_id, contact_id) DO NOTHING
"""


def project_due(county_id: int, *, wecom: WeCom, at: datetime, limit: int = CHUNK) -> int:
    """Make WeCom equal for pairs that wait, the oldest first. Returns how many are settled.

    Only one worker does this at a time (the queue's lock). Stops when WeCom is away or not
    configured; what waits then goes on waiting.
    """
    due = TagProjection.objects.filter(
        county_id=county_id, parked_because="", wanted_at__lte=at
    ).order_by("wanted_at", "pk")
    library, today, settled = _library(county_id), clock.local_day(at), 0
    for projection in list(due[:limit]):
        try:
            settled += _project(projection, library, wecom=wecom, on=today)
        except errors.Conflict:
            _again(projection)
        except (errors.Unavailable, errors.Misconfigured) as error:
            log.warning("tags.projection_waits", error_type=type(error).__name__)
            break
        except errors.Unanswered:
            _again(projection)  # marking twice is harmless
        except errors.Rejected as refusal:
            _park(projection, f"{type(refusal).__name__} {refusal.errcode or ''}".strip())
    return settled


@dataclass(frozen=True)
class Library:
    """Our tags in WeCom: `projected` by tag id, `ours` all the ids WeCom has for us."""

    projected: dict[int, str]
    ours: frozenset[str]


def _library(county_id: int) -> Library:
    rows = Tag.objects.filter(county_id=county_id, wecom_tag_id__gt="").select_related("group")
    tags = list(rows)
    return Library(
        {tag.pk: tag.wecom_tag_id for tag in tags if is_projected(tag)},
        frozenset(tag.wecom_tag_id for tag in tags),
    )


def _project(projection: TagProjection, library: Library, *, wecom: WeCom, on: date) -> bool:
    contact = (
        Contact.objects.filter(county_id=projection.county_id, pk=projection.contact_id)
        .select_related("officer", "identity")
        .get()
    )
    if contact.state != Contact.State.LINKED:
        return _settle(projection)
    add, take_off = _difference(contact, library, on=on)
    for start in range(0, max(len(add), len(take_off)), TAGS_PER_CALL):
        piece = slice(start, start + TAGS_PER_CALL)
        wecom.tags.mark_tag(
            contact.officer.wecom_userid,
            contact.identity.external_userid,
            add_tag=add[piece],
            remove_tag=take_off[piece],
        )
    _keep(contact, add, take_off)
    return _settle(projection)


def _difference(contact: Contact, library: Library, *, on: date) -> tuple[list[str], list[str]]:
    """WeCom tag ids to add to the pair, and ours to take off it."""
    held = TagAssignment.objects.filter(
        county_id=contact.county_id,
        resident_id=contact.identity.resident_id,
        expires_on__gte=on,
    ).values_list("tag_id", flat=True)
    wanted = {library.projected[tag] for tag in held if tag in library.projected}
    has = library.ours.intersection(contact.wecom_tag_ids)
    return sorted(wanted - has), sorted(has - wanted)


@transaction.atomic
def _keep(contact: Contact, added: list[str], removed: list[str]) -> None:
    rows = Contact.objects.select_for_update().filter(county_id=contact.county_id)
    now = rows.get(pk=contact.pk)
    now.wecom_tag_ids = sorted({*now.wecom_tag_ids, *added} - {*removed})
    now.save(update_fields=["wecom_tag_ids"])


def _settle(projection: TagProjection) -> bool:
    """Forget the row, unless the person changed again while we were calling."""
    same = TagProjection.objects.filter(
        county_id=projection.county_id, pk=projection.pk, wanted_at=projection.wanted_at
    )
    deleted, _ = same.delete()
    return bool(deleted)


def _again(projection: TagProjection) -> None:
    rows = TagProjection.objects.filter(county_id=projection.county_id, pk=projection.pk)
    rows.update(attempts=F("attempts") + 1)
    if projection.attempts + 1 >= MAX_ATTEMPTS:
        _park(projection, "五次都没有写成")


def _park(projection: TagProjection, reason: str) -> None:
    same = TagProjection.objects.filter(
        county_id=projection.county_id, pk=projection.pk, wanted_at=projection.wanted_at
    )
    same.update(parked_because=reason[:80])
