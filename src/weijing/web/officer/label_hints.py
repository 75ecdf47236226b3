"""What the label page begins with, and whom of the roll it shows beside the form."""

from collections.abc import Sequence
from typing import Any

from weijing.audit import trail
from weijing.core import clock
from weijing.residents.labels import suggesting
from weijing.residents.labels.clues import Clues, clues, mobiles_of, way_of
from weijing.residents.labels.composing import village_of
from weijing.residents.labels.suggesting import Suggestion
from weijing.residents.masking import masked_name
from weijing.residents.models import Contact, Household, Resident
from weijing.territory.models import BeatDivision, Division
from weijing.territory.naming import short_name
from weijing.web.access import OfficerRequest

PURPOSE = "contact.label"
SHOWN_MATCHES = 4
SHOWN_REASONS = 3


def known(contact: Contact, resident: Resident, places: Sequence[Division]) -> dict[str, Any]:
    """What we know already, to begin with. A phone on record is not shown, only asked anew."""
    if resident.lifecycle == Resident.Lifecycle.PROVISIONAL or resident.division is None:
        return _noted(contact, places)
    return {
        "name": resident.name,
        **_place(resident.division, resident.household),
        "role": resident.household_role,
    }


def _noted(contact: Contact, places: Sequence[Division]) -> dict[str, Any]:
    """From the officer's remark in WeCom and the code scanned; nothing that has to be ticked."""
    noted, way = clues(contact, None).noted, way_of(contact)
    phone = next(iter(mobiles_of(contact)), noted.phone)
    found: dict[str, Any] = {"phone": phone, "name": noted.name, "role": noted.role}
    home = way.household if way else None
    if home is not None and home.division in places:
        return found | _place(home.division, home)
    group = next((place for place in places if _fits(place, noted.village, noted.group)), None)
    group = group or (
        _only_place(way.county_id, way.beat_id, places) if way and way.beat_id else None
    )
    return found | (_place(group, None) if group else {})


def _only_place(county_id: int, beat_id: int, places: Sequence[Division]) -> Division | None:
    """Of a beat that is one place: whoever scanned its code lives there, as a rule."""
    parts = BeatDivision.objects.filter(county_id=county_id, beat_id=beat_id)
    ids = set(parts.values_list("division_id", flat=True))
    return next((place for place in places if ids == {place.pk}), None)


def _fits(place: Division, village: str, group: str) -> bool:
    if not group or place.name != group or place.level != Division.Level.GROUP:
        return False
    return not village or village_of(place).short_name == short_name(village)


def _place(place: Division, household: Household | None) -> dict[str, str]:
    is_group = place.level == Division.Level.GROUP
    return {
        "village": village_of(place).code,
        "group": place.code if is_group else "",
        "house": household.address.removesuffix("号") if household else "",
    }


def matches(
    request: OfficerRequest, contact: Contact, known_clues: Clues | None
) -> tuple[list[dict[str, Any]], int]:
    """People on the roll who may be this one, and how many more; showing them is a reading."""
    if known_clues is None:
        return [], 0
    found = suggesting.suggestions(contact, known_clues, scope=request.scope)
    shown = found[:SHOWN_MATCHES]
    trail.viewed(
        request.user,
        Resident._meta.label_lower,
        [match.resident.pk for match in shown],
        purpose=PURPOSE,
        at=clock.now(),
    )
    return [_match(match, known_clues) for match in shown], len(found) - len(shown)


def _match(match: Suggestion, known_clues: Clues) -> dict[str, Any]:
    """The name in full only when the officer has written just that."""
    person = match.resident
    home = f" {person.household.address}" if person.household else ""
    is_written = person.name in (known_clues.typed_name, known_clues.noted.name)
    return {
        "pk": person.pk,
        "name": person.name if is_written else masked_name(person.name),
        "place": f"{person.division.name}{home}" if person.division else "",
        "born": person.born_on.year if person.born_on else None,
        "reason": "、".join(match.reasons[:SHOWN_REASONS]),
    }
