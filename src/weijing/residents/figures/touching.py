"""Noting where the coverage has to be counted again, in the transaction of what changed it.

Where the people are known, the audiences are told about them too: what changes the one changes
the other.

A row for each place and statement, never an update of a shared one: whoever labels a contact must
not wait for a roll that is being imported. `keeping` counts the places again and takes them away.
"""

from collections.abc import Collection, Iterable

from weijing.core.ids import new_ids
from weijing.residents import audience_changes
from weijing.residents.models import (
    Contact,
    CoverageTouched,
    Household,
    IdentitySharer,
    Representative,
    Resident,
    WechatIdentity,
)
from weijing.territory.models import Division

BATCH = 2_000


def touch(county_id: int, division_ids: Iterable[int | None]) -> None:
    """Coverage of these places is no longer as kept. None stands for somebody without a place."""
    places = sorted({place for place in division_ids if place is not None})
    if not places:
        return
    CoverageTouched.objects.bulk_create(
        (
            CoverageTouched(id=id, county_id=county_id, division_id=place)
            for id, place in zip(new_ids(len(places)), places, strict=True)
        ),
        batch_size=BATCH,
    )


def touch_residents(county_id: int, resident_ids: Collection[int]) -> None:
    """The places of these people, and of those whom they stand in for.

    A person who moves is touched before and after.
    """
    ids = list(resident_ids)
    if not ids:
        return
    audience_changes.people(county_id, ids)
    represented = Representative.objects.filter(
        county_id=county_id, person_id__in=ids, ended_at=None
    ).values_list("resident_id", flat=True)
    # Asked for first: with the question inside an OR, PostgreSQL walks through the county.
    people = Resident.objects.filter(county_id=county_id, pk__in={*ids, *represented})
    touch(county_id, people.order_by().values_list("division_id", flat=True).distinct())


def touch_households(county_id: int, household_ids: Collection[int]) -> None:
    """The places of these households; of one that moves, before and after."""
    homes = Household.objects.filter(county_id=county_id, pk__in=list(household_ids))
    touch(county_id, homes.order_by().values_list("division_id", flat=True).distinct())


def touch_identities(county_id: int, identity_ids: Collection[int]) -> None:
    """The places of everybody behind these WeChat accounts."""
    ids = list(identity_ids)
    if not ids:
        return
    own = WechatIdentity.objects.filter(county_id=county_id, pk__in=ids)
    shared = IdentitySharer.objects.filter(county_id=county_id, identity_id__in=ids)
    touch_residents(
        county_id,
        {
            *own.values_list("resident_id", flat=True),
            *shared.values_list("resident_id", flat=True),
        },
    )


def touch_contacts(county_id: int, contact_ids: Collection[int]) -> None:
    """The places of everybody behind these contacts."""
    pairs = Contact.objects.filter(county_id=county_id, pk__in=list(contact_ids))
    touch_identities(county_id, set(pairs.values_list("identity_id", flat=True)))


def touch_everything(county_id: int) -> None:
    """After work that cannot name its places."""
    touch(county_id, Division.objects.filter(county_id=county_id).values_list("pk", flat=True))
