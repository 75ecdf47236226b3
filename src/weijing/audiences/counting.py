"""Whom an expression means, counted and listed from the index: exact, and in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pyroaring import BitMap

from weijing.accounts.scope import Scope
from weijing.audiences.evaluating import NOBODY, Question
from weijing.audiences.expression import InDivision, Leaf, Node, leaves
from weijing.audiences.index import keeping
from weijing.audiences.index.holding import Index
from weijing.audiences.index.packing import numbers
from weijing.core import clock
from weijing.territory.models import Division


@dataclass(frozen=True)
class LeafCount:
    """How many people one condition means by itself."""

    leaf: Leaf
    people: int


def people(
    expression: Node, *, county_id: int, on: date | None = None, within: Scope | None = None
) -> BitMap:
    """The ordinals of those meant: on the roll or provisional, as of the last commit.

    Ages, and tags that expire, are those of the day `on`; today in the county if not given.
    `within` keeps it to what an officer answers for.
    """
    if within is not None and not within.sees_residents:
        return NOBODY
    with keeping.current(county_id) as index:
        return Question(index, on or clock.today()).people(*_within(expression, within))


def count(
    expression: Node, *, county_id: int, on: date | None = None, within: Scope | None = None
) -> int:
    """How many `people` finds."""
    if within is not None and not within.sees_residents:
        return 0
    with keeping.current(county_id) as index:
        return Question(index, on or clock.today()).count(*_within(expression, within))


def count_rows(
    expression: Node, *, county_id: int, on: date | None = None, within: Scope | None = None
) -> list[LeafCount]:
    """The count beside every condition of the form, from left to right."""
    with keeping.current(county_id) as index:
        question = Question(index, on or clock.today())
        return [
            LeafCount(leaf, question.count(*_within(leaf, within))) for leaf in leaves(expression)
        ]


def resident_ids(found: BitMap, *, county_id: int) -> Sequence[int]:
    """The residents with these ordinals, in the order of the ordinals."""
    with keeping.current(county_id) as index:
        ids: Sequence[int] = index.ids[numbers(found)].tolist()
        return ids


def by_township(
    expression: Node, *, county_id: int, on: date | None = None
) -> dict[Division | None, int]:
    """How the people spread over the townships, in the order of the map.

    Townships without any are missing. Under None: those whose address is not known.
    """
    townships = Division.objects.filter(county_id=county_id, level=Division.Level.TOWNSHIP)
    places = list(townships.order_by("lo"))
    with keeping.current(county_id) as index:
        found = Question(index, on or clock.today()).people(expression)
        spread = spread_over(found, [(place.lo, place.hi) for place in places], index=index)
    counted: dict[Division | None, int] = {
        place: people for place, people in zip(places, spread, strict=True) if people
    }
    if elsewhere := len(found) - sum(spread):
        counted[None] = elsewhere
    return counted


def spread_over(found: BitMap, ranges: Sequence[tuple[int, int]], *, index: Index) -> list[int]:
    """How many of them live in each of these subtrees, given by pre-order numbers."""
    return [found.intersection_cardinality(index.inside(lo, hi)) for lo, hi in ranges]


def _within(expression: Node, scope: Scope | None) -> list[Node]:
    if scope is None or scope.whole_county:
        return [expression]
    return [expression, InDivision((), ranges=scope.ranges)]
