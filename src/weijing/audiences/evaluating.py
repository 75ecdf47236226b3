"""The people an expression means, as a bitmap of ordinals over a county's index.

Sets are met smallest first and taken away last, and nothing is turned inside out but an
`except` that stands alone.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pyroaring import BitMap

from weijing.audiences import receipts
from weijing.audiences.expression import (
    Aged,
    All,
    AnyOf,
    ContactIs,
    Except,
    HadResult,
    HasConsent,
    HasReceived,
    HasTag,
    InDivision,
    IsLinked,
    Leaf,
    Node,
    OfSex,
    Saved,
)
from weijing.audiences.index import catching_up, rows
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import bitmap
from weijing.core import clock
from weijing.residents.models import Contact


@dataclass(frozen=True)
class Question:
    """An index, and the day for which it is asked."""

    index: Index
    day: date

    def people(self, *nodes: Node) -> BitMap:
        """Everybody whom all nodes mean, on the roll or provisional; not to be changed."""
        wanted, unwanted = self._sorted(nodes)
        found = _met(wanted)
        return found - _joined(unwanted) if unwanted else found

    def count(self, *nodes: Node) -> int:
        """How many those are; the last set is counted without being put together."""
        wanted, unwanted = self._sorted(nodes)
        *first, last = sorted(wanted, key=len)
        if unwanted:
            return int(_met([*first, last]).difference_cardinality(_joined(unwanted)))
        return int(_met(first).intersection_cardinality(last)) if first else len(last)

    def _of(self, node: Node) -> BitMap:
        match node:
            case All(parts):
                wanted, unwanted = self._sorted(parts)
                found = _met(wanted)
                return found - _joined(unwanted) if unwanted else found
            case AnyOf(parts):
                return _joined([self._of(part) for part in parts])
            case Except(parts):
                return self.index.living - _joined([self._of(part) for part in parts])
            case _:
                return self._leaf(node)

    def _sorted(self, parts: Collection[Node]) -> tuple[list[BitMap], list[BitMap]]:
        """The sets somebody must be in, at least one, and those they must not be in."""
        states: set[tuple[str, str]] = set()
        wanted: list[BitMap] = []
        unwanted: list[BitMap] = []
        for part in _flat(parts):
            if isinstance(part, Except):
                unwanted += [self._of(inner) for inner in part.parts]
            elif isinstance(part, HasConsent):
                states.add(("consent", part.scope))
            elif isinstance(part, IsLinked) and part.linked:
                states.add(("contact", Contact.State.LINKED.value))
            else:
                wanted.append(self._of(part))
        return [*wanted, self.index.in_all(frozenset(states))], unwanted

    def _leaf(self, leaf: Leaf) -> BitMap:
        index = self.index
        match leaf:
            case InDivision():
                return _joined([index.inside(lo, hi) for lo, hi in leaf.ranges])
            case HasTag():
                return self._tagged(leaf)
            case Aged(from_, to):
                first = None if to is None else clock.years_before(self.day, to + 1)
                last = None if from_ is None else clock.years_before(self.day, from_)
                return index.born_between(first and first + timedelta(days=1), last)
            case OfSex(sex):
                return index.sexes.get(sex, NOBODY)
            case IsLinked(linked):
                has = index.contact_states.get(Contact.State.LINKED.value, NOBODY)
                return has if linked else index.living - has
            case ContactIs(state):
                return index.contact_states.get(state, NOBODY)
            case HasConsent(scope):
                return index.consents.get(scope, NOBODY)
            case HasReceived(days, topic):
                return receipts.received(index, days=days, topic=topic, on=self.day)
            case HadResult(message, results):
                return receipts.with_result(index, message=message, results=results)
            case Saved():
                return self._of(leaf.meant)

    def _tagged(self, leaf: HasTag) -> BitMap:
        """A consent taken back ends here at once, before the tag itself is removed."""
        ids = [id for id, _ in leaf.held]
        over, still = self._otherwise_that_day(ids)
        found = []
        for id, scope in leaf.held:
            carriers = self.index.tags.get(id, NOBODY)
            if id in over:
                carriers = carriers - bitmap(self.index.ordinals_of(over[id]))
            if id in still:
                carriers = carriers | bitmap(self.index.ordinals_of(still[id]))
            found.append(carriers & self.index.consents.get(scope, NOBODY) if scope else carriers)
        return _joined(found)

    def _otherwise_that_day(
        self, tag_ids: list[int]
    ) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """Carriers who will have lost a tag by that day, or still had it then."""
        kept, asked = self.index.day, self.day
        if asked == kept:
            return {}, {}
        with catching_up.open_cursor() as cursor:
            first, before = min(asked, kept), max(asked, kept)
            found = rows.expiring(
                cursor, self.index.county_id, first=first, before=before, tag_ids=tag_ids
            )
        return (found, {}) if asked > kept else ({}, found)


NOBODY = BitMap()


def _flat(parts: Iterable[Node]) -> Iterator[Node]:
    """All inside all is one list."""
    for part in parts:
        if isinstance(part, All):
            yield from _flat(part.parts)
        else:
            yield part


def _met(sets: list[BitMap]) -> BitMap:
    """Everybody who is in each of them; the smallest first."""
    first, *others = sorted(sets, key=len)
    for other in others:
        first = first & other
    return first


def _joined(sets: list[BitMap]) -> BitMap:
    if len(sets) == 1:
        return sets[0]
    return BitMap.union(*sets) if sets else NOBODY
