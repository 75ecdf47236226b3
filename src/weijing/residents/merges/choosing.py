"""Of two records of one person, whose word stands: fact by fact, columns that belong together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from weijing.residents.finding import searching
from weijing.residents.models import Resident


@dataclass(frozen=True)
class Fact:
    """Columns that stand or fall together; `told_by` says whether they are filled, and equal."""

    label: str
    columns: tuple[str, ...]
    told_by: str


FACTS: dict[str, Fact] = {
    "name": Fact("姓名", ("name", "pinyin", "initials"), "name"),
    "phone": Fact("电话", ("phone_sealed", "phone_index", "phone_tail_index"), "phone_index"),
    # The roll's digest belongs to the row that the roll finds by this number.
    "id_number": Fact(
        "身份证号", ("id_number_sealed", "id_number_index", "roll_digest"), "id_number_index"
    ),
    "sex": Fact("性别", ("sex",), "sex"),
    "born_on": Fact("出生日期", ("born_on",), "born_on"),
    "home": Fact("住址", ("household_id", "division_id"), "division_id"),
    "household_role": Fact("与户主关系", ("household_role",), "household_role"),
    "reach": Fact("联系方式", ("reach",), "reach"),
    "away_at": Fact("外出地", ("away_at",), "away_at"),
    "primary_officer": Fact("责任民辅警", ("primary_officer_id",), "primary_officer_id"),
    "lifecycle": Fact("状态", ("lifecycle",), "lifecycle"),
}
_SEALED = {"phone": "phone", "id_number": "id_number"}  # bound to the row, so sealed anew


def fact_of(column: str) -> str | None:
    return next((name for name, fact in FACTS.items() if column in fact.columns), None)


def told(person: Resident, name: str) -> Any:
    """What is compared: empty when the record does not say it."""
    if name == "home":
        return person.household_id or person.division_id
    return getattr(person, FACTS[name].told_by)


def differing(first: Resident, second: Resident) -> list[str]:
    """Facts on which the two do not agree, those that only one of them has included."""
    return [name for name in FACTS if (told(first, name) or "") != (told(second, name) or "")]


def default(survivor: Resident, absorbed: Resident) -> set[str]:
    """The facts taken from `absorbed` when nobody chooses: what the survivor does not say.

    A nickname and the state of a stranger give way to a real name and its state.
    """
    taken = {name for name in FACTS if not told(survivor, name) and told(absorbed, name)}
    if _is_stranger(survivor) and not _is_stranger(absorbed):
        taken |= {"name", "lifecycle"}
    return taken


def offered(survivor: Resident, absorbed: Resident) -> set[str]:
    """The facts that may be taken from `absorbed`: it must say them, and nobody leaves the roll."""
    taken = {name for name in FACTS if told(absorbed, name)}
    return taken - {"lifecycle"} if _is_stranger(absorbed) else taken


def take(survivor: Resident, absorbed: Resident, facts: Collection[str]) -> None:
    """Copy these facts onto the survivor, in memory; an ID number is taken away from the other."""
    for name in facts:
        for column in FACTS[name].columns:
            setattr(survivor, column, getattr(absorbed, column))
        if sealed := _SEALED.get(name):
            setattr(survivor, sealed, getattr(absorbed, sealed))
    if "id_number" in facts and absorbed.id_number_index is not None:
        absorbed.id_number_sealed = absorbed.id_number_index = None
    home = survivor.household if survivor.household_id else None
    survivor.grams = searching.grams(survivor.name, home.address if home else "")


def sides(survivor_id: int, chosen: Mapping[str, int]) -> set[str]:
    """The facts taken from the other record, given the record whose word stands for each."""
    return {name for name, pk in chosen.items() if name in FACTS and pk != survivor_id}


def _is_stranger(person: Resident) -> bool:
    return person.lifecycle == Resident.Lifecycle.PROVISIONAL
