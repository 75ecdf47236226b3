"""Places of a subtree as a table: chosen and ordered as figures, made into rows where shown.

A county has six thousand groups and a page shows fifty of them.
"""

from dataclasses import dataclass
from typing import overload

import numpy as np

from weijing.residents.figures.counting import COUNTED
from weijing.residents.figures.coverage import Coverage, rows_of
from weijing.residents.figures.places import LEVELS, Integers, Subtree
from weijing.territory.models import Division

NAME = "name"
COLUMNS = {
    "households": "households",
    "linked": "households_linked",
    "refused": "households_refused",
    "away": "households_away",
    "unreachable": "households_unreachable",
    "residents": "residents",
}
SORTS = (NAME, *COLUMNS, "missing", "rate")


@dataclass(frozen=True)
class PlaceTable:
    """A sequence of `Coverage`; `places` are rows of `tree`."""

    tree: Subtree
    places: Integers

    def named(self, text: str) -> "PlaceTable":
        if not text:
            return self
        has = [text in name for _, name in self.tree.names(self.places)]
        return PlaceTable(self.tree, self.places[np.array(has, dtype=bool)])

    def with_missing_households(self) -> "PlaceTable":
        return PlaceTable(self.tree, self.places[self._figures("missing") > 0])

    def ordered(self, sort: str) -> "PlaceTable":
        """By one of `SORTS`, from the least up or, with a minus before it, from the most down."""
        name = sort.removeprefix("-")
        if name not in SORTS:
            return self
        if name == NAME:
            codes = np.array([code for code, _ in self.tree.names(self.places)])
            _, figures = np.unique(codes, return_inverse=True)
        else:
            figures = self._figures(name)
        order = np.argsort(-figures if sort.startswith("-") else figures, kind="stable")
        return PlaceTable(self.tree, self.places[order])

    def sum_of(self, column: str) -> int:
        return int(self._figures(column).sum())

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, where: int) -> Coverage: ...
    @overload
    def __getitem__(self, where: slice) -> list[Coverage]: ...
    def __getitem__(self, where: int | slice) -> Coverage | list[Coverage]:
        if isinstance(where, slice):
            return rows_of(self.tree, self.places[where])
        return rows_of(self.tree, self.places[[where]])[0]

    def _figures(self, name: str) -> Integers:
        numbers = self.tree.totals_of(self.places)
        column = dict(zip(COUNTED, numbers.T, strict=True))
        households, linked = column["households"], column["households_linked"]
        if name == "missing":
            missing: Integers = households - linked
            return missing
        if name == "rate":  # of nobody it is lower than of anybody
            per_mille = linked * 1000 // np.maximum(households, 1)
            rates: Integers = np.where(households > 0, per_mille, -1)
            return rates
        figures: Integers = column[COLUMNS[name]]
        return figures


def of_level(tree: Subtree, level: str) -> PlaceTable:
    """Every place of one level, in the order of the map."""
    return PlaceTable(tree, np.flatnonzero(tree.levels == LEVELS.index(level)))


def of_children(tree: Subtree, division: Division) -> PlaceTable:
    """The next lower places, in the order of the map."""
    return PlaceTable(tree, np.flatnonzero(tree.parents == division.pk))
