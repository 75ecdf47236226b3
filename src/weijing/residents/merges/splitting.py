"""One record that mixes two people: the second one gets a record of their own.

A shared phone, a wrong link, two names that sound alike. The officer says what belongs to the new
record; the rest stays. `undoing` takes a split back like a merge.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents import audience_changes, ordinals, policies
from weijing.residents.figures import touching
from weijing.residents.finding import names, searching
from weijing.residents.merges import choosing, merging, rehanging, remembering
from weijing.residents.merges.referring import by_key
from weijing.residents.merges.rehanging import Moved, Pair
from weijing.residents.merges.remembering import Row
from weijing.residents.models import (
    Contact,
    MergeRecord,
    Resident,
    ResidentChange,
    ResidentLink,
    WechatIdentity,
)
from weijing.residents.queries import visible_to
from weijing.residents.record import changing, filling
from weijing.residents.record.taking_turns import in_turn

# What may go to the new record. The name is asked for, and the state follows from the home.
FACTS_THAT_GO = ("phone", "id_number", "sex", "born_on")
IDENTITIES = "residents_wechatidentity.resident_id"
LINKS = "residents_residentlink.resident_id"


class CannotSplit(DomainError):
    """Nothing would go, or what was chosen is no longer there."""


@dataclass(frozen=True)
class Part:
    """What the second person gets. `rows`: ids by `Relation.key`; `facts`: of `FACTS_THAT_GO`.

    `same_home`: they live in the household of the first, on the roll; otherwise they wait to be
    labelled, as a stranger does.
    """

    name: str
    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    facts: Collection[str] = ()
    same_home: bool = False


@in_turn
def split(
    person: Resident, part: Part, *, seen: str = "", by: Officer, scope: Scope, at: datetime
) -> MergeRecord:
    """Make a new record of a part of `person`. The record's `survivor` is the new one.

    The new record has no consent: who was asked, nobody can tell any more.

    Raises `PermissionDenied`, `CannotSplit`, `filling.NotAName`, `changing.ChangedMeanwhile`,
    `taking_turns.Busy`.
    """
    if scope.officer_id != by.pk or not policies.can_unite(scope):
        raise PermissionDenied
    ordinal = ordinals.take(scope.county_id, 1)
    if not visible_to(scope).filter(pk=person.pk).exists():
        raise CannotSplit("没有拆分：这份资料刚刚并入了别的资料，或不归你管。请刷新后再看。")
    person = changing.lock(scope.county_id, [person.pk])[0]
    if seen and seen != changing.version(person):
        raise changing.ChangedMeanwhile
    facts = {name for name in part.facts if name in FACTS_THAT_GO}
    facts &= {name for name in FACTS_THAT_GO if choosing.told(person, name)}
    if not any(part.rows.values()) and not facts:
        raise CannotSplit("没有拆分：请至少选一项归新资料的内容，例如一个微信。")
    return _split(person, part, facts, ordinal, by=by, at=at)


def _split(
    person: Resident, part: Part, facts: Collection[str], ordinal: int, *, by: Officer, at: datetime
) -> MergeRecord:
    county_id = person.county_id
    new = _new_record(person, part, ordinal)
    pair = Pair(stranger=person.pk, resident=new.pk)
    before = remembering.rows(county_id, [person.pk, new.pk])
    moved = _move(person, new, _with_links(county_id, person, part.rows))
    _give(person, new, facts)
    unlabelled = {} if part.same_home else _unlabel(county_id, new)
    [record] = remembering.write(
        county_id,
        [pair],
        {person.pk: moved},
        before=before,
        by=by,
        at=at,
        kind=MergeRecord.Kind.SPLIT,
        unlabelled=unlabelled,
    )
    for one in (person, new):
        changing.note(
            one, ResidentChange.Kind.SPLIT, "resident.split", before={}, after={}, by=by, at=at,
            split=record.pk, rows=moved.count,
        )  # fmt: skip
    touching.touch_residents(county_id, [person.pk, new.pk])
    audience_changes.people_and_tags(county_id, [person.pk, new.pk])
    changing.push_remarks(county_id, [person.pk, new.pk])
    merging.follow_up(county_id, at=at)
    return record


def _new_record(person: Resident, part: Part, ordinal: int) -> Resident:
    name = filling.checked_name(part.name) if part.same_home else part.name.strip()[:60]
    if not name:
        raise CannotSplit("没有拆分：请填新资料的姓名，不知道的填微信昵称。")
    home = person.household if part.same_home else None
    new = Resident(
        county_id=person.county_id,
        ordinal=ordinal,
        name=name,
        household=home,
        division=person.division if part.same_home else None,
        grams=searching.grams(name, home.address if home else ""),
        lifecycle=person.lifecycle if part.same_home else Resident.Lifecycle.PROVISIONAL,
    )
    new.pinyin, new.initials = names.sound(name)
    new.save()
    return new


def _with_links(
    county_id: int, person: Resident, rows: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """The door that was sent to a WeChat account goes where the account goes."""
    chosen = {key: list(ids) for key, ids in rows.items()}
    links = ResidentLink.objects.filter(
        county_id=county_id, resident=person, identity_id__in=chosen.get(IDENTITIES, [])
    )
    chosen[LINKS] = sorted({*chosen.get(LINKS, []), *links.values_list("pk", flat=True)})
    return chosen


def _move(person: Resident, new: Resident, rows: Mapping[str, Sequence[int]]) -> Moved:
    moved = Moved()
    for key, ids in rows.items():
        if key not in by_key() or not ids:
            continue
        gone = rehanging.move_rows(
            person.county_id, by_key()[key], ids, source=person.pk, target=new.pk
        )
        if len(gone) < len(set(ids)):
            raise CannotSplit("没有拆分：选中的内容里有一项刚刚变了。请刷新后再选。")
        moved.rows[key] = gone
    return moved


def _give(person: Resident, new: Resident, facts: Collection[str]) -> None:
    if not facts:
        return
    columns = [column for name in facts for column in choosing.FACTS[name].columns]
    given = {name: getattr(person, name) for name in ("phone", "id_number")}
    kept = {column: getattr(person, column) for column in columns}
    for column in columns:
        setattr(person, column, "" if column == "sex" else None)
    person.save(update_fields=columns)
    for column, value in kept.items():
        setattr(new, column, value)
    for name in given:
        if name in facts:
            setattr(new, name, given[name])
    new.save(update_fields=columns)


def _unlabel(county_id: int, new: Resident) -> Row:
    """Who they are has to be said anew."""
    identities = WechatIdentity.objects.filter(county_id=county_id, resident=new)
    labelled = Contact.objects.filter(
        county_id=county_id, identity__in=identities, labelled_at__isnull=False
    )
    kept = {
        str(row.pk): [row.labelled_at.isoformat() if row.labelled_at else None, row.labelled_by_id]
        for row in labelled
    }
    Contact.objects.filter(county_id=county_id, pk__in=list(map(int, kept))).update(
        labelled_at=None, labelled_by=None
    )
    return kept
