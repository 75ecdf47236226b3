"""How many households and residents we can reach: no township, village, group, household missed.

Denominators come from the roll, numerators from live contacts (indicators C01 to C04). Computed
from the rows at every call; one query per level.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from weijing.accounts.scope import Scope
from weijing.residents.models import Contact, Household, Resident
from weijing.territory.models import Division

ADULT_FROM_AGE = 18


@dataclass(frozen=True)
class Coverage:
    """One row of a coverage table. `id` is a division's, or a household's on the last level."""

    id: int
    code: str
    name: str
    households: int
    households_linked: int  # with at least one linked adult
    residents: int
    linked: int  # residents with a live contact

    @property
    def households_missing(self) -> int:
        return self.households - self.households_linked

    @property
    def household_percent(self) -> float | None:
        """0.0 to 100.0, one decimal; None when nobody lives there: shown as a dash."""
        return _percent(self.households_linked, self.households)

    @property
    def resident_percent(self) -> float | None:
        return _percent(self.linked, self.residents)


def _percent(part: int, whole: int) -> float | None:
    # Cut, not rounded: 100 % is said only when nobody is missing.
    return int(part * 1000 / whole) / 10 if whole else None


def of_children(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """The next lower divisions, those without residents too, in the order of the map.

    Only divisions that lie in the scope, or contain a part of it; a part counts only itself.
    """
    return _rows(division, "child.parent_id = %(division)s", scope, on)


def of_division(division: Division, *, scope: Scope, on: date) -> Coverage | None:
    """The total of one division, as far as the scope reaches; None if it does not reach there."""
    rows = _rows(division, "child.id = %(division)s", scope, on)
    return rows[0] if rows else None


def of_level(division: Division, level: str, *, scope: Scope, on: date) -> list[Coverage]:
    """Every division of one level below `division`, in the order of the map."""
    wanted = "child.level = %(level)s AND child.lo BETWEEN %(lo)s AND %(hi)s"
    return _rows(division, wanted, scope, on, level=str(level))


def gap_list(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """The groups below a division that still have unreached households, worst first."""
    groups = of_level(division, Division.Level.GROUP, scope=scope, on=on)
    missing = [row for row in groups if row.households_missing]
    return sorted(missing, key=lambda row: (-row.households_missing, row.code))


def of_households(division: Division, *, scope: Scope, on: date) -> list[Coverage]:
    """Every household that belongs to exactly this division; unreached ones first."""
    if not scope.covers(division):
        return []
    with connection.cursor() as cursor:
        cursor.execute(_HOUSEHOLDS.format(is_linked=_IS_LINKED), _parameters(division, scope, on))
        rows = [Coverage(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: (row.households_linked, row.name))


# As an expression, so that the planner may look up a village's people one by one, or read the
# county's live pairs once.
_IS_LINKED = """EXISTS (
        SELECT 1 FROM residents_wechatidentity identity
        JOIN residents_contact contact
            ON contact.county_id = identity.county_id AND contact.identity_id = identity.id
        WHERE identity.county_id = %(county)s AND identity.resident_id = person.id
            AND contact.county_id = %(county)s AND contact.state = 'linked')"""

_CHILDREN = """
WITH place AS MATERIALIZED (
    SELECT child.id AS child_id, leaf.id AS leaf_id
    FROM territory_division child
    JOIN territory_division leaf
        ON leaf.county_id = child.county_id AND leaf.lo BETWEEN child.lo AND child.hi
    WHERE child.county_id = %(county)s AND {wanted} AND {in_scope}
), person AS (
    SELECT person.division_id, person.household_id, person.born_on, {is_linked} AS is_linked
    FROM residents_resident person
    WHERE person.county_id = %(county)s AND person.lifecycle = 'roll' AND {inside}
), home AS (
    SELECT division_id, household_id, count(*) AS residents,
        count(*) FILTER (WHERE is_linked) AS linked,
        bool_or(is_linked AND (born_on IS NULL OR born_on <= %(adult_born)s)) AS adult_linked
    FROM person GROUP BY division_id, household_id
), people AS (
    SELECT division_id, sum(residents) AS residents, sum(linked) AS linked,
        count(household_id) FILTER (WHERE adult_linked) AS households_linked
    FROM home GROUP BY division_id
), homes AS (
    SELECT household.division_id, count(*) AS households
    FROM residents_household household
    WHERE household.county_id = %(county)s AND {inside_household}
    GROUP BY household.division_id
)
SELECT child.id, child.code, child.name, coalesce(sum(homes.households), 0)::int,
    coalesce(sum(people.households_linked), 0)::int,
    coalesce(sum(people.residents), 0)::int, coalesce(sum(people.linked), 0)::int
FROM place
JOIN territory_division child ON child.county_id = %(county)s AND child.id = place.child_id
LEFT JOIN people ON people.division_id = place.leaf_id
LEFT JOIN homes ON homes.division_id = place.leaf_id
GROUP BY child.id, child.code, child.name, child.lo
ORDER BY child.lo
"""

_HOUSEHOLDS = """
WITH person AS (
    SELECT person.household_id, person.born_on, {is_linked} AS is_linked
    FROM residents_resident person
    WHERE person.county_id = %(county)s AND person.lifecycle = 'roll'
        AND person.household_id IN (
            SELECT household.id FROM residents_household household
            WHERE household.county_id = %(county)s AND household.division_id = %(division)s)
)
SELECT household.id, household.number, household.address, 1,
    coalesce(bool_or(person.is_linked
        AND (person.born_on IS NULL OR person.born_on <= %(adult_born)s)), false)::int,
    count(person.household_id)::int, count(*) FILTER (WHERE person.is_linked)::int
FROM residents_household household
LEFT JOIN person ON person.household_id = household.id
WHERE household.county_id = %(county)s AND household.division_id = %(division)s
GROUP BY household.id
"""


def _rows(division: Division, wanted: str, scope: Scope, on: date, **more: str) -> list[Coverage]:
    if not scope.sees_residents or division.county_id != scope.county_id:
        return []
    in_scope = "true"
    parameters = _parameters(division, scope, on) | more
    if not scope.whole_county:
        ranges = [f"leaf.lo BETWEEN %(lo{n})s AND %(hi{n})s" for n in range(len(scope.ranges))]
        in_scope = "(" + " OR ".join(ranges or ["false"]) + ")"
        for number, (lo, hi) in enumerate(scope.ranges):
            parameters |= {f"lo{number}": lo, f"hi{number}": hi}
    inside = {
        "is_linked": _IS_LINKED,
        "inside": "person.division_id IN (SELECT leaf_id FROM place)",
        "inside_household": "household.division_id IN (SELECT leaf_id FROM place)",
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHILDREN.format(wanted=wanted, in_scope=in_scope, **inside), parameters)
        return [Coverage(*row) for row in cursor.fetchall()]


def unreached_households(scope: Scope, *, on: date) -> QuerySet[Household]:
    """The households behind `households_missing`, by division, then by house number as one walks.

    Each with its division, the division's parent, and `people`: who of them is on the roll.
    """
    on_roll = Q(lifecycle=Resident.Lifecycle.ROLL)
    adult = Q(born_on=None) | Q(born_on__lte=_adult_born(on))
    live = Contact.objects.filter(
        county_id=scope.county_id, identity__resident=OuterRef("pk"), state=Contact.State.LINKED
    )
    linked_adults = Resident.objects.filter(
        on_roll, adult, Exists(live), county_id=scope.county_id, household=OuterRef("pk")
    )
    return (
        Household.objects.filter(scope.divisions(), ~Exists(linked_adults))
        .annotate(people=Count("members", filter=Q(members__lifecycle=Resident.Lifecycle.ROLL)))
        .select_related("division__parent")
        # 2号 comes before 10号.
        .order_by("division__lo", Length("address"), "address", "pk")
    )


def _parameters(division: Division, scope: Scope, on: date) -> dict[str, Any]:
    return {
        "county": scope.county_id,
        "division": division.pk,
        "lo": division.lo,
        "hi": division.hi,
        "adult_born": _adult_born(on),
    }


def _adult_born(on: date) -> date:
    is_leap_day = (on.month, on.day) == (2, 29)  # there was none eighteen years ago
    return date(on.year - ADULT_FROM_AGE, on.month, 28 if is_leap_day else on.day)
