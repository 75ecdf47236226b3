"""WeCom's tags on each pair of officer and contact follow the tags the person carries here.

A row of `TagProjection` says that a pair may differ. It is written with the change itself, and
goes when WeCom has been made equal (`marking`). Tags of others in the corp's library are left
alone.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from weijing.core import clock
from weijing.core.ids import ID_STEP, new_ids, reserve
from weijing.tags.models import Tag, TagGroup


def is_projected(tag: Tag) -> bool:
    """Whether officers see the tag in WeCom's own clients (docs/adr/0010-tags-in-wecom.md)."""
    return not (
        tag.retired_at is not None
        or tag.sensitive
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
        tag.retired_at IS NULL AND NOT (tag.sensitive OR tag_group.needs_separate_consent
            OR tag_group.audience = 'never')
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
