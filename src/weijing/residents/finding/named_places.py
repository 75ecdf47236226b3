"""Places as people type them among other words: 桃李, 桃李4组, 小沙江桃李村四组.

Addresses on the roll often leave out township and village, so a place is found by its name.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Q

from weijing.residents.finding.grams import plain
from weijing.territory.models import Division
from weijing.territory.naming import group_name

GROUP = re.compile(r"第?[0-9〇零一二三四五六七八九十]{1,3}(?:组|村民小组|居民小组|小组|队)")
MIN_CHARS = 2  # 村 would name them all
MAX_PLACES = 20
KEPT_SECONDS = 60  # places change once in years, and every search asks for them


class Place(NamedTuple):
    """A township or village as it is compared: both names plain, with its numbers."""

    name: str
    short_name: str
    lo: int
    hi: int


@dataclass(frozen=True)
class Spot:
    """The places a word begins with or names, and what it says beyond them. `group`: `4组`."""

    places: tuple[Place, ...]
    group: str = ""
    rest: str = ""


def known(county_id: int) -> tuple[Place, ...]:
    """Townships and villages, some six hundred, as they stood within the last minute."""
    return _known(county_id, int(time.monotonic() / KEPT_SECONDS))


@lru_cache(maxsize=8)
def _known(county_id: int, _minute: int) -> tuple[Place, ...]:
    levels = (Division.Level.TOWNSHIP, Division.Level.VILLAGE)
    rows = Division.objects.filter(county_id=county_id, level__in=levels).order_by("lo")
    named = rows.values_list("name", "short_name", "lo", "hi")
    return tuple(Place(plain(name), plain(short), lo, hi) for name, short, lo, hi in named)


def spots(county_id: int, word: str) -> list[Spot]:
    """Every way in which the word speaks of a place; none when it does not."""
    if found := GROUP.match(word):
        return [Spot((), group_name(found[0]), word[found.end() :])]
    if len(word) < MIN_CHARS:
        return []
    places = known(county_id)
    naming = tuple(place for place in places if word in place.name)[:MAX_PLACES]
    return [*([Spot(naming)] if naming else []), *_beginning(word, places)]


def _beginning(word: str, places: Sequence[Place]) -> list[Spot]:
    """`桃李4组罗` is group 4 of every village 桃李, and then 罗."""
    by_rest: dict[str, list[Place]] = {}
    for place in places:
        for name in (place.name, place.short_name):
            if word.startswith(name) and len(word) > len(name):
                by_rest.setdefault(word[len(name) :], []).append(place)
                break
    return [
        spot
        for rest, around in by_rest.items()
        for spot in _going_on(rest, tuple(around[:MAX_PLACES]), places)
    ]


def _going_on(rest: str, around: tuple[Place, ...], places: Sequence[Place]) -> list[Spot]:
    if found := GROUP.match(rest):
        return [Spot(around, group_name(found[0]), rest[found.end() :])]
    inside = [p for p in places if any(a.lo < p.lo <= a.hi for a in around)]
    nearer = [Spot((p,)) for p in inside if rest in (p.name, p.short_name)]
    return [*nearer, *_beginning(rest, inside)] or [Spot(around, rest=rest)]


def division_ids(county_id: int, spot: Spot) -> list[int]:
    """All divisions of the spot."""
    rows = Division.objects.filter(county_id=county_id)
    if spot.places:
        rows = rows.filter(_any(Q(lo__gte=p.lo, lo__lte=p.hi) for p in spot.places))
    if spot.group:
        rows = rows.filter(level=Division.Level.GROUP, name=spot.group)
    return list(rows.values_list("pk", flat=True))


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)
