"""Finding tags, and what people carry."""

from collections.abc import Collection
from datetime import date

from django.db.models import Count, Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.models import Resident
from weijing.tags.models import Tag, TagAssignment, TagGroup


def search(text: str, *, county_id: int) -> QuerySet[Tag]:
    """Tags whose name contains the text, or whose pinyin or initials begin with it."""
    tags = Tag.objects.filter(county_id=county_id).select_related("group__category")
    text = text.strip()
    if not text:
        return tags.order_by("code")
    typed = text.lower().replace(" ", "")
    matching = Q(name__icontains=text) | Q(pinyin__startswith=typed)
    return tags.filter(matching | Q(initials__startswith=typed)).order_by("code")


def settable_by_officers(county_id: int) -> QuerySet[Tag]:
    """Tags an officer may put on a person without a consent of their own."""
    return Tag.objects.filter(
        county_id=county_id,
        sensitive=False,
        group__set_by_resident_only=False,
        group__needs_separate_consent=False,
    ).select_related("group__category")


def offered_to_officers(county_id: int) -> QuerySet[Tag]:
    """Tags an officer may choose for a person, also those that need a consent of their own."""
    subjects = [TagGroup.Subject.RESIDENT, TagGroup.Subject.HOUSEHOLD, TagGroup.Subject.CONTACT]
    return Tag.objects.filter(
        county_id=county_id, group__set_by_resident_only=False, group__subject__in=subjects
    ).select_related("group__category")


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
