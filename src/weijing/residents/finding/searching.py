"""Finding a person by what one remembers: a part of the name, of the address, of the phone.

Names and addresses are found through `grams`, characters and pairs of characters in one array
with a GIN index: a fragment of two characters costs as little as a whole name, which trigram
indexes cannot do for Chinese. Phones and ID numbers are found by blind index only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.finding import nearly as alike
from weijing.residents.finding.grams import grams
from weijing.residents.finding.words import NOBODY, Reader, all_of, any_of, words_of
from weijing.residents.models import Resident
from weijing.residents.queries import narrowed, visible_parts

__all__ = ["grams", "search"]

MAX_TEXT_CHARS = 60
MAX_WORDS = 5


@dataclass(frozen=True)
class Found:
    """People by name. `nearly`: nobody fits exactly, these sound or look alike, likest first."""

    people: list[Resident] = field(default_factory=list)
    nearly: bool = False


def search(text: str, *, scope: Scope, limit: int = 50) -> list[Resident]:
    """Residents that fit every word of `text`, at most `limit`, by name. No words find nobody.

    A word is a part of a name or address, a place (`桃李4组`), the first letters of pinyin
    initials or pinyin (`lxm`, `lixiao`), a whole phone, its last four digits, an ID number, or a
    household number. Joined by dashes they are several, as in a remark.
    """
    words = _words(text)
    if not words or limit < 1:
        return []
    reader = Reader(scope.county_id)
    return _by_name(_first(words, reader.ways, scope, limit))


def look(text: str, *, scope: Scope, limit: int = 50) -> Found:
    """As `search`; when nobody fits, those who nearly do."""
    words = _words(text)
    if not words or limit < 1:
        return Found()
    reader = Reader(scope.county_id)
    if people := _first(words, reader.ways, scope, limit):
        return Found(_by_name(people))
    return Found(_first(words, lambda word: _generously(word, reader), scope, limit), nearly=True)


def fitting(text: str, *, scope: Scope) -> QuerySet[Resident]:
    """All who fit every word of `text`, as `search` reads it; for lists with further filters."""
    condition = meaning(text, county_id=scope.county_id)
    return narrowed(scope, lambda people: people.filter(condition))


def nearly_fitting(text: str, *, scope: Scope) -> QuerySet[Resident]:
    """All who fit, or nearly."""
    condition = meaning(text, county_id=scope.county_id, nearly=True)
    return narrowed(scope, lambda people: people.filter(condition))


def meaning(text: str, *, county_id: int, nearly: bool = False) -> Q:
    """The condition that a person fits every word; no words mean nobody."""
    words, reader = _words(text), Reader(county_id)
    if not words:
        return NOBODY
    if nearly:
        return all_of(any_of(_generously(word, reader)) for word in words)
    return all_of(any_of(reader.ways(word)) for word in words)


def _words(text: str) -> list[str]:
    return words_of(text, max_chars=MAX_TEXT_CHARS, max_words=MAX_WORDS)


def _generously(word: str, reader: Reader) -> list[Q]:
    return [*reader.ways(word), *alike.ways(word, reader)]


def _first(
    words: Sequence[str], ways: Callable[[str], list[Q]], scope: Scope, limit: int
) -> list[Resident]:
    """One question for each way the first word can be meant: an index stops at the limit.

    Which of several thousand 刘 come first does not matter, so nothing is sorted before.
    """
    first = ways(words[0])
    others = all_of(any_of(ways(word)) for word in words[1:])
    found: dict[int, Resident] = {}
    residents, *strangers = visible_parts(scope)
    for part, way in [
        *((residents, way) for way in first),
        *((s, any_of(first)) for s in strangers),
    ]:
        if len(found) < limit:
            people = part.filter(way, others).select_related("household", "division")
            found |= {person.pk: person for person in people[:limit]}
    return list(found.values())[:limit]


def _by_name(people: list[Resident]) -> list[Resident]:
    return sorted(people, key=lambda person: (person.name, person.pk))
