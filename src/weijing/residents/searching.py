"""Finding a person by what one remembers: a part of the name, of the address, of the phone.

Names and addresses are found through `grams`, characters and pairs of characters in one array
with a GIN index: a fragment of two characters costs as little as a whole name, which trigram
indexes cannot do for Chinese. Phones and ID numbers are found by blind index only.
"""

import re

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.core.env import keyring
from weijing.residents import phones
from weijing.residents.grams import grams, pairs, plain
from weijing.residents.models import Resident
from weijing.residents.queries import visible_to
from weijing.territory.models import Division

__all__ = ["grams", "search"]

MAX_TEXT_CHARS = 60
MAX_WORDS = 5
PHONE_TAIL_DIGITS = 4
ID_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)


def search(text: str, *, scope: Scope, limit: int = 50) -> list[Resident]:
    """Residents that fit every word of `text`, at most `limit`, by name. No words find nobody.

    A word is a part of a name or address, the name of a division, the first letters of pinyin
    initials or pinyin (`lxm`, `lixiao`), a whole phone, its last four digits, or an ID number.
    """
    if limit < 1:
        return []
    # Which of several thousand 刘 come first does not matter: unordered, the index can stop.
    people = fitting(text, scope=scope).select_related("household", "division")[:limit]
    return sorted(people, key=lambda person: (person.name, person.pk))


def fitting(text: str, *, scope: Scope) -> QuerySet[Resident]:
    """All who fit every word of `text`, as `search` reads it; for lists with further filters."""
    words = text[:MAX_TEXT_CHARS].split()[:MAX_WORDS]
    found = visible_to(scope)
    if not words:
        return found.none()
    for word in words:
        found = found.filter(_fits(scope.county_id, plain(word)))
    return found


def _fits(county_id: int, word: str) -> Q:
    if phone := phones.normal(word):
        return Q(phone_index=keyring().blind_index(phone, purpose="phone"))
    if ID_NUMBER.fullmatch(word.upper()):
        return Q(id_number_index=keyring().blind_index(word.upper(), purpose="id_number"))
    if word.isascii() and word.isalpha():
        return _sounds_like(word) | _contains(word)
    fits = _contains(word) | _lives_in(county_id, word)
    if len(word) == PHONE_TAIL_DIGITS and word.isascii() and word.isdigit():
        fits |= Q(phone_tail_index=keyring().blind_index(word, purpose="phone_tail"))
    return fits


def _sounds_like(letters: str) -> Q:
    # Initials have an index that finds a prefix; pinyin is compared only behind it.
    return Q(initials__startswith=letters) | Q(
        initials__startswith=letters[0], pinyin__startswith=letters
    )


def _contains(word: str) -> Q:
    """A row may have all the pairs, but apart: so the words themselves are compared too."""
    wanted = list(pairs(word)) or [word]
    written = Q(name__icontains=word) | Q(household__address__icontains=word)
    return Q(grams__contains=wanted) & written


def _lives_in(county_id: int, word: str) -> Q:
    """Within a division so named. A roll's addresses often leave out township and village."""
    if len(word) < 2:  # 村 would name them all
        return Q(pk__in=[])
    named = Division.objects.filter(county_id=county_id, name__contains=word)
    lives = Q(pk__in=[])
    for lo, hi in named.exclude(level=Division.Level.COUNTY).values_list("lo", "hi")[:20]:
        inside = Division.objects.filter(county_id=county_id, lo__gte=lo, lo__lte=hi)
        lives |= Q(division__in=inside)
    return lives
