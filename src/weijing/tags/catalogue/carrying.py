"""The people of a tag that ends: moved to another, or relieved of it; stragglers too."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from weijing.core import clock, jobs
from weijing.residents import audience_changes
from weijing.tags import projecting, queries
from weijing.tags.models import Tag, TagAssignment

# Beyond, the worker compares all pairs in one statement: sooner done than noted one by one.
MANY = 20_000


def count(tag: Tag) -> int:
    """How many rows `move` or `end` would find."""
    return TagAssignment.objects.filter(county_id=tag.county_id, tag=tag).count()


def count_both(tag: Tag, other: Tag) -> int:
    """How many people carry the two."""
    held = TagAssignment.objects.filter(county_id=tag.county_id)
    theirs = held.filter(tag=other, resident=OuterRef("resident"))
    return held.filter(Exists(theirs), tag=tag).count()


def move(tag: Tag, into: Tag, *, at: datetime) -> int:
    """Returns how many carried `tag`. Nobody may be putting it on: both tags are locked."""
    people = _move(tag, into)
    _follow(tag, into, people, at=at)
    return len(people)


def end(tag: Tag, *, at: datetime) -> int:
    """Returns how many carried it."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [tag.county_id, tag.pk])
        people = [row[0] for row in cursor.fetchall()]
    _follow(tag, None, people, at=at)
    return len(people)


@transaction.atomic
def settle(county_id: int, *, at: datetime) -> int:
    """Rows of ended tags that came back: a merge of records undone carries what was on them then.

    Returns how many rows there were.
    """
    rows = TagAssignment.objects.filter(county_id=county_id, tag=OuterRef("pk"))
    ended = Tag.objects.filter(Exists(rows), county_id=county_id, retired_at__isnull=False)
    settled = 0
    for tag in ended.select_for_update(of=("self",)).order_by("pk"):
        into = queries.successor(tag)
        settled += end(tag, at=at) if into.retired_at else move(tag, into, at=at)
    return settled


def _move(tag: Tag, into: Tag) -> list[int]:
    values: dict[str, Any] = {
        "county": tag.county_id, "tag": tag.pk, "into": into.pk, "days": into.retention_days,
        "zone": clock.COUNTY_TIME.key,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, values)
        return [row[0] for row in cursor.fetchall()]


_MOVE = """
WITH gone AS (
    DELETE FROM tags_tagassignment WHERE county_id = %(county)s AND tag_id = %(tag)s RETURNING *
), moved AS (
    INSERT INTO tags_tagassignment AS held (county_id, id, resident_id, tag_id, source, basis,
        set_by_id, confirmed_at, expires_on)
    SELECT county_id, id, resident_id, %(into)s, source, basis, set_by_id, confirmed_at,
        least(expires_on, (confirmed_at AT TIME ZONE %(zone)s)::date + %(days)s::int)
    FROM gone
    ORDER BY resident_id
    ON CONFLICT (county_id, tag_id, resident_id) DO UPDATE SET
        source = excluded.source, basis = excluded.basis, set_by_id = excluded.set_by_id,
        confirmed_at = excluded.confirmed_at, expires_on = excluded.expires_on
        WHERE held.confirmed_at < excluded.confirmed_at
)
SELECT resident_id FROM gone
"""

_END = """
DELETE FROM tags_tagassignment WHERE county_id = %s AND tag_id = %s RETURNING resident_id
"""


def _follow(tag: Tag, into: Tag | None, people: list[int], *, at: datetime) -> None:
    """The audiences, and what officers see in WeCom."""
    if not people:
        return
    changed = {tag.pk: people} if into is None else {tag.pk: people, into.pk: people}
    audience_changes.tags(tag.county_id, changed)
    if len(people) > MANY:
        jobs.enqueue("tags.compare_pairs", once=f"tags.compare_pairs {tag.county_id}",
                     county_id=tag.county_id)  # fmt: skip
    else:
        projecting.want(tag.county_id, people, at=at)
