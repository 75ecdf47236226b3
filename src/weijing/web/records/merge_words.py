"""Records side by side in words: what each says, where they differ, what would move."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.merges import choosing, rehanging
from weijing.residents.merges.remembering import UNDO_WITHIN
from weijing.residents.models import MergeRecord, Resident
from weijing.territory import queries as territory

# What hangs on a record, as people call it. Tables of parts to come are counted as 其他记录.
THINGS = {
    "residents_wechatidentity.resident_id": "微信号",
    "tags_tagassignment.resident_id": "标签",
    "residents_consentrecord.resident_id": "同意与撤回记录",
    "campaigns_delivery.resident_id": "群发记录",
    "residents_residentlink.resident_id": "本人页面链接",
    "residents_identitysharer.resident_id": "共用微信",
    "residents_representative.resident_id": "监护人或代收人",
    "residents_representative.person_id": "代收的对象",
    "residents_residentchange.resident_id": "资料变更记录",
    "residents_favourite.resident_id": "常用联系人",
    "residents_rollconflict.resident_id": "名册待决定项",
    "residents_rollabsence.resident_id": "名册缺失项",
}
OTHER = "其他记录"


@dataclass(frozen=True)
class Line:
    """One fact of both records. `taken` is the id of the record whose word is proposed."""

    name: str
    label: str
    sides: tuple[tuple[int, str], tuple[int, str]]  # id of the record, what it says
    differs: bool
    taken: int
    can_choose: bool


def lines(first: Resident, second: Resident, *, kept: Resident) -> list[Line]:
    """All facts that at least one of the two says; those that differ come first."""
    other = second if kept.pk == first.pk else first
    taken, differing = choosing.default(kept, other), choosing.differing(first, second)
    found = []
    for name, fact in choosing.FACTS.items():
        said = (shown(first, name), shown(second, name))
        sides = ((first.pk, said[0]), (second.pk, said[1]))
        if any(said):
            proposed = other.pk if name in taken else kept.pk
            offered = name in choosing.offered(first, second) & choosing.offered(second, first)
            can_choose = name in differing and offered
            found.append(Line(name, fact.label, sides, name in differing, proposed, can_choose))
    return sorted(found, key=lambda line: not line.differs)


def shown(person: Resident, name: str) -> str:
    """What the record says; phones and ID numbers masked."""
    match name:
        case "phone":
            return masked_phone(person.phone)
        case "id_number":
            return masked_id_number(person.id_number)
        case "home":
            return address(person)
        case "primary_officer":
            return person.primary_officer.name if person.primary_officer else ""
        case "sex" | "household_role" | "reach" | "lifecycle":
            value = getattr(person, name)
            return str(getattr(person, f"get_{name}_display")()) if value else ""
        case "born_on":
            return person.born_on.isoformat() if person.born_on else ""
    return str(getattr(person, name) or "")


def address(person: Resident) -> str:
    where = territory.path_name(person.division) if person.division else ""
    door = person.household.address if person.household else ""
    return " ".join(part for part in (where, door) if part)


def masked_id_number(number: str) -> str:
    return f"{'*' * 14}{number[-4:]}" if number else ""


def in_short(person: Resident, contacts: int) -> dict[str, Any]:
    """A record in a list: masked."""
    return {
        "pk": person.pk,
        "name": masked_name(person.name) or "微信用户",
        "facts": [
            fact
            for fact in (
                address(person) or "住址不详",
                masked_phone(person.phone),
                f"{person.born_on.year} 年生" if person.born_on else "",
                "有身份证号" if person.id_number_index else "",
                f"{contacts} 个微信" if contacts else "没有微信",
            )
            if fact
        ],
        "state": person.get_lifecycle_display(),
        "is_stranger": person.lifecycle == Resident.Lifecycle.PROVISIONAL,
    }


def things(county_id: int, people: Collection[Resident]) -> list[tuple[str, list[int]]]:
    """What hangs on each of the records, in words and numbers."""
    counted = [rehanging.count(county_id, person.pk) for person in people]
    return _added(counted)


def _added(counted: list[dict[str, int]]) -> list[tuple[str, list[int]]]:
    rows = []
    for word in dict.fromkeys([*THINGS.values(), OTHER]):
        numbers = [
            sum(n for key, n in one.items() if THINGS.get(key, OTHER) == word) for one in counted
        ]
        if any(numbers):
            rows.append((word, numbers))
    return rows


def moved(record: MergeRecord) -> list[tuple[str, int]]:
    """What a merge or split moved."""
    counted = {key: len(ids) for key, ids in record.moved.items()}
    return [(word, numbers[0]) for word, numbers in _added([counted])]


def in_history(record: MergeRecord, *, at: Any) -> dict[str, Any]:
    until = record.at + UNDO_WITHIN
    return {
        "record": record,
        "is_split": record.kind == MergeRecord.Kind.SPLIT,
        "survivor": masked_name(record.survivor.name) or "微信用户",
        "absorbed": masked_name(record.absorbed.name) or "微信用户",
        "moved": sum(map(len, record.moved.values())),
        "until": until,
        "can_undo": record.undone_at is None and at <= until,
    }
