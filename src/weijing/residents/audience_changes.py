"""Saying which residents an audience index has to look at again.

Called in the transaction of every change of what audiences are made of: place, life cycle, age,
sex, household, consent, contact, tag. A row for each statement, never an update of a shared one:
nobody waits for another's import. `audiences.index` reads them.
"""

from collections.abc import Collection, Iterable, Mapping

from weijing.core.ids import new_ids
from weijing.residents.models.audience_changes import AudienceChange

CHUNK = 10_000
# From so many people on, an index that is read anew is ready sooner than one that is repaired.
TOO_MANY = 200_000


def people(county_id: int, resident_ids: Iterable[int]) -> None:
    """Anything but their tags has changed; or they are new, or gone."""
    _write(county_id, [(AudienceChange.Dimension.PEOPLE, resident_ids)])


def people_and_tags(county_id: int, resident_ids: Collection[int]) -> None:
    """Rows moved from one record to another."""
    _write(county_id, [(AudienceChange.Dimension.PEOPLE_AND_TAGS, resident_ids)])


def tags(county_id: int, carriers: Mapping[int, Collection[int]]) -> None:
    """Residents who carry a tag now, or do so no more, or until another day; by id of the tag."""
    _write(county_id, carriers.items())


def pairs(county_id: int, resident_and_tag: Iterable[tuple[int, int]]) -> None:
    """The same, given as (resident, tag)."""
    carriers: dict[int, list[int]] = {}
    for resident, tag in resident_and_tag:
        carriers.setdefault(tag, []).append(resident)
    tags(county_id, carriers)


def everything(county_id: int) -> None:
    """Work that cannot name its people."""
    AudienceChange.objects.create(
        county_id=county_id, dimension=AudienceChange.Dimension.EVERYTHING
    )


def _write(county_id: int, changed: Iterable[tuple[int, Iterable[int]]]) -> None:
    noted = [(dimension, sorted(set(ids))) for dimension, ids in changed]
    if sum(len(ids) for _, ids in noted) > TOO_MANY:
        everything(county_id)
        return
    pieces = [
        (dimension, ids[start : start + CHUNK])
        for dimension, ids in noted
        for start in range(0, len(ids), CHUNK)
    ]
    AudienceChange.objects.bulk_create(
        AudienceChange(id=id, county_id=county_id, dimension=dimension, residents=ids)
        for id, (dimension, ids) in zip(new_ids(len(pieces)), pieces, strict=True)
    )
