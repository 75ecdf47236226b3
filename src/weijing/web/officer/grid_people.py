"""People of the own grid beside the officer's contacts: found, marked, opened lately."""

from typing import Any

from weijing.audit import trail
from weijing.core import clock
from weijing.residents.finding import favourites, searching
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident
from weijing.web.access import OfficerRequest

MAX_FOUND = 20
MAX_KNOWN = 8


def beside(request: OfficerRequest, text: str, known: set[int]) -> dict[str, Any]:
    """With a text, who fits it and is none of the contacts `known`; without, whom one knows."""
    if not text:
        return _familiar(request)
    found = searching.look(text, scope=request.scope, limit=MAX_FOUND)
    others = [person for person in found.people if person.pk not in known]
    _note(request, others, "contact.search")
    return {
        "others": [_row(person) for person in others],
        # Contacts that fit exactly make what only looks alike a nuisance.
        "nearly": found.nearly,
    }


def _familiar(request: OfficerRequest) -> dict[str, Any]:
    lately = favourites.opened_lately(request.scope, limit=MAX_KNOWN, at=clock.now())
    marked = favourites.favourites_of(request.scope).select_related("household", "division__parent")
    shown = list(marked[:MAX_KNOWN])
    _note(request, [*lately, *shown], "contacts.known")
    return {"lately": [_row(one) for one in lately], "marked": [_row(one) for one in shown]}


def _note(request: OfficerRequest, people: list[Resident], purpose: str) -> None:
    ids = list(dict.fromkeys(person.pk for person in people))
    trail.viewed(request.user, Resident._meta.label_lower, ids, purpose=purpose, at=clock.now())


def _row(person: Resident) -> dict[str, Any]:
    return {"pk": person.pk, "name": masked_name(person.name), "place": place_of(person)}


def place_of(person: Resident) -> str:
    """`桃李村1组 12号 · 户主`."""
    place = person.division
    if place is None:
        return ""
    village = f"{place.parent.name} " if place.level == "group" and place.parent else ""
    home = f" {person.household.address}" if person.household else ""
    role = f" · {person.get_household_role_display()}" if person.household_role else ""
    return f"{village}{place.name}{home}{role}"
