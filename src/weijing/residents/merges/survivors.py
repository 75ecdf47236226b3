"""Who stands today for people who were chosen a while ago: some have been merged since."""

from pyroaring import BitMap

from weijing.residents.models import MergeRecord, Resident


def of(county_id: int, people: BitMap) -> BitMap:
    """The same ordinals, with those merged since replaced by the record that stands for them."""
    found = BitMap(people)
    duplicates = Resident.objects.filter(
        county_id=county_id,
        ordinal__in=found.to_array().tolist(),
        lifecycle=Resident.Lifecycle.DUPLICATE,
    )
    for resident_id, ordinal in duplicates.values_list("pk", "ordinal"):
        found.discard(ordinal)
        found |= _survivor(county_id, resident_id)
    return found


def _survivor(county_id: int, resident_id: int) -> BitMap:
    """Through merges of merges; nobody when the record that remains was deleted."""
    seen: set[int] = set()
    while resident_id not in seen:
        seen.add(resident_id)
        record = (
            MergeRecord.objects.filter(county_id=county_id, absorbed=resident_id, undone_at=None)
            .select_related("survivor")
            .order_by("-at")
            .first()
        )
        if record is None:
            return BitMap()
        if record.survivor.lifecycle != Resident.Lifecycle.DUPLICATE:
            return BitMap([record.survivor.ordinal])
        resident_id = record.survivor_id
    return BitMap()
