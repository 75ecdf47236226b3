"""Strangers turn out to be people of the roll: all that hangs on the one moves to the other.

The way for thousands at once, which linking and labelling take; nobody chooses anything, the
roll's word stands. Two records that an officer compares become one in `uniting`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.core import jobs
from weijing.core.errors import DomainError
from weijing.residents import audience_changes, consent
from weijing.residents.figures import touching
from weijing.residents.merges import rehanging, remembering
from weijing.residents.merges.rehanging import Pair as Pair  # callers know it from here
from weijing.residents.models import ConsentRecord, MergeRecord, Resident

FOLLOW_UP_AFTER = timedelta(minutes=2)  # the transactions of this moment are over by then


class CannotMerge(DomainError):
    """The records are not what they were when they were chosen."""


@transaction.atomic
def merge(county_id: int, pairs: Collection[Pair], *, by: Officer | None, at: datetime) -> None:
    """Move identities, consents, tags and all else; set-based, for one pair or many thousand.

    The stranger's row stays as a duplicate, and a `MergeRecord` keeps how to undo it.

    Raises `CannotMerge` unless every stranger is provisional, named once, and every target stands
    on the roll.
    """
    if not pairs:
        return
    strangers = [pair.stranger for pair in pairs]
    residents = [pair.resident for pair in pairs]
    _lock(county_id, strangers, residents)
    before = remembering.rows(county_id, [*strangers, *residents])
    moved = rehanging.move(county_id, pairs)
    recompute_consents(county_id, residents)
    retire(county_id, strangers)
    records = remembering.write(county_id, [*pairs], moved, before=before, by=by, at=at)
    _note(records)
    touching.touch_residents(county_id, residents)
    audience_changes.people_and_tags(county_id, [*strangers, *residents])
    follow_up(county_id, at=at)


def recompute_consents(county_id: int, residents: Collection[int]) -> None:
    """What the latest word on each scope was, whichever row it was said to."""
    records: dict[int, list[ConsentRecord]] = {}
    touched = Resident.objects.filter(county_id=county_id, pk__in=residents)
    for record in ConsentRecord.objects.filter(county_id=county_id, resident__in=touched):
        records.setdefault(record.resident_id, []).append(record)
    if not records:
        return
    changed = []
    for resident in touched.filter(pk__in=list(records)).only("pk", "county_id", "consents"):
        resident.consents = words_in_force(records[resident.pk])
        changed.append(resident)
    Resident.objects.bulk_update(changed, ["consents"], batch_size=1_000)


def words_in_force(records: Collection[ConsentRecord]) -> list[str]:
    """Of two records that became one: the latest word on each scope, and no scope older than a no.

    Who took back being a contact on the one record took back what the other one held as well.
    """
    refusals = [
        (record.at, record.pk)
        for record in records
        if record.scope == consent.CONTACT and not record.given
    ]
    if refusals:
        records = [record for record in records if (record.at, record.pk) > max(refusals)]
    return consent.in_force(records)


def retire(county_id: int, residents: Collection[int]) -> None:
    """They count no more, and nobody may write to them."""
    rows = Resident.objects.filter(county_id=county_id, pk__in=residents)
    rows.update(lifecycle=Resident.Lifecycle.DUPLICATE, consents=[])


def follow_up(county_id: int, *, at: datetime) -> None:
    """A release or a reading under way did not know yet: what it wrote follows (`following`)."""
    jobs.enqueue(
        "residents.follow_merges",
        once=f"follow-merges-{county_id}",
        at=at + FOLLOW_UP_AFTER,
        county_id=county_id,
    )


def _lock(county_id: int, strangers: list[int], residents: list[int]) -> None:
    # In one order, so that two merges that share a person wait instead of blocking each other.
    rows = Resident.objects.filter(county_id=county_id, pk__in=[*strangers, *residents])
    lifecycles = dict(rows.select_for_update().order_by("pk").values_list("pk", "lifecycle"))
    provisional = Resident.Lifecycle.PROVISIONAL
    if (
        len(set(strangers)) < len(strangers)
        or any(lifecycles.get(pk) != provisional for pk in strangers)
        or any(lifecycles.get(pk) != Resident.Lifecycle.ROLL for pk in residents)
    ):
        raise CannotMerge("这个人的资料刚刚被别人改过，请刷新后再看。")


def _note(records: Collection[MergeRecord]) -> None:
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                county_id=record.county_id,
                at=record.at,
                actor=record.by,
                action="resident.merged",
                object_type=Resident._meta.label_lower,
                object_id=record.survivor_id,
                details={"stranger": record.absorbed_id, "merge": record.pk},
            )
            for record in records
        ),
        batch_size=2_000,
    )
