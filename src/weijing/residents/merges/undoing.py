"""A merge taken back: everything that moved goes home, as far as nobody has moved it since.

What came to the person after the merge stays where it came to. A fact changed since stays changed.
A consent withdrawn since is withdrawn on both records: whose word it was, nobody can tell.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.clock import local_day
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import audience_changes, policies
from weijing.residents.figures import touching
from weijing.residents.masking import masked_name
from weijing.residents.merges import merging, putting_back, remembering
from weijing.residents.merges.remembering import Memory
from weijing.residents.models import Contact, DuplicatePair, MergeRecord, Resident, ResidentChange
from weijing.residents.record import changing
from weijing.residents.record.taking_turns import in_turn


class CannotUndo(DomainError):
    """Too late, done already, or something was built upon it."""


@dataclass(frozen=True)
class Undone:
    """What an undo did. `stayed` names facts (Chinese) that were changed since the merge."""

    record: MergeRecord
    put_back: int  # rows
    left: int  # rows that had moved on, or were removed
    stayed: list[str] = field(default_factory=list)
    withdrawn: int = 0  # consents taken back since the merge, now on both records

    @property
    def sentence(self) -> str:
        done = "拆分已撤销" if self.record.kind == MergeRecord.Kind.SPLIT else "合并已撤销"
        parts = [f"{done}，{self.put_back} 项内容放回原处"]
        if self.left:
            parts.append(f"{self.left} 项之后被改动或删除，没有放回")
        if self.stayed:
            parts.append(f"{'、'.join(self.stayed)}之后改过，保持改后的内容")
        if self.withdrawn:
            parts.append(f"之后撤回的 {self.withdrawn} 项同意，两份资料都按撤回处理")
        return "；".join(parts) + "。"


def undoable_until(record: MergeRecord) -> datetime:
    return record.at + remembering.UNDO_WITHIN


@in_turn
def undo(record: MergeRecord, *, by: Officer, scope: Scope, at: datetime) -> Undone:
    """Take back one merge or split; see the module for what came after it.

    Raises `PermissionDenied`, `CannotUndo`, `taking_turns.Busy`.
    """
    if scope.officer_id != by.pk or not policies.can_unite(scope):
        raise PermissionDenied
    rows = MergeRecord.objects.filter(county_id=scope.county_id)
    record = rows.get(pk=record.pk)
    # The records first, as everybody who merges does.
    people = changing.lock(scope.county_id, [record.survivor_id, record.absorbed_id])
    record = rows.select_for_update().get(pk=record.pk)
    survivor, absorbed = sorted(people, key=lambda person: person.pk != record.survivor_id)
    _check(record, survivor, absorbed, at=at)
    try:
        undone = _undo(record, survivor, absorbed, by=by, at=at)
    except IntegrityError as error:
        raise CannotUndo(
            "没有撤销：其中一份资料后来登记的内容与要放回的重复。请先处理重复的内容，再撤销。"
        ) from error
    return undone


def _check(record: MergeRecord, survivor: Resident, absorbed: Resident, *, at: datetime) -> None:
    if record.undone_at is not None:
        raise CannotUndo("这次合并或拆分已经撤销过了，没有再改动。")
    if at > undoable_until(record) or not record.before_sealed:
        raise CannotUndo("没有撤销：超过 30 天，合并前的内容已按规定清除。可以用「拆分」重新分开。")
    if later := built_upon(record):
        raise CannotUndo(_first_undo(later))
    duplicate = Resident.Lifecycle.DUPLICATE
    is_split = record.kind == MergeRecord.Kind.SPLIT
    if survivor.lifecycle == duplicate or (absorbed.lifecycle == duplicate) == is_split:
        raise CannotUndo("没有撤销：其中一份资料后来的状态变了。请核对两份资料后再处理。")


def built_upon(record: MergeRecord) -> MergeRecord | None:
    """The latest merge or split in force of one of the two records, after this one."""
    ids = [record.survivor_id, record.absorbed_id]
    later = MergeRecord.objects.filter(
        Q(survivor_id__in=ids) | Q(absorbed_id__in=ids),
        county_id=record.county_id,
        undone_at=None,
        pk__gt=record.pk,
    )
    return later.select_related("survivor", "absorbed").order_by("-pk").first()


def _first_undo(later: MergeRecord) -> str:
    day, names = local_day(later.at), [later.survivor.name, later.absorbed.name]
    who = " 和 ".join(map(masked_name, names))
    return (
        f"没有撤销：之后（{day.month} 月 {day.day} 日）这个人又有一次{later.get_kind_display()}"
        f"（{who}）。请先撤销那一次，再撤销这一次。"
    )


def _undo(
    record: MergeRecord, survivor: Resident, absorbed: Resident, *, by: Officer, at: datetime
) -> Undone:
    county_id, ids = record.county_id, [survivor.pk, absorbed.pk]
    memory = remembering.recall(record)
    touching.touch_residents(county_id, ids)
    withdrawn = putting_back.withdrawn_since(record)
    rows = putting_back.rows(record, memory)
    stayed = putting_back.facts(record, memory)
    putting_back.consents(record, memory, withdrawn)
    if record.kind == MergeRecord.Kind.SPLIT:
        merging.retire(county_id, [survivor.pk])
    else:
        _queue_again(record, memory, at=at)
    putting_back.homes_lived_in(county_id, memory)
    record.undone_at, record.undone_by = at, by
    record.save(update_fields=["undone_at", "undone_by"])
    undone = Undone(record, rows.put_back, rows.left, stayed, len(withdrawn))
    _note(undone, ids, by=by, at=at)
    touching.touch_residents(county_id, ids)
    audience_changes.people_and_tags(county_id, ids)
    changing.push_remarks(county_id, ids)
    merging.follow_up(county_id, at=at)
    return undone


def _queue_again(record: MergeRecord, memory: Memory, *, at: datetime) -> None:
    """Contacts that were labelled with the merge have to be labelled once more."""
    if memory.absorbed["lifecycle"] != Resident.Lifecycle.PROVISIONAL:
        return
    Contact.objects.filter(
        county_id=record.county_id,
        identity__resident_id=record.absorbed_id,
        labelled_at__gte=record.at,
    ).update(labelled_at=None, labelled_by=None)


def _note(undone: Undone, ids: Collection[int], *, by: Officer, at: datetime) -> None:
    record = undone.record
    for person in Resident.objects.filter(county_id=record.county_id, pk__in=ids).order_by("pk"):
        changing.note(
            person,
            ResidentChange.Kind.UNDONE,
            "resident.merge_undone",
            before={},
            after={"之后改过、没有放回": "、".join(undone.stayed)} if undone.stayed else {},
            by=by,
            at=at,
            merge=record.pk,
            rows=undone.put_back,
            left=undone.left,
        )
    first, second = sorted(ids)
    DuplicatePair.objects.filter(
        county_id=record.county_id,
        first_id=first,
        second_id=second,
        state=DuplicatePair.State.MERGED,
    ).update(state=DuplicatePair.State.OPEN, decided_by=None, decided_at=None)
