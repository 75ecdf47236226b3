"""Two records that an officer has compared become one.

The officer chooses which record stays and whose word stands for each fact. Everything that refers
to the other moves; `undoing` takes it back for 30 days.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import PermissionDenied
from weijing.residents import audience_changes, policies
from weijing.residents.figures import touching
from weijing.residents.merges import choosing, merging, rehanging, remembering
from weijing.residents.merges.merging import CannotMerge
from weijing.residents.merges.rehanging import Pair
from weijing.residents.models import DuplicatePair, MergeRecord, Resident, ResidentChange
from weijing.residents.queries import visible_to
from weijing.residents.record import changing, homes
from weijing.residents.record.taking_turns import in_turn


class ChangedSinceCompared(CannotMerge):
    """The officer decided on what they saw; that is no longer so."""

    def __init__(self) -> None:
        super().__init__("没有合并：你打开以后，其中一份资料有变动。请再核对一遍，然后合并。")


def what_was_seen(first: Resident, second: Resident) -> str:
    """Differs after any change of the two records, or of what hangs on either of them."""
    seen = []
    for person in sorted((first, second), key=lambda person: person.pk):
        rows = rehanging.count(person.county_id, person.pk)
        seen.append(f"{person.pk} {changing.version(person)} {sorted(rows.items())}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]


@in_turn
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
    """`absorbed` is `survivor`: one record stays, and all that referred to the other with it.

    `take` names the facts (`choosing.FACTS`) in which the absorbed record's word stands; None takes
    what the survivor does not say. `seen` is `what_was_seen` as the officer had it. Of each consent
    the latest word counts, whichever record it was given to.

    Raises `PermissionDenied`, `CannotMerge`, `ChangedSinceCompared`, `taking_turns.Busy`.
    """
    if survivor.pk == absorbed.pk:
        raise CannotMerge("没有合并：选的是同一份资料。请选另一份。")
    locked = _locked(survivor, absorbed, by=by, scope=scope)
    survivor, absorbed = locked[survivor.pk], locked[absorbed.pk]
    if seen and seen != what_was_seen(survivor, absorbed):
        raise ChangedSinceCompared
    return _unite(survivor, absorbed, take, by=by, at=at)


def _locked(
    survivor: Resident, absorbed: Resident, *, by: Officer, scope: Scope
) -> dict[int, Resident]:
    if scope.officer_id != by.pk or not policies.can_unite(scope):
        raise PermissionDenied
    ids = [survivor.pk, absorbed.pk]
    found = {person.pk: person for person in changing.lock(scope.county_id, ids)}
    seen = set(visible_to(scope).filter(pk__in=ids).values_list("pk", flat=True))
    if len(found) < 2 or len(seen) < 2:
        raise CannotMerge("没有合并：其中一份资料刚刚并入了别的资料，或不归你管。请刷新后再看。")
    return found


def _unite(
    survivor: Resident,
    absorbed: Resident,
    take: Collection[str] | None,
    *,
    by: Officer,
    at: datetime,
) -> MergeRecord:
    county_id, pair = survivor.county_id, Pair(absorbed.pk, survivor.pk)
    taken = choosing.default(survivor, absorbed) if take is None else set(take)
    taken &= choosing.offered(survivor, absorbed)
    before = remembering.rows(county_id, [survivor.pk, absorbed.pk])
    left_homes = [survivor.household_id, absorbed.household_id]
    touching.touch_residents(county_id, [survivor.pk, absorbed.pk])
    _write_facts(survivor, absorbed, taken)
    moved = rehanging.move(county_id, [pair])
    merging.recompute_consents(county_id, [survivor.pk])
    merging.retire(county_id, [absorbed.pk])
    ended = _end_homes(county_id, left_homes, at=at)
    records = remembering.write(
        county_id, [pair], moved, before=before, ended_homes=ended, by=by, at=at
    )
    _note(records[0], survivor, taken, by=by, at=at)
    touching.touch_residents(county_id, [survivor.pk])
    audience_changes.people_and_tags(county_id, [survivor.pk, absorbed.pk])
    changing.push_remarks(county_id, [survivor.pk])
    merging.follow_up(county_id, at=at)
    return records[0]


def _write_facts(survivor: Resident, absorbed: Resident, taken: Collection[str]) -> None:
    choosing.take(survivor, absorbed, taken)
    if "id_number" in taken:
        absorbed.save(update_fields=["id_number_sealed", "id_number_index"])
    columns = [column for name in taken for column in choosing.FACTS[name].columns]
    if columns:
        fields = [column.removesuffix("_id") for column in columns]
        survivor.save(update_fields=[*fields, "grams"])


def _end_homes(county_id: int, left: Collection[int | None], *, at: datetime) -> list[int]:
    """Of the households the two lived in, those where nobody is left."""
    homes.lock(county_id, left)
    ids = sorted({pk for pk in left if pk is not None})
    return [pk for pk in ids if homes.end_if_empty(county_id, pk, at=at)]


def _note(
    record: MergeRecord, survivor: Resident, taken: Collection[str], *, by: Officer, at: datetime
) -> None:
    county_id, absorbed_id = record.county_id, record.absorbed_id
    labels = [choosing.FACTS[name].label for name in choosing.FACTS if name in taken]
    changing.note(
        survivor,
        ResidentChange.Kind.MERGED,
        "resident.united",
        before={},
        after={"采用另一份的": "、".join(labels)} if labels else {},
        by=by,
        at=at,
        merge=record.pk,
        absorbed=absorbed_id,
        rows=sum(map(len, record.moved.values())),
    )
    first, second = sorted((survivor.pk, absorbed_id))
    pairs = DuplicatePair.objects.filter(county_id=county_id, first_id=first, second_id=second)
    pairs.filter(~Q(state=DuplicatePair.State.MERGED)).update(
        state=DuplicatePair.State.MERGED, decided_by=by, decided_at=at
    )
