"""How many households and residents we can reach: no township, village, group, household missed.

Denominators come from the roll, numerators from live contacts (indicators C01 to C04), as
`counting` defines them; from kept figures, exact at every call (`places`).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from weijing.accounts.scope import Scope
from weijing.residents.figures import counting
from weijing.residents.figures.counting import COUNTED, adult_born
from weijing.residents.figures.places import LEVELS, Integers, Subtree, subtree
from weijing.residents.models import Contact, Household, IdentitySharer, Resident
from weijing.residents.record.house_numbers import as_walked
from weijing.territory.models import Division

STATE_WORDS = {
    "linked": "已联系",
    "refused": "不愿意",
    "away": "在外务工",
    "unreachable": "没有手机或微信",
    "open": "未联系",
}


class Coverage(NamedTuple):
    """One row of a coverage table. `id` is a division's, or a household's on the last level."""

    id: int
    code: str
    name: str
    households: int
    households_linked: int  # with at least one linked adult
    residents: int
    linked: int  # residents with a live contact
    households_refused: int = 0  # these three are parts of `households_missing`
    households_away: int = 0
    households_unreachable: int = 0
    reachable: int = 0  # residents, themselves or through who stands in for them

    @property
    def households_missing(self) -> int:
        return self.households - self.households_linked

    @property
    def households_open(self) -> int:
        """Those of the missing where somebody is to be seen, and has not said no."""
        left_out = self.households_refused + self.households_away + self.households_unreachable
        return self.households_missing - left_out

    @property
    def household_percent(self) -> float | None:
        """0.0 to 100.0, one decimal; None when nobody lives there: shown as a dash."""
        return percent(self.households_linked, self.households)

    @property
    def resident_percent(self) -> float | None:
        return percent(self.linked, self.residents)

    @property
    def state(self) -> str:
        """Of a household: one of `STATE_WORDS`."""
        for name in ("linked", "refused", "away", "unreachable"):
            if getattr(self, f"households_{name}"):
                return name
        return "open"

    @property
    def state_word(self) -> str:
        return STATE_WORDS[self.state]


def percent(part: int, whole: int) -> float | None:
    """Cut, not rounded: 100 % is said only when nobody is missing."""
    return int(part * 1000 / whole) / 10 if whole else None


def total(rows: Iterable[Coverage], *, name: str = "合计") -> Coverage:
    """The sum of rows that do not overlap."""
    columns = [sum(column) for column in zip(*(row[3:] for row in rows), strict=True)]
    return Coverage(0, "", name, *(columns or [0] * 8))


def of_children(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """The next lower divisions, those without residents too, in the order of the map.

    Only divisions that lie in the scope, or contain a part of it; a part counts only itself.
    """
    return children_in(subtree(division, scope=scope, on=on), division)


def of_division(division: Division, *, scope: Scope, on: date) -> Coverage | None:
    """The total of one division, as far as the scope reaches; None if it does not reach there."""
    tree = subtree(division, scope=scope, on=on)
    rows = rows_of(tree, np.flatnonzero(tree.ids == division.pk))
    return rows[0] if rows else None


def of_level(division: Division, level: str, *, scope: Scope, on: date) -> list[Coverage]:
    """Every division of one level below `division`, in the order of the map."""
    return level_in(subtree(division, scope=scope, on=on), level)


def gap_list(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """The groups below a division that still have unreached households, worst first."""
    return gaps_in(subtree(division, scope=scope, on=on))


def children_in(tree: Subtree, division: Division) -> list[Coverage]:
    """`of_children` from figures read already; a page needs them several times."""
    return rows_of(tree, np.flatnonzero(tree.parents == division.pk))


def level_in(tree: Subtree, level: str) -> list[Coverage]:
    return rows_of(tree, np.flatnonzero(tree.levels == LEVELS.index(level)))


def gaps_in(tree: Subtree, *, most: int | None = None, to_visit: bool = False) -> list[Coverage]:
    """`gap_list`, the first `most` of it; with `to_visit` of groups where not all have refused."""
    groups = np.flatnonzero(tree.levels == LEVELS.index(Division.Level.GROUP))
    numbers = tree.totals_of(groups)
    column = {name: numbers[:, n] for n, name in enumerate(COUNTED)}
    missing = column["households"] - column["households_linked"]
    wanted = missing > (column["households_refused"] if to_visit else 0)
    groups, missing = groups[wanted], missing[wanted]
    worst = np.lexsort((tree.los[groups], -missing))
    return rows_of(tree, groups[worst[:most]])


def rows_of(tree: Subtree, places: Integers) -> list[Coverage]:
    """These places of the subtree."""
    numbers = tree.totals_of(places).tolist()
    ids = tree.ids[places].tolist()
    return [
        Coverage(id, code, name, *_in_order(row))
        for id, (code, name), row in zip(ids, tree.names(places), numbers, strict=True)
    ]


def _in_order(counted: Sequence[int]) -> tuple[int, ...]:
    households, households_linked, refused, away, unreachable, *people = counted
    residents, linked, reachable = people
    return (
        households, households_linked, residents, linked, refused, away, unreachable, reachable
    )  # fmt: skip


def total_of(tree: Subtree) -> Coverage:
    """The division that the subtree was read for; of an empty one, nothing of everything."""
    return (rows_of(tree, np.arange(len(tree.ids))[:1]) or [total([])])[0]


def of_numbers(counted: Sequence[int], *, name: str = "") -> Coverage:
    """A row of figures (in the order of `COUNTED`) that are no single division's."""
    return Coverage(0, "", name, *_in_order(counted))


def of_households(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """Every household that belongs to exactly this division; unreached ones first.

    Counted from the rows: it is one place.
    """
    if not scope.covers(division):
        return []
    here = "{table}.division_id = %(division)s"
    values = counting.parameters(scope.county_id, on) | {"division": division.pk}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {counting.homes(here)} {_HOMES}", values)
        rows = [Coverage(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: (row.households_linked, as_walked(row.name)))


_HOMES = """
SELECT id, number, address, 1, (state = 'linked')::int, residents::int, linked::int,
    (state = 'refused')::int, (state = 'away')::int, (state = 'unreachable')::int, reachable::int
FROM home
"""


def unreached_households(scope: Scope, *, on: date) -> QuerySet[Household]:
    """The households behind `households_missing`, by division, then by house number as one walks.

    Each with its division, the division's parent, and `people`: who of them is on the roll.
    """
    county_id = scope.county_id
    live = Contact.objects.filter(county_id=county_id, state=Contact.State.LINKED)
    shared = IdentitySharer.objects.filter(
        county_id=county_id, resident=OuterRef("pk"), identity__contacts__state="linked"
    )
    linked_adults = Resident.objects.filter(
        Exists(live.filter(identity__resident=OuterRef("pk"))) | Exists(shared),
        Q(born_on=None) | Q(born_on__lte=adult_born(on)),
        county_id=county_id,
        lifecycle=Resident.Lifecycle.ROLL,
        household=OuterRef("pk"),
        division=OuterRef("division"),
    )
    return (
        Household.objects.filter(scope.divisions(), ~Exists(linked_adults), ended_on=None)
        .annotate(people=Count("members", filter=Q(members__lifecycle=Resident.Lifecycle.ROLL)))
        .select_related("division__parent")
        # 2号 comes before 10号.
        .order_by("division__lo", Length("address"), "address", "pk")
    )
