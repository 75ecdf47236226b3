"""Who stood on an earlier roll of the same source, in the places of this file, and is missing.

They are proposed as moved away, never touched. A file that names less than half of a village is a
list of some, not the village's roll: nobody is missing in it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from weijing.core.ids import new_ids
from weijing.residents.importing.copying import fetch_fixed, put_lines
from weijing.residents.importing.marks import MARK_BYTES, SOURCE_AT
from weijing.residents.models import Resident, RollAbsence

_PEOPLE = np.dtype([("id", ">i8"), ("village", ">i8")])


@dataclass(frozen=True)
class Absent:
    """`ids` of the people who are missing; how many villages the file names only in part."""

    ids: npt.NDArray[np.int64]
    partial_villages: int


def find(
    county_id: int, known: npt.NDArray[np.int64], villages: Collection[str], source: bytes
) -> Absent:
    """`known`: ids of everybody in the file; `villages`: codes of the places it names."""
    listed = fetch_fixed(
        _LISTED,
        {"county": county_id, "villages": sorted(villages), "source": source},
        _PEOPLE,
    )
    missing = ~np.isin(listed["id"].astype(np.int64), known)
    if not missing.any():
        return Absent(np.empty(0, dtype=np.int64), 0)
    of_villages, where = np.unique(listed["village"], return_inverse=True)
    lacking = np.bincount(where, weights=missing, minlength=len(of_villages))
    in_part = lacking * 2 > np.bincount(where, minlength=len(of_villages))
    ids = listed["id"][missing & ~in_part[where]].astype(np.int64)
    return Absent(np.sort(ids), int(in_part.sum()))


def names_everybody(county_id: int, known: npt.NDArray[np.int64]) -> bool:
    """Whether `known`, all of them people whom a roll named, are all there are: then nobody lacks.

    Counting a county takes a tenth of the time that looking for the missing does.
    """
    named = Q(roll_digest__isnull=False) | Q(lifecycle=Resident.Lifecycle.DUPLICATE)
    return Resident.objects.filter(named, county_id=county_id).count() == len(known)


def record(county_id: int, import_id: int, absent: Absent, known: npt.NDArray[np.int64]) -> int:
    """Propose the missing; take back what was proposed of those who are there again. How many new.

    Who waits already, or of whom a person has said that they stay, is not proposed twice.
    """
    earlier = RollAbsence.objects.filter(
        county_id=county_id, state__in=[RollAbsence.State.OPEN, RollAbsence.State.STAYS]
    )
    asked = dict(earlier.values_list("resident_id", "pk"))
    back = np.isin(np.array(list(asked), dtype=np.int64), known)
    here_again = [pk for pk, is_back in zip(asked.values(), back, strict=True) if is_back]
    RollAbsence.objects.filter(county_id=county_id, pk__in=here_again).delete()
    new = [one for one in absent.ids.tolist() if one not in asked]
    ids = new_ids(len(new)) if new else []
    lines = "".join(
        f"{county_id}\t{id}\t{import_id}\t{resident}\topen\n"
        for id, resident in zip(ids, new, strict=True)
    )
    columns = "county_id, id, roll_import_id, resident_id, state"
    put_lines(f"{RollAbsence._meta.db_table} ({columns})", [lines.encode()])
    return len(new)


_LISTED = f"""
SELECT person.id, coalesce(village.id, place.id)
FROM residents_resident person
JOIN territory_division place ON place.county_id = %(county)s AND place.id = person.division_id
LEFT JOIN territory_division village ON village.county_id = %(county)s
    AND village.id = place.parent_id AND place.level = 'group'
WHERE person.county_id = %(county)s AND person.lifecycle = 'roll'
    AND person.roll_digest IS NOT NULL
    AND substring(person.roll_digest FROM {SOURCE_AT + 1} FOR {MARK_BYTES}) = %(source)s
    AND coalesce(village.code, place.code) = ANY(%(villages)s::text[])
"""  # noqa: S608  (no value is in it)
