"""Records united, split or taken apart again, with the tags that officers see in WeCom."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError
from weijing.residents.merges import choosing, duplicates, splitting, undoing, uniting
from weijing.residents.merges.undoing import Undone
from weijing.residents.models import DuplicatePair, MergeRecord, Resident
from weijing.tags import projecting
from weijing.tags.catalogue import carrying

MAX_PAIRS = 100


class NeedsALook(DomainError):
    """Two ID numbers, say: nobody says so from a list."""


@dataclass
class Batch:
    """What became of the pairs chosen from a list. `refused` holds a sentence for each."""

    merged: list[MergeRecord] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@transaction.atomic
def unite(
    survivor: Resident,
    absorbed: Resident,
    *,
    take: Collection[str] | None = None,
    seen: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> MergeRecord:
    """See `residents.uniting.unite`."""
    record = uniting.unite(survivor, absorbed, take=take, seen=seen, by=by, scope=scope, at=at)
    projecting.want(record.county_id, [record.survivor_id], at=at)
    return record


@transaction.atomic
def undo(record: MergeRecord, *, by: Officer, scope: Scope, at: datetime) -> Undone:
    """See `residents.undoing.undo`."""
    undone = undoing.undo(record, by=by, scope=scope, at=at)
    carrying.settle(record.county_id, at=at)  # a tag may have ended since the two were joined
    _want_both(record, at=at)
    return undone


@transaction.atomic
def split(
    person: Resident,
    part: splitting.Part,
    *,
    seen: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> MergeRecord:
    """See `residents.splitting.split`."""
    record = splitting.split(person, part, seen=seen, by=by, scope=scope, at=at)
    _want_both(record, at=at)
    return record


def unite_pairs(pair_ids: Collection[int], *, by: Officer, scope: Scope, at: datetime) -> Batch:
    """Each pair by itself: one that cannot be merged does not hold up the others.

    The fuller record stays, and what it does not say is taken from the other.
    """
    batch = Batch()
    for pair in duplicates.to_review(scope).filter(pk__in=list(pair_ids)[:MAX_PAIRS]):
        try:
            batch.merged.append(_unite_pair(pair, by=by, scope=scope, at=at))
        except DomainError as refusal:
            batch.refused.append(str(refusal))
    return batch


def _unite_pair(pair: DuplicatePair, *, by: Officer, scope: Scope, at: datetime) -> MergeRecord:
    survivor, absorbed = duplicates.survivor_of(pair)
    if not can_unite_unseen(survivor, absorbed):
        raise NeedsALook("两份都有身份证号，请打开逐项核对后再合并。")
    return unite(survivor, absorbed, by=by, scope=scope, at=at)


def can_unite_unseen(survivor: Resident, absorbed: Resident) -> bool:
    """From the list; two ID numbers want a look at both records."""
    return not all(choosing.told(person, "id_number") for person in (survivor, absorbed))


def _want_both(record: MergeRecord, *, at: datetime) -> None:
    projecting.want(record.county_id, [record.survivor_id, record.absorbed_id], at=at)
