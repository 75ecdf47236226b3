"""Changing a person's record: one officer at a time, from what that officer saw, and noted.

Locks are taken in one order everywhere: residents by id, then the division, then households by
id. Labelling and merging take their residents first as well.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import policies
from weijing.residents.mirror.contacts import live
from weijing.residents.models import Household, Resident, ResidentChange

ON_ROLL = (Resident.Lifecycle.ROLL,)
VERSION_CHARS = 12
# What two officers could overwrite for each other. Consent is the resident's own and not among it.
FACTS = (
    "household_id", "division_id", "household_role", "name", "phone_index", "id_number_index",
    "reach", "away_at", "primary_officer_id", "lifecycle",
)  # fmt: skip


class ChangedMeanwhile(DomainError):
    """Somebody else changed the record after this officer opened it."""

    def __init__(self) -> None:
        super().__init__("没有保存：你打开以后，这份资料被别人改过。现有内容没有动，请核对后再改。")


class NotOnTheRoll(DomainError):
    """Only people on the roll have a home, a role, a proxy."""


def version(person: Resident) -> str:
    """Differs after any change of the record's own facts; a form carries it back."""
    return _digest(str(getattr(person, name)) for name in FACTS)


def household_version(household: Household, member_ids: Iterable[int]) -> str:
    """The same for a household: its address, whether it lasts, and who belongs to it."""
    facts = (household.division_id, household.address, household.ended_on)
    return _digest([*map(str, facts), *map(str, sorted(member_ids))])


def open_record(
    person: Resident,
    *,
    by: Officer,
    scope: Scope,
    seen: str = "",
    lifecycles: Collection[str] = ON_ROLL,
) -> Resident:
    """The person's row, locked until the commit. `seen` is the version the officer had before them.

    Raises `PermissionDenied`, `NotOnTheRoll`, `ChangedMeanwhile`.
    """
    found = open_records([person], by=by, scope=scope, lifecycles=lifecycles)[0]
    if seen and seen != version(found):
        raise ChangedMeanwhile
    return found


def open_records(
    people: Collection[Resident],
    *,
    by: Officer,
    scope: Scope,
    lifecycles: Collection[str] = ON_ROLL,
) -> list[Resident]:
    """Several rows at once, locked in the order of their ids, and returned in it.

    Raises `PermissionDenied`, `NotOnTheRoll`, `ChangedMeanwhile` (one of them is gone).
    """
    found = lock(scope.county_id, [person.pk for person in people])
    if len(found) < len({person.pk for person in people}):
        raise ChangedMeanwhile
    for person in found:
        if scope.officer_id != by.pk or not policies.can_change(scope, person):
            raise PermissionDenied
        if person.lifecycle not in lifecycles:
            raise NotOnTheRoll(_not_so(person))
    return found


def lock(county_id: int, resident_ids: Collection[int]) -> list[Resident]:
    rows = Resident.objects.select_for_update(of=("self",)).filter(
        county_id=county_id, pk__in=resident_ids
    )
    return list(rows.select_related("division__parent__parent").order_by("pk"))


def note(
    person: Resident,
    kind: str,
    action: str,
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    by: Officer | None,
    at: datetime,
    source: str = ResidentChange.Source.OFFICER,
    **ids: int | str,
) -> None:
    """One line of the person's timeline, in words, and one of the trail, in ids."""
    ResidentChange.objects.create(
        county_id=person.county_id,
        resident=person,
        at=at,
        by=by,
        kind=kind,
        source=source,
        before=dict(before),
        after=dict(after),
    )
    trail.record(by, action, person, at=at, **ids)


def push_remarks(county_id: int, resident_ids: Collection[int]) -> None:
    """Have WeCom's remarks of these people's live contacts written anew, after the commit."""
    pairs = live(county_id).filter(identity__resident_id__in=resident_ids)
    for contact_id in pairs.values_list("pk", flat=True):
        jobs.enqueue("residents.push_remark", once=f"remark-{contact_id}", contact_id=contact_id)


def _digest(facts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:VERSION_CHARS]


def _not_so(person: Resident) -> str:
    if person.lifecycle == Resident.Lifecycle.PROVISIONAL:
        return "这位群众还没标注，请先标注姓名和住址。"
    state = person.get_lifecycle_display()
    return f"没有保存：这位群众现在的状态是「{state}」，请核对后再改。"
