"""Finding tags, and what people carry."""

from collections.abc import Collection
from datetime import date

from django.db.models import Count, Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.models import Resident
from weijing.tags.models import Tag, TagAssignment, TagChange, TagGroup


def live(county_id: int) -> QuerySet[Tag]:
    """The catalogue as it is in use: without tags that were merged away or retired."""
    tags = Tag.objects.filter(county_id=county_id, retired_at=None)
    return tags.select_related("group__category")


def search(text: str, *, county_id: int) -> QuerySet[Tag]:
    """Live tags by code or name, also a former one, or by the beginning of pinyin or initials."""
    return live(county_id).filter(_matching(text, county_id)).order_by("code")


def search_ended(text: str, *, county_id: int) -> QuerySet[Tag]:
    """The same among those that have ended."""
    ended = Tag.objects.filter(county_id=county_id, retired_at__isnull=False)
    tags = ended.select_related("group__category", "merged_into")
    return tags.filter(_matching(text, county_id)).order_by("code")


def _matching(text: str, county_id: int) -> Q:
    text = text.strip()
    if not text:
        return Q()
    typed = text.lower().replace(" ", "")
    once = TagChange.objects.filter(county_id=county_id, former_name__icontains=text)
    return (
        Q(name__icontains=text)
        | Q(code__startswith=typed.upper())
        | Q(pinyin__startswith=typed)
        | Q(initials__startswith=typed)
        | Q(pk__in=once.values("tag_id"))
    )


def successor(tag: Tag) -> Tag:
    """What stands in its place today: where it was merged into, however often; else the tag."""
    seen = {tag.pk}
    while tag.merged_into_id is not None and tag.merged_into_id not in seen:
        seen.add(tag.merged_into_id)
        tags = Tag.objects.filter(county_id=tag.county_id).select_related("group__category")
        tag = tags.get(pk=tag.merged_into_id)
    return tag


def named(word: str, *, county_id: int) -> Tag | None:
    """The live tag of this very name or code; one it had before counts as well."""
    found = ever_named(word, county_id=county_id)
    if found is None:
        return None
    found = successor(found)
    return None if found.retired_at else found


def ever_named(word: str, *, county_id: int) -> Tag | None:
    """The tag of this very name, code or former name, also one that has ended."""
    tags = Tag.objects.filter(county_id=county_id).select_related("group__category")
    found = tags.filter(name=word).first() or tags.filter(code=word.upper()).first()
    if found is None:
        once = TagChange.objects.filter(county_id=county_id, former_name=word)
        found = tags.filter(pk__in=once.order_by("-at").values("tag_id")[:1]).first()
    return found


def settable_by_officers(county_id: int) -> QuerySet[Tag]:
    """Tags an officer may put on a person without a consent of their own."""
    return live(county_id).filter(
        sensitive=False,
        group__set_by_resident_only=False,
        group__needs_separate_consent=False,
    )


def offered_to_officers(county_id: int) -> QuerySet[Tag]:
    """Tags an officer may choose for a person, also those that need a consent of their own."""
    subjects = [TagGroup.Subject.RESIDENT, TagGroup.Subject.HOUSEHOLD, TagGroup.Subject.CONTACT]
    return live(county_id).filter(group__set_by_resident_only=False, group__subject__in=subjects)


def usual_among(scope: Scope, *, on: date, limit: int) -> list[Tag]:
    """The tags that most people of the scope carry, without those that need a consent."""
    usual = (
        TagAssignment.objects.filter(
            scope.divisions("resident__division"),
            expires_on__gte=on,
            tag__in=settable_by_officers(scope.county_id),
        )
        .values("tag")
        .annotate(n=Count("id"))
        .order_by("-n", "tag")
    )
    ids = [row["tag"] for row in usual[:limit]]
    tags = settable_by_officers(scope.county_id).in_bulk(ids)
    return [tags[id] for id in ids]


def carried_by(resident: Resident, *, on: date) -> QuerySet[TagAssignment]:
    """The resident's tags that have not expired."""
    return (
        TagAssignment.objects.filter(
            county_id=resident.county_id, resident=resident, expires_on__gte=on
        )
        .select_related("tag__group")
        .order_by("tag__code")
    )


def carried_by_many(people: Collection[Resident], *, on: date) -> dict[int, list[Tag]]:
    """The same for many people of one county, by the person's id; who has none is missing."""
    found: dict[int, list[Tag]] = {}
    county_ids = {person.county_id for person in people}
    held = TagAssignment.objects.filter(
        county_id__in=county_ids, resident__in=people, expires_on__gte=on
    )
    for each in held.select_related("tag").order_by("tag__code"):
        found.setdefault(each.resident_id, []).append(each.tag)
    return found


def use_counts(county_id: int, *, on: date) -> dict[str, int]:
    """How many people carry each tag, keyed by its code. Tags nobody carries are missing."""
    rows = TagAssignment.objects.filter(county_id=county_id, expires_on__gte=on)
    return dict(rows.values("tag__code").annotate(n=Count("id")).values_list("tag__code", "n"))
