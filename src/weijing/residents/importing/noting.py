"""Writing down what a roll changed and what it left to a person: whole batches by COPY."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from weijing.core.env import keyring
from weijing.core.ids import new_ids
from weijing.core.sealed import place
from weijing.residents.importing.copy_rows import escape
from weijing.residents.importing.copying import put_lines
from weijing.residents.importing.differing import Difference
from weijing.residents.importing.homes_differing import HomeDifference
from weijing.residents.importing.verdicts import TITLES, Verdict
from weijing.residents.masking import masked_phone
from weijing.residents.models import Resident, ResidentChange, RollConflict

Kind = ResidentChange.Kind
KINDS = {"household": Kind.HOUSEHOLD, "place": Kind.HOUSEHOLD, "address": Kind.HOUSEHOLD,
         "role": Kind.ROLE, "lifecycle": Kind.LIFECYCLE}  # fmt: skip


def shown(field: str, text: str) -> str:
    """A cell in the words of the timeline; a phone masked."""
    if field == "phone":
        return masked_phone(text) or "未填"
    choices: dict[str, dict[str, str]] = {
        "role": dict(Resident.HouseholdRole.choices),
        "sex": dict(Resident.Sex.choices),
        "lifecycle": dict(Resident.Lifecycle.choices),
    }
    return str(choices.get(field, {}).get(text, text)) or "未填"


def changes(
    county_id: int, differences: Iterable[Difference], *, by_id: int | None, at: datetime
) -> None:
    """A line in the timeline of everybody whom the roll changed. Of one person stand together."""
    taken = [one for one in differences if one.verdict == Verdict.TAKE]
    people = [list(of_one) for _, of_one in groupby(taken, key=lambda one: one.resident_id)]
    lines = (
        _change(county_id, id, of_one, by_id, at)
        for id, of_one in zip(new_ids(len(people)) if people else (), people, strict=True)
    )
    columns = "county_id, id, resident_id, at, by_id, kind, source, before, after"
    put_lines(f"{ResidentChange._meta.db_table} ({columns})", ["".join(lines).encode()])


def home_changes(
    county_id: int, differences: Iterable[HomeDifference], *, by_id: int | None, at: datetime
) -> list[int]:
    """The same for everybody who lives in a household that the roll changed. Their ids."""
    taken: dict[int, list[HomeDifference]] = {}
    for one in differences:
        if one.verdict == Verdict.TAKE:
            taken.setdefault(one.household_id, []).append(one)
    members = Resident.objects.filter(
        county_id=county_id, household_id__in=list(taken), lifecycle=Resident.Lifecycle.ROLL
    ).values_list("pk", "household_id")
    pairs = [(pk, home_id) for pk, home_id in members.order_by("pk") if home_id is not None]
    of_members = (
        Difference(0, 0, pk, one.field, one.ours, one.theirs, one.verdict)
        for pk, home_id in pairs
        for one in taken[home_id]
    )
    changes(county_id, of_members, by_id=by_id, at=at)
    return [pk for pk, _ in pairs]


def _change(
    county_id: int, id: int, of_one: list[Difference], by_id: int | None, at: datetime
) -> str:
    kinds = [KINDS.get(one.field, Kind.CORRECTED) for one in of_one]
    before = {TITLES[one.field]: shown(one.field, one.ours) for one in of_one}
    after = {TITLES[one.field]: shown(one.field, one.theirs) for one in of_one}
    by = by_id if by_id is not None else r"\N"
    return (
        f"{county_id}\t{id}\t{of_one[0].resident_id}\t{at.isoformat()}\t{by}\t{kinds[0].value}\t"
        f"roll\t{_json(before)}\t{_json(after)}\n"
    )


def _json(texts: Mapping[str, str]) -> str:
    return escape(json.dumps(texts, ensure_ascii=False))


def conflicts(county_id: int, import_id: int, differences: Iterable[Difference]) -> int:
    """Put what a person must decide into the queue. How many."""
    open_ones = [one for one in differences if one.verdict == Verdict.CONFLICT]
    ids = new_ids(len(open_ones)) if open_ones else []
    lines = (
        f"{county_id}\t{id}\t{import_id}\t{one.resident_id}\t{one.row}\t{one.field}\t"
        f"{_sealed(id, 'ours', one.ours)}\t{_sealed(id, 'theirs', one.key or one.theirs)}\topen\n"
        for id, one in zip(ids, open_ones, strict=True)
    )
    columns = (
        "county_id, id, roll_import_id, resident_id, row_number, field, ours_sealed, "
        "theirs_sealed, state"
    )
    put_lines(f"{RollConflict._meta.db_table} ({columns})", ["".join(lines).encode()])
    return len(open_ones)


def supersede(county_id: int, differences: Iterable[Difference], *, at: datetime) -> None:
    """What this roll asks anew is not asked of the earlier ones any more; ours stood until now."""
    for one in differences:
        RollConflict.objects.filter(
            county_id=county_id, resident_id=one.resident_id, field=one.field,
            state=RollConflict.State.OPEN,
        ).update(state=RollConflict.State.KEPT, decided_at=at)  # fmt: skip


def _sealed(id: int, side: str, text: str) -> str:
    if not text:
        return r"\N"
    where = place(RollConflict._meta.db_table, f"{side}_sealed", id)
    return f"\\\\x{keyring().seal(text, place=where).hex()}"
