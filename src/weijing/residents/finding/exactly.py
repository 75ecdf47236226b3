"""Whose phone or ID number this is, for somebody who may not see who it is."""

from weijing.core.env import keyring
from weijing.residents import phones
from weijing.residents.finding.words import ID_NUMBER
from weijing.residents.models import Resident


def by_phone_or_id_number(county_id: int, text: str) -> int | None:
    """The record's id; None when there is none, or when several people have the phone."""
    index = keyring().blind_index
    people = Resident.objects.filter(county_id=county_id).exclude(
        lifecycle=Resident.Lifecycle.DUPLICATE
    )
    if phone := phones.normal(text):
        people = people.filter(phone_index=index(phone, purpose="phone"))
    elif ID_NUMBER.fullmatch(text.upper()):
        people = people.filter(id_number_index=index(text.upper(), purpose="id_number"))
    else:
        return None
    ids = list(people.values_list("pk", flat=True)[:2])
    return ids[0] if len(ids) == 1 else None
