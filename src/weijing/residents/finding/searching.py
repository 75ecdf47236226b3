"""Finding a person by what one remembers: a part of the name, of the address, of the phone.

Names and addresses are found through `grams`, characters and pairs of characters in one array
with a GIN index: a fragment of two characters costs as little as a whole name, which trigram
indexes cannot do for Chinese. Phones and ID numbers are found by blind index only.
"""

import re
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.core.env import keyring
from weijing.residents import phones
from weijing.residents.finding.grams import grams, pairs, plain
from weijing.residents.finding.names import possible_initials
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to
from weijing.territory.models import Division

__all__ = ["grams", "search"]

MAX_TEXT_CHARS = 60
MAX_WORDS = 5
PHONE_TAIL_DIGITS = 4
MAX_DIVISIONS = 20
ID_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)


def search(text: str, *, scope: Scope, limit: int = 50) -> list[Resident]:
    """Residents that fit every word of `text`, at most `limit`, by name. No words find nobody.

    A word is a part of a name or address, the name of a division, the first letters of pinyin
    initials or pinyin (`lxm`, `lixiao`), a whole phone, its last four digits, or an ID number.
    """
    words = [plain(word) for word in text[:MAX_TEXT_CHARS].split()[:MAX_WORDS]]
    if not words or limit < 1:
        return []
    people = visible_to(scope).select_related("household", "division")
    for word in words[1:]:
        people = people.filter(_any(_ways(scope.county_id, word)))
    found: dict[int, Resident] = {}
    # One question for each way a word can be meant: each has an index that stops at the limit.
    # Which of several thousand 刘 come first does not matter, so nothing is sorted before.
    for way in _ways(scope.county_id, words[0]):
        if len(found) < limit:
            found |= {person.pk: person for person in people.filter(way)[:limit]}
    first = list(found.values())[:limit]
    return sorted(first, key=lambda person: (person.name, person.pk))


def fitting(text: str, *, scope: Scope) -> QuerySet[Resident]:
    """All who fit every word of `text`, as `search` reads it; for lists with further filters."""
    words = text[:MAX_TEXT_CHARS].split()[:MAX_WORDS]
    people = visible_to(scope)
    if not words:
        return people.none()
    for word in words:
        people = people.filter(_any(_ways(scope.county_id, plain(word))))
    return people


def _ways(county_id: int, word: str) -> list[Q]:
    """What a word can mean, the likeliest first."""
    index = keyring().blind_index
    if phone := phones.normal(word):
        return [Q(phone_index=index(phone, purpose="phone"))]
    if ID_NUMBER.fullmatch(word.upper()):
        return [Q(id_number_index=index(word.upper(), purpose="id_number"))]
    if word.isascii() and word.isalpha():
        return [*_sounds_like(word), _contains(word)]
    ways = [_contains(word)]
    if len(word) == PHONE_TAIL_DIGITS and word.isascii() and word.isdigit():
        ways.append(Q(phone_tail_index=index(word, purpose="phone_tail")))
    if divisions := _divisions_named(county_id, word):
        ways.append(Q(division_id__in=divisions))
    return ways


def _any(ways: list[Q]) -> Q:
    return reduce(or_, ways)


def _sounds_like(letters: str) -> list[Q]:
    """As initials; and as pinyin, whose possible initials lead to it by the same index."""
    pinyin = [
        Q(initials__startswith=initials, pinyin__startswith=letters)
        for initials in sorted(possible_initials(letters))
    ]
    return [Q(initials__startswith=letters), *([_any(pinyin)] if pinyin else [])]


def _contains(word: str) -> Q:
    """A row may have all the pairs, but apart: so the words themselves are compared too."""
    wanted = list(pairs(word)) or [word]
    written = Q(name__icontains=word) | Q(household__address__icontains=word)
    return Q(grams__contains=wanted) & written


def _divisions_named(county_id: int, word: str) -> list[int]:
    """The divisions so named and those in them. Addresses often leave out township and village."""
    if len(word) < 2:  # 村 would name them all
        return []
    below = Division.objects.filter(county_id=county_id).filter(
        ~Q(level=Division.Level.COUNTY), name__contains=word
    )
    inside = Q(pk__in=[])
    for lo, hi in below.values_list("lo", "hi")[:MAX_DIVISIONS]:
        inside |= Q(lo__gte=lo, lo__lte=hi)
    found = Division.objects.filter(county_id=county_id).filter(inside)
    return list(found.values_list("pk", flat=True))
