"""A person's name or phone is set right because they asked; the old one stays in the history."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.masking import masked_phone
from weijing.residents.models import Resident, ResidentChange
from weijing.residents.record import changing, filling

KIND, BY_THEM = ResidentChange.Kind.CORRECTED, ResidentChange.Source.RESIDENT
WITH_A_PHONE = (Resident.Lifecycle.ROLL, Resident.Lifecycle.MOVED)


@transaction.atomic
def correct_name(
    person: Resident, name: str, *, by: Officer, scope: Scope, at: datetime
) -> Resident:
    """Raises `filling.NotAName` and what `changing.open_record` raises."""
    person = changing.open_record(person, by=by, scope=scope)
    before = person.name
    filling.rename(person, name)
    person.save(update_fields=["name", "pinyin", "initials", "grams"])
    changing.note(
        person, KIND, "resident.name_corrected", source=BY_THEM, by=by, at=at,
        before={"姓名": before}, after={"姓名": person.name},
    )  # fmt: skip
    changing.push_remarks(person.county_id, [person.pk])
    return person


@transaction.atomic
def correct_phone(
    person: Resident, phone: str, *, by: Officer, scope: Scope, at: datetime
) -> Resident:
    """They say it is theirs, so somebody else's having it too is no obstacle: families share.

    Raises `phones.NotAPhone` and what `changing.open_record` raises.
    """
    person = changing.open_record(person, by=by, scope=scope, lifecycles=WITH_A_PHONE)
    before = masked_phone(person.phone)
    filling.set_phone(person, phone, is_shared=True, scope=scope)
    person.save(update_fields=["phone_sealed", "phone_index", "phone_tail_index"])
    changing.note(
        person, KIND, "resident.phone_corrected", source=BY_THEM, by=by, at=at,
        before={"电话": before or "未填"}, after={"电话": masked_phone(person.phone)},
    )  # fmt: skip
    changing.push_remarks(person.county_id, [person.pk])
    return person
