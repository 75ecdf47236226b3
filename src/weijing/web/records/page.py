"""What the record of one person shows, at the desk and on an officer's phone."""

from typing import Any

from django.db.models import Q

from weijing.core import clock
from weijing.residents import policies
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import Contact, IdentitySharer, Representative, Resident
from weijing.residents.record import answering, representing, sharing
from weijing.tags.queries import carried_by
from weijing.territory import queries as territory
from weijing.web.records import acts
from weijing.web.records.events import steps
from weijing.web.records.form import Acting
from weijing.web.records.people_choice import members_beside


def record(acting: Acting) -> dict[str, Any]:
    """Context of both templates. Others than the person are masked."""
    person = acting.person
    may_change = policies.can_change(acting.scope, person)
    members = members_beside(person)
    return {
        "person": person,
        "where": territory.path_name(person.division) if person.division else "",
        "phone": masked_phone(person.phone),
        "may_change": may_change,
        "acts": acts.possible(person) if may_change else frozenset(),
        "is_child": representing.is_child(person, acting.at),
        "answers": answering.officers_of([person], at=acting.at).get(person.pk),
        "members": [(one, masked_name(one.name)) for one in members],
        "has_head": _has_head([person, *members]),
        "pairs": _pairs(person),
        "stand_ins": _stand_ins(person),
        "stands_for": [
            (row, masked_name(row.resident.name)) for row in representing.stands_in_for(person)
        ],
        "sharers": _sharers(person),
        "shared": [
            (row, masked_name(row.identity.resident.name)) for row in sharing.shared_by(person)
        ],
        "tags": list(carried_by(person, on=clock.local_day(acting.at))),
        "steps": steps(person),
    }


def _has_head(people: list[Resident]) -> bool:
    head = Resident.HouseholdRole.HEAD
    return any(one.household_role == head for one in people)


def _pairs(person: Resident) -> list[Contact]:
    """Of the person's accounts and of those they share, the latest first."""
    mine = Q(identity__resident=person) | Q(identity__sharers__resident=person)
    pairs = Contact.objects.filter(mine, county_id=person.county_id).distinct()
    return list(pairs.select_related("officer", "labelled_by", "identity").order_by("-added_at"))


def _stand_ins(person: Resident) -> list[tuple[Representative, str, bool]]:
    """Each with a masked name, and whether a message would arrive."""
    rows = list(representing.in_force(person))
    reached = set(
        representing.reachable(person.county_id)
        .filter(pk__in=[row.person_id for row in rows])
        .values_list("pk", flat=True)
    )
    return [(row, masked_name(row.person.name), row.person_id in reached) for row in rows]


def _sharers(person: Resident) -> list[tuple[IdentitySharer, str]]:
    """Who else uses the person's accounts."""
    rows = IdentitySharer.objects.filter(
        county_id=person.county_id, identity__resident=person
    ).select_related("resident", "identity")
    return [(row, masked_name(row.resident.name)) for row in rows.order_by("recorded_at", "pk")]
