"""What people are found by, made anew where a name or an address is not the row's own."""

from collections.abc import Collection

from weijing.residents.finding.grams import grams
from weijing.residents.models import Resident

BATCH = 2_000


def refind(county_id: int, resident_ids: Collection[int], household_ids: Collection[int]) -> None:
    """Bring the search grams of these people, and of who lives in these households, in line."""
    of_homes = Resident.objects.filter(county_id=county_id, household_id__in=list(household_ids))
    ids = sorted({*resident_ids, *of_homes.values_list("pk", flat=True)})
    for start in range(0, len(ids), BATCH):
        people = Resident.objects.filter(county_id=county_id, pk__in=ids[start : start + BATCH])
        stale = []
        for person in people.select_related("household"):
            address = person.household.address if person.household else ""
            right = grams(person.name, address)
            if person.grams != right:
                person.grams = right
                stale.append(person)
        Resident.objects.bulk_update(stale, ["grams"])
