"""People by all filters of a list, tags among them; and tags as people type them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.finding import filtering
from weijing.residents.finding.filters import Filters
from weijing.residents.models import Resident
from weijing.tags import queries
from weijing.tags.assigning import needs_consent
from weijing.tags.models import Tag, TagAssignment

MAX_MEANT = 6


@dataclass(frozen=True)
class Wanted:
    """The tags that filters name. `doubtful`: words that may mean several tags, or none.

    A doubtful word is no condition: a list may say so, but no change may rest on it.
    """

    every: tuple[Tag, ...] = ()
    some: tuple[Tag, ...] = ()
    none: tuple[Tag, ...] = ()
    doubtful: tuple[tuple[str, str, list[Tag]], ...] = ()  # parameter, word, what it may mean
    by_word: Mapping[str, Tag] = field(default_factory=dict)  # as typed; without the doubtful


def wanted(filters: Filters, county_id: int) -> Wanted:
    """A word is a name or a code; the beginning of one name alone is enough."""
    doubtful: list[tuple[str, str, list[Tag]]] = []
    by_word: dict[str, Tag] = {}

    def read(parameter: str, words: Sequence[str]) -> tuple[Tag, ...]:
        found = []
        for word in words:
            meant = meanings(word, county_id)
            if len(meant) == 1:
                by_word[word] = meant[0]
                found.append(meant[0])
            else:
                doubtful.append((parameter, word, meant))
        return tuple(dict.fromkeys(found))

    every, some, none = (
        read("tag", filters.tags), read("any", filters.any_tags), read("not", filters.not_tags)
    )  # fmt: skip
    return Wanted(every, some, none, tuple(doubtful), by_word)


def meanings(word: str, county_id: int) -> list[Tag]:
    """One tag when the word is its name or code; else those it may mean."""
    if exact := queries.named(word, county_id=county_id):
        return [exact]
    return list(queries.search(word, county_id=county_id)[:MAX_MEANT])


def without_tag_names(filters: Filters, county_id: int) -> Filters:
    """A tag's whole name among the words searched for is a filter, not a person's name."""
    words = filters.text.split()
    names = set(queries.live(county_id).filter(name__in=words).values_list("name", flat=True))
    if not names:
        return filters
    rest = " ".join(word for word in words if word not in names)
    return replace(filters, text=rest, tags=(*filters.tags, *(w for w in words if w in names)))


def matching(filters: Filters, tags: Wanted, *, scope: Scope, on: date) -> QuerySet[Resident]:
    """Who fits every filter, of those the scope sees, sorted."""
    conditions = [_carrying([tag], on) for tag in tags.every]
    if tags.some:
        conditions.append(_carrying(tags.some, on))
    if tags.none:
        conditions.append(~_carrying(tags.none, on))
    return filtering.people(filters, scope=scope, on=on, also=conditions)


def _carrying(tags: Sequence[Tag], on: date) -> Q:
    """A sensitive tag counts while its consent does, however long the row lasts."""
    condition = Q(pk__in=[])
    by_scope: dict[str, list[Tag]] = {}
    for tag in tags:
        by_scope.setdefault(tag.group.code if needs_consent(tag) else "", []).append(tag)
    for scope, some in by_scope.items():
        held = TagAssignment.objects.filter(
            county_id=some[0].county_id, tag__in=some, expires_on__gte=on
        )
        agreed = Q(consents__contains=[scope]) if scope else Q()
        condition |= Q(pk__in=held.values("resident_id")) & agreed
    return condition
