"""What one word can mean: each meaning a condition that an index answers."""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import and_, or_
from uuid import UUID

from django.db.models import Q

from weijing.core.env import keyring
from weijing.residents import phones
from weijing.residents.finding import named_places
from weijing.residents.finding.grams import pairs, plain
from weijing.residents.finding.named_places import Spot
from weijing.residents.finding.names import possible_initials
from weijing.residents.models import Household, Resident

PHONE_TAIL_DIGITS = 4
ID_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)
BETWEEN = re.compile(r"[-—–_/、，,。;；]+")  # as in a remark: 桃李4组-罗样例-户主
ROLES = {label: value for value, label in Resident.HouseholdRole.choices if value}
NOBODY = Q(pk__in=[])


class Reader:
    """Reads the words of one search."""

    def __init__(self, county_id: int) -> None:
        self.county_id = county_id

    def ways(self, word: str) -> list[Q]:
        """What a word can mean, the likeliest first."""
        index = keyring().blind_index
        if phone := phones.normal(word):
            return [Q(phone_index=index(phone, purpose="phone"))]
        if ID_NUMBER.fullmatch(word.upper()):
            return [Q(id_number_index=index(word.upper(), purpose="id_number"))]
        if word.isascii() and word.isalpha():
            return [*sounds_like(word), contains(word)]
        return [contains(word), *self._others(word, index(word, purpose="phone_tail"))]

    def _others(self, word: str, tail: UUID) -> Iterator[Q]:
        if len(word) == PHONE_TAIL_DIGITS and word.isascii() and word.isdigit():
            yield Q(phone_tail_index=tail)
        if word in ROLES:
            yield Q(household_role=ROLES[word])
        if homes := self._households(word):
            yield Q(household_id__in=homes)
        parts = [part for part in BETWEEN.split(word) if part]
        if len(parts) > 1:
            yield all_of(any_of(self.ways(part)) for part in parts)
        for spot in named_places.spots(self.county_id, word):
            yield self.at(spot)

    def at(self, spot: Spot) -> Q:
        inside = Q(division_id__in=named_places.division_ids(self.county_id, spot))
        return inside & contains(spot.rest) if spot.rest else inside

    def _households(self, word: str) -> list[int]:
        """By the roll's own household number, which always has a digit."""
        is_number = word.isascii() and any(one.isdigit() for one in word)
        if len(word) < PHONE_TAIL_DIGITS or not is_number:
            return []
        homes = Household.objects.filter(county_id=self.county_id, number__in={word, word.upper()})
        return list(homes.values_list("pk", flat=True))


def words_of(text: str, *, max_chars: int, max_words: int) -> list[str]:
    """Plain, with ü as pinyin keyboards write it."""
    words = [plain(word) for word in text[:max_chars].split()[:max_words]]
    return [_with_v(word) for word in words if word]


def _with_v(word: str) -> str:
    spelled = word.replace("ü", "v")
    return spelled if spelled.isascii() else word


def any_of(ways: Iterable[Q]) -> Q:
    return reduce(or_, ways, NOBODY)


def all_of(ways: Iterable[Q]) -> Q:
    return reduce(and_, ways, Q())


def sounds_like(letters: str) -> list[Q]:
    """As initials; and as pinyin, whose possible initials lead to it by the same index."""
    pinyin = [
        Q(initials__startswith=initials, pinyin__startswith=letters)
        for initials in sorted(possible_initials(letters))
    ]
    return [Q(initials__startswith=letters), *([any_of(pinyin)] if pinyin else [])]


def contains(word: str) -> Q:
    """A row may have all the pairs, but apart: so the words themselves are compared too."""
    wanted = list(pairs(word)) or [word]
    written = Q(name__icontains=word) | Q(household__address__icontains=word)
    return Q(grams__contains=wanted) & written
