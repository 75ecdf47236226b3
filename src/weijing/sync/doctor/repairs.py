"""Repairs that are safe to make without asking anybody. Each leaves a trace."""

from collections.abc import Callable

from django.db import connection

from weijing.audit import trail
from weijing.core import jobs
from weijing.residents import audience_changes
from weijing.residents.models import Resident
from weijing.residents.ways import comparing, keeping
from weijing.sync.contacts_full import read_all
from weijing.sync.doctor.checks import Patient
from weijing.sync.doctor.people import CONSENTS_IN_FORCE
from weijing.sync.models import ContactRefresh, InboxEvent
from weijing.sync.refreshing import refresh_due
from weijing.sync.wishes import wish_all


def consents(patient: Patient) -> int:
    """Keep on each resident exactly the consents that are on record. Returns how many changed."""
    county_id = patient.county.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE residents_resident person SET consents = wanted.scopes FROM ("  # noqa: S608
            "SELECT everyone.id, coalesce(force.scopes, '{}')::text[] AS scopes "
            f"FROM residents_resident everyone LEFT JOIN ({CONSENTS_IN_FORCE}) AS force "
            "ON force.resident_id = everyone.id WHERE everyone.county_id = %(county)s) AS wanted "
            "WHERE person.county_id = %(county)s AND person.id = wanted.id AND wanted.scopes <> "
            "(SELECT coalesce(array_agg(scope::text ORDER BY scope), '{}') "
            "FROM unnest(person.consents) AS scope) RETURNING person.id",
            {"county": county_id},
        )
        changed = [row[0] for row in cursor.fetchall()]
    audience_changes.people(county_id, changed)
    for resident in Resident.objects.filter(county_id=county_id, pk__in=changed):
        trail.record(None, "resident.consents_repaired", resident, at=patient.at)
    return len(changed)


def parked(patient: Patient) -> int:
    """Try once more what was given up: callbacks, contacts, deletions of codes. How many."""
    county_id = patient.county.pk
    rows = ContactRefresh.objects.filter(county_id=county_id).exclude(parked_because="")
    names = list(rows.values_list("external_userid", flat=True))
    wish_all(county_id, names, at=patient.at)
    events = InboxEvent.objects.filter(outcome=InboxEvent.Outcome.PARKED)
    callbacks = events.update(outcome="", attempts=0, note="")
    return len(names) + callbacks + keeping.retry_parked(county_id, at=patient.at)


def contacts(patient: Patient) -> int:
    """Read every contact afresh. Returns how many were new or changed; the run is on record."""
    assert patient.wecom is not None
    numbers = read_all(patient.county.pk, patient.wecom)
    while refresh_due(patient.county.pk, patient.wecom, at=patient.at).done:
        pass
    return numbers.changed


def tags(patient: Patient) -> int:
    """Have the worker compare the tag library and the tags on every pair."""
    return int(jobs.enqueue("tags.sync_catalogue", county_id=patient.county.pk))


def ways(patient: Patient) -> int:
    """Delete codes of ours that no row knows; make or change the others. Returns how many."""
    assert patient.wecom is not None
    return comparing.repair(patient.county.pk, wecom=patient.wecom, at=patient.at)


REPAIRS: dict[str, Callable[[Patient], int]] = {
    "consents": consents,
    "parked": parked,
    "contacts": contacts,
    "tags": tags,
    "ways": ways,
}
NEED_WECOM = {"contacts", "ways"}
