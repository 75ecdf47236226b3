"""What a word may have been meant for: another character of the same sound, one wrong, one missing.

Only asked when nobody fits exactly. Sounds are compared as the county hears them: l and n, f and h
are one to many speakers, and so are zh and z, ang and an.
"""

import re
from collections.abc import Iterator
from itertools import product
from string import ascii_lowercase

from django.db.models import Q

from weijing.residents.finding import named_places
from weijing.residents.finding.grams import pairs
from weijing.residents.finding.named_places import Spot
from weijing.residents.finding.names import possible_initials, sound
from weijing.residents.finding.words import Reader, any_of

MIN_NAME_CHARS, MAX_NAME_CHARS = 2, 6
MIN_ADDRESS_CHARS = 4
SAME = {"l": "ln", "n": "nl", "f": "fh", "h": "hf", "r": "rl"}
MAX_INITIALS = 5  # 2⁵ ways to hear them
SOUND = re.compile(r"zh?|ch?|sh?|[aei]ng?|v|u|[lnfhr]|.")
HEARD = {
    "z": "zh?", "c": "ch?", "s": "sh?", "an": "ang{0,2}", "en": "eng{0,2}", "in": "ing{0,2}",
    "l": "[ln]", "n": "[ln]", "f": "[fh]", "h": "[fh]", "r": "[rl]", "u": "[uv]", "v": "[uv]",
}  # fmt: skip


def ways(word: str, reader: Reader) -> list[Q]:
    """Beside what `Reader.ways` reads in the word."""
    if word.isascii():
        return list(_letters(word)) if word.isalpha() else []
    if not word.isalpha():
        return list(_one_off_address(word))
    heard = [reader.at(spot) for spot in _places_sounding(word, reader.county_id)]
    if not MIN_NAME_CHARS <= len(word) <= MAX_NAME_CHARS:
        return [*heard, *_one_off_address(word)]
    return [*_same_sound(word), *heard, *_one_off_name(word), *_one_off_address(word)]


def _places_sounding(word: str, county_id: int) -> list[Spot]:
    """桃利村 for 桃李村."""
    heard = re.compile(heard_as(sound(word)[0]))
    found = [
        place
        for place in named_places.known(county_id)
        if heard.fullmatch(sound(place.name)[0]) or heard.fullmatch(sound(place.short_name)[0])
    ]
    return [Spot(tuple(found[: named_places.MAX_PLACES]))] if found else []


def heard_as(pinyin: str) -> str:
    """A regular expression of all that sounds like it: `luo` → `[ln][uv]o`.

    Whether the g of `zenguo` ends one syllable or begins the next, only the person knows.
    """
    pieces = (one.rstrip("gh") if len(one) > 1 else one for one in SOUND.findall(pinyin))
    return "".join(HEARD.get(piece, re.escape(piece)) for piece in pieces)


def _letters(letters: str) -> Iterator[Q]:
    for spelled in {letters, letters.replace("yu", "v")}:
        for initials in sorted(possible_initials(spelled)):
            yield _sounding(initials, heard_as(spelled))


def _same_sound(word: str) -> Iterator[Q]:
    """The whole name or its beginning; two characters may also be the given name."""
    pinyin, initials = sound(word)
    if not initials:
        return
    yield _sounding(initials, heard_as(pinyin))
    if len(word) == MIN_NAME_CHARS:
        behind = any_of(
            Q(initials=f"{surname}{each}")
            for surname in ascii_lowercase
            for each in _alike(initials)
        )
        yield behind & Q(pinyin__regex=f"^[a-z]+{heard_as(pinyin)}$")


def _sounding(initials: str, heard: str) -> Q:
    begins = any_of(Q(initials__startswith=each) for each in _alike(initials))
    return begins & Q(pinyin__regex=f"^{heard}")


def _alike(initials: str) -> Iterator[str]:
    ambiguous = initials[:MAX_INITIALS]
    for each in product(*(SAME.get(one, one) for one in ambiguous)):
        yield "".join(each) + initials[MAX_INITIALS:]


def _one_off_name(word: str) -> Iterator[Q]:
    """One character wrong, missing, too many, or two exchanged."""
    every = Q(grams__contains=list(word))
    for n in range(1, len(word)):
        yield every & Q(name__regex=f"^{word[:n]}.{word[n:]}$")
        exchanged = word[: n - 1] + word[n] + word[n - 1] + word[n + 1 :]
        yield every & Q(name=exchanged)
    for n in range(len(word)) if len(word) > MIN_NAME_CHARS else ():
        before, after = word[:n], word[n + 1 :]
        around = [*_known(before), *_known(after)]
        yield Q(grams__contains=around) & Q(name__regex=f"^{before}.{after}$")
        yield Q(grams__contains=[*before, *after]) & Q(name=before + after)


def _one_off_address(word: str) -> Iterator[Q]:
    """One character of the address wrong."""
    for n in range(len(word)) if len(word) >= MIN_ADDRESS_CHARS else ():
        before, after = word[:n], word[n + 1 :]
        around = Q(grams__contains=[*pairs(before), *pairs(after)])
        wrong = f"{re.escape(before)}.{re.escape(after)}"
        yield around & Q(household__address__regex=wrong)


def _known(part: str) -> list[str]:
    """What `grams` has of a part of a name."""
    return list(pairs(part)) or list(part)
