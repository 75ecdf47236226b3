"""The bitmaps of one county: who lives where, who carries what, over resident ordinals.

Nothing here asks the database. `loading` fills it, `catching_up` keeps it current.
"""

import itertools
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from weijing.audiences.index.packing import Ordinals, bitmap, numbers

EPOCH = date(2000, 1, 1)
UNBORN = np.iinfo(np.int32).min  # no birthday on record
FIRST_DAY, LAST_DAY = UNBORN + 1, np.iinfo(np.int32).max
MAX_KEPT = 64  # age bands, and so on: what is asked for again and again
FEW = 20  # ids that are looked up one by one sooner than by numpy
SPARE = 4_096  # room for newcomers, so that not each of them has the arrays copied


class Person(NamedTuple):
    """A resident's row, as far as audiences go by it."""

    id: int
    ordinal: int
    counts: bool  # on the roll, or known from WeCom
    division_id: int  # 0: nobody knows yet where they live
    household_id: int  # 0: none
    born: int  # days since EPOCH, or UNBORN
    sex: str
    consents: Collection[str]
    contact_states: Collection[str]


@dataclass
class Index:
    """Bitmaps are replaced or changed in place only under the lock of `keeping`."""

    county_id: int
    day: date  # tags count as on this day
    snapshot: str  # pg_snapshot: everything it shows is in here
    ids: npt.NDArray[np.int64]  # by ordinal; 0: nobody
    places: npt.NDArray[np.int64]  # division ids by ordinal
    homes: npt.NDArray[np.int64]  # household ids by ordinal
    births: npt.NDArray[np.int32]
    living: BitMap
    sexes: dict[str, BitMap]
    consents: dict[str, BitMap]
    contact_states: dict[str, BitMap]
    tags: dict[int, BitMap]
    # Derived from the arrays, by `derive`.
    here: dict[int, BitMap] = field(default_factory=dict)  # by division id, without those below
    born_in: dict[int, BitMap] = field(default_factory=dict)  # by year
    los: dict[int, int] = field(default_factory=dict)  # pre-order numbers of divisions
    _ordinals: dict[int, int] = field(default_factory=dict)
    _sorted_ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _sorted_ordinals: Ordinals = field(default_factory=lambda: np.empty(0, np.uint32))
    _by_lo: list[tuple[int, int]] = field(default_factory=list)  # number and id
    _subtrees: dict[tuple[int, int], BitMap] = field(default_factory=dict)
    _bands: dict[tuple[int, int], BitMap] = field(default_factory=dict)
    _in_all: dict[frozenset[tuple[str, str]], BitMap] = field(default_factory=dict)
    _home_ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _home_codes: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    _new_homes: dict[int, int] = field(default_factory=dict)
    # What upper parts keep beside the index, and who changed since they looked.
    beside: dict[str, Any] = field(default_factory=dict)
    _changed: dict[str, BitMap] = field(default_factory=dict)

    def derive(self, los: Mapping[int, int]) -> None:
        """Places, years and the way from id to ordinal, after the arrays have been filled."""
        self.los = dict(los)
        people = np.flatnonzero(self.ids).astype(np.uint32)
        order = np.argsort(self.ids[people], kind="stable")
        self._sorted_ordinals = people[order]
        self._sorted_ids = self.ids[self._sorted_ordinals]
        self._ordinals = {}
        place_ids, place_codes = _coded(self.places)
        self.here = _grouped(people, place_ids, place_codes[people])
        self.here.pop(0, None)
        known = people[self.births[people] != UNBORN]
        self.born_in = _grouped(known, *_years_coded(self.births[known]))
        self._by_lo, self._subtrees, self._bands, self._in_all = [], {}, {}, {}
        self._home_ids, self._home_codes = _coded(self.homes)
        self._new_homes = {}

    def ordinals_of(self, resident_ids: Collection[int]) -> list[int]:
        """Of those the index knows; the others are missing."""
        if len(resident_ids) < FEW:
            found = [spot for id in resident_ids if (spot := self._sorted(id)) is not None]
        else:
            wanted = np.sort(np.fromiter(resident_ids, np.int64, len(resident_ids)))
            spots = np.searchsorted(self._sorted_ids, wanted)
            spots[spots == len(self._sorted_ids)] = 0
            found = (
                self._sorted_ordinals[spots[self._sorted_ids[spots] == wanted]].tolist()
                if len(self._sorted_ids)
                else []
            )
        if newcomers := self._ordinals:
            found += [newcomers[id] for id in resident_ids if id in newcomers]
        return found

    def _sorted(self, resident_id: int) -> int | None:
        spot = int(np.searchsorted(self._sorted_ids, resident_id))
        if spot < len(self._sorted_ids) and self._sorted_ids[spot] == resident_id:
            return int(self._sorted_ordinals[spot])
        return None

    # Changes: people as they are now

    def put(self, people: Collection[Person], *, asked_for: Collection[int]) -> None:
        """These residents as they are; who was asked for and is not among them is gone."""
        before = bitmap(self.ordinals_of(asked_for))
        touched = before | BitMap(person.ordinal for person in people)
        self._in_all = {}
        self._take_out(touched)
        self._make_room(max((person.ordinal for person in people), default=0))
        for ordinal in before - BitMap(person.ordinal for person in people):
            self.ids[ordinal] = 0
        for person in people:
            self._put_in(person)
        for changed in self._changed.values():
            changed |= touched
        if len(touched) > SPARE:
            self._subtrees, self._bands = {}, {}
        else:
            self._mend_kept(touched)

    def _take_out(self, people: BitMap) -> None:
        for held in self._sets():
            held -= people
        for ordinal in people:
            if ordinal < len(self.ids):
                if here := self.here.get(int(self.places[ordinal])):
                    here.discard(ordinal)
                if (born := int(self.births[ordinal])) != UNBORN:
                    self.born_in[_year(born)].discard(ordinal)

    def _sets(self) -> Iterable[BitMap]:
        yield self.living
        for kind in (self.sexes, self.consents, self.contact_states):
            yield from kind.values()

    def _put_in(self, person: Person) -> None:
        ordinal = person.ordinal
        if self.ids[ordinal] != person.id and self._sorted(person.id) is None:
            self._ordinals[person.id] = ordinal
        self.ids[ordinal], self.births[ordinal] = person.id, person.born
        self.places[ordinal], self.homes[ordinal] = person.division_id, person.household_id
        self._home_codes[ordinal] = self._home_code(person.household_id)
        if person.counts:
            self.living.add(ordinal)
        self.sexes.setdefault(person.sex, BitMap()).add(ordinal)
        for scope in person.consents:
            self.consents.setdefault(scope, BitMap()).add(ordinal)
        for state in person.contact_states:
            self.contact_states.setdefault(state, BitMap()).add(ordinal)
        if person.division_id:
            self.here.setdefault(person.division_id, BitMap()).add(ordinal)
        if person.born != UNBORN:
            self.born_in.setdefault(_year(person.born), BitMap()).add(ordinal)

    def _make_room(self, ordinal: int) -> None:
        missing = ordinal + 1 - len(self.ids)
        if missing <= 0:
            return
        more = missing + SPARE
        self.ids = np.append(self.ids, np.zeros(more, np.int64))
        self.places = np.append(self.places, np.zeros(more, np.int64))
        self.homes = np.append(self.homes, np.zeros(more, np.int64))
        self.births = np.append(self.births, np.full(more, UNBORN, np.int32))
        self._home_codes = np.append(self._home_codes, np.zeros(more, np.int32))

    def _home_code(self, household_id: int) -> int:
        """Dense, so that many are counted with a table; 0 is no household, the least of all ids."""
        spot = int(np.searchsorted(self._home_ids, household_id))
        if spot < len(self._home_ids) and self._home_ids[spot] == household_id:
            return spot
        return self._new_homes.setdefault(household_id, len(self._home_ids) + len(self._new_homes))

    def _mend_kept(self, touched: BitMap) -> None:
        """What was put together before, for those who changed."""
        people = numbers(touched)
        numbered = [self.los.get(place, -1) for place in self.places[people].tolist()]
        lives, born = np.array(numbered, np.int64), self.births[people]
        for (lo, hi), kept in self._subtrees.items():
            kept -= touched
            kept |= bitmap(people[(lives >= lo) & (lives <= hi)])
        for (first, last), kept in self._bands.items():
            kept -= touched
            kept |= bitmap(people[(born >= first) & (born <= last)])

    # Changes: who carries a tag

    def carry(self, tag_id: int, asked_for: Collection[int], carriers: Collection[int]) -> None:
        """Of the residents asked for, by id, only these carry the tag now."""
        held = self.tags.setdefault(tag_id, BitMap())
        held -= bitmap(self.ordinals_of(asked_for))
        held |= bitmap(self.ordinals_of(carriers))

    def carry_all(self, asked_for: Collection[int], carriers: Mapping[int, list[int]]) -> None:
        """The same for all tags at once."""
        people = bitmap(self.ordinals_of(asked_for))
        for held in self.tags.values():
            held -= people
        for tag_id, ids in carriers.items():
            self.carry(tag_id, (), ids)

    # Sets, never to be changed by whoever asks

    def inside(self, lo: int, hi: int) -> BitMap:
        """Who lives in divisions with these pre-order numbers."""
        kept = self._subtrees.get((lo, hi))
        if kept is None:
            parts = [held for id in self._between(lo, hi) if (held := self.here.get(id))]
            kept = self._subtrees[lo, hi] = BitMap.union(*parts) if parts else BitMap()
        return kept

    def _between(self, lo: int, hi: int) -> list[int]:
        """Ids of divisions by their pre-order numbers."""
        if len(self._by_lo) != len(self.los):  # a division was added
            self._by_lo = sorted((number, id) for id, number in self.los.items())
        start, end = bisect_left(self._by_lo, (lo,)), bisect_left(self._by_lo, (hi + 1,))
        return [id for _, id in self._by_lo[start:end]]

    def count_homes(self, people: BitMap) -> int:
        """Households of which at least one of them is a member."""
        seen = np.zeros(len(self._home_ids) + len(self._new_homes), np.bool_)
        seen[self._home_codes[numbers(people)]] = True
        seen[0] = False
        return int(np.count_nonzero(seen))

    def changed_for(self, name: str) -> BitMap:
        """Who changed since this name was asked for last; from the first time on."""
        changed = self._changed.get(name, BitMap())
        self._changed[name] = BitMap()
        return changed

    def in_all(self, states: frozenset[tuple[str, str]]) -> BitMap:
        """Who counts and is in each of these states: ("contact", "linked"), ("consent", scope).

        Nearly every message asks for the same ones, so what they have in common is kept until
        somebody's state changes.
        """
        kept = self._in_all.get(states)
        if kept is None:
            kept = self.living
            for kind, key in states:
                sets = self.contact_states if kind == "contact" else self.consents
                kept = kept & sets.get(key, BitMap())
            if len(self._in_all) >= MAX_KEPT:
                self._in_all.clear()
            self._in_all[states] = kept
        return kept

    def born_between(self, first: date | None, last: date | None) -> BitMap:
        """Both days included. Who has no birthday on record is never among them."""
        ends = (
            FIRST_DAY if first is None else (first - EPOCH).days,
            LAST_DAY if last is None else (last - EPOCH).days,
        )
        kept = self._bands.get(ends)
        if kept is None:
            if len(self._bands) >= MAX_KEPT:
                self._bands.clear()
            kept = self._bands[ends] = self._band(*ends)
        return kept

    def _band(self, first: int, last: int) -> BitMap:
        years = [year for year in self.born_in if _year_of(first) < year < _year_of(last)]
        edges = {_year_of(first), _year_of(last)} & self.born_in.keys()
        whole = BitMap.union(*(self.born_in[year] for year in years)) if years else BitMap()
        for year in edges:
            some = np.asarray(self.born_in[year].to_array(), dtype=np.uint32)
            days = self.births[some]
            whole |= bitmap(some[(days >= first) & (days <= last)])
        return whole


def _coded(ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The distinct ids in order, 0 the first of them, and for each entry which of them it is."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    is_another = np.append(ordered[:1] != 0, ordered[1:] != ordered[:-1])
    codes = np.empty(len(ids), np.int32)
    codes[order] = np.cumsum(is_another, dtype=np.int32)
    return np.append(0, ordered[is_another]), codes


def _years_coded(
    days: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The years from the first to the last, and for each day which of them it is in."""
    if not len(days):
        return np.empty(0, np.int64), np.empty(0, np.int32)
    first = int(days.min())
    every_day = _years(np.arange(first, int(days.max()) + 1, dtype=np.int32))
    codes = (every_day - every_day[0]).astype(np.int32)
    return np.arange(every_day[0], every_day[-1] + 1), codes[days - first]


def _grouped(
    people: Ordinals, keys: npt.NDArray[np.int64], codes: npt.NDArray[np.int32]
) -> dict[int, BitMap]:
    """A bitmap of the people, in ascending order, for each key that somebody has."""
    # Numbers of 16 bits are sorted by counting, longer ones by comparing.
    small = codes.astype(np.uint16) if len(keys) <= 1 << 16 else codes
    order = np.argsort(small, kind="stable")
    people, codes = people[order], codes[order]
    cuts = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
    return {
        int(keys[codes[start]]): bitmap(people[start:end])
        for start, end in itertools.pairwise(cuts)
    }


def _years(days: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    since = np.datetime64(EPOCH) + days.astype("timedelta64[D]")
    return since.astype("datetime64[Y]").astype(np.int64) + 1970


def _year(day: int) -> int:
    return int(_years(np.array([day], np.int32))[0])


def _year_of(day: int) -> int:
    """Also of the ends of time."""
    if day in (FIRST_DAY, LAST_DAY):
        return -1 if day == FIRST_DAY else 99_999
    return _year(day)
