"""First tags from the code that was scanned: a poster at the sawmill says who works there."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.models import Contact, ContactWay
from weijing.residents.ways import welcoming
from weijing.tags import assigning, queries
from weijing.tags.models import Tag, TagAssignment, WayTag

MOST_TAGS = 5  # a code says where somebody was met, not who they are


class NotForEverybody(DomainError):
    """Such a tag needs the person's own word or consent; a code cannot give it."""


class TooManyTags(DomainError):
    """More than a code can truly say."""


def may_be_given(county_id: int, tags: Collection[Tag]) -> bool:
    """Whether none of them needs the person's consent or own statement."""
    ids = {tag.pk for tag in tags}
    fit = queries.settable_by_officers(county_id).filter(pk__in=ids)
    return fit.filter(pk__in=queries.offered_to_officers(county_id)).count() == len(ids)


def tags_of(way: ContactWay) -> list[Tag]:
    """What who comes through this code carries at once."""
    rows = WayTag.objects.filter(county_id=way.county_id, way=way).select_related("tag__group")
    return [row.tag for row in rows.order_by("tag__code")]


@transaction.atomic
def set_tags(
    way: ContactWay, tags: Collection[Tag], *, by: Officer, scope: Scope, at: datetime
) -> None:
    """From now on; who came before keeps what they have.

    Raises `PermissionDenied`, `NotForEverybody`, `TooManyTags`, `TagHasEnded`.
    """
    if way.beat is None or not welcoming.can_write(scope, way.beat):
        raise PermissionDenied
    if len(tags) > MOST_TAGS:
        raise TooManyTags(f"没有保存：一张码最多带 {MOST_TAGS} 个标签，请去掉几个。")
    # Whoever ends one of them waits for us, and takes it off the code again.
    live = assigning.hold(way.county_id, [tag.pk for tag in tags])
    assigning.check_live(tags, live=live)
    if not may_be_given(way.county_id, tags):
        raise NotForEverybody(
            "没有保存：敏感的、要本人单独同意或只能本人填写的标签，不能扫码自动带上。请换一个。"
        )
    WayTag.objects.filter(county_id=way.county_id, way=way).delete()
    WayTag.objects.bulk_create(
        WayTag(county_id=way.county_id, way=way, tag=tag, set_by=by, set_at=at) for tag in tags
    )
    trail.record(by, "way.tagged", way, at=at, tags=sorted(tag.code for tag in tags))


def tag_newcomers(county_id: int, contact_ids: Collection[int], *, at: datetime) -> int:
    """Give the people of these new contacts the tags of their codes. Returns how many tags.

    What somebody carries already stays as it was noted. A tag that has ended is passed over: the
    newcomers themselves must not be lost for it.
    """
    given = WayTag.objects.filter(county_id=county_id, tag__retired_at=None)
    if not contact_ids or not given.exists():
        return 0
    states = dict(given.values_list("way__state", "way_id"))
    came = Contact.objects.filter(county_id=county_id, pk__in=contact_ids, way_state__in=states)
    people = dict(came.values_list("identity__resident_id", "way_state"))
    if not people:
        return 0
    tags: dict[int, list[Tag]] = {}
    for row in given.select_related("tag__group"):
        tags.setdefault(row.way_id, []).append(row.tag)
    carried = set(
        TagAssignment.objects.filter(county_id=county_id, resident_id__in=people).values_list(
            "resident_id", "tag_id"
        )
    )
    live = assigning.hold(county_id, {tag.pk for of_way in tags.values() for tag in of_way})
    pairs = [
        (resident_id, tag)
        for resident_id, state in people.items()
        for tag in tags.get(states[state], ())
        if tag.pk in live and (resident_id, tag.pk) not in carried
    ]
    source = TagAssignment.Source.WAY
    assigned = assigning.assign_many(
        county_id, pairs, source=source, basis="扫码添加", by=None, at=at
    )
    return assigned.done
