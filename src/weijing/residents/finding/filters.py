"""The filters of a list of people, as an address says them.

The address is the state. What cannot be read in it is said and left out, never an error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from weijing.residents.models import ConsentRecord, Resident

CONTACT_STATES = {
    "linked": "已加好友", "half": "待民警通过", "unlinked": "没加好友",
    "removed": "群众已删除", "provisional": "待标注",
}  # fmt: skip
CONSENTS = {
    f"{sign}{scope}": f"{word}{label}"
    for scope, label in ConsentRecord.Scope.choices
    for sign, word in (("", "同意"), ("no-", "没同意"))
}
AWAY = {"yes": "在外", "no": "在家"}
LIVES = {
    value: label
    for value, label in Resident.Lifecycle.choices
    if value != Resident.Lifecycle.DUPLICATE
}
SEXES = {value: label for value, label in Resident.Sex.choices if value}
ROLES = {value: label for value, label in Resident.HouseholdRole.choices if value}
REACHES = {value or "unknown": label for value, label in Resident.Reach.choices}
SORTS = dict.fromkeys(
    [*(f"{sign}{name}" for name in ("name", "age", "place") for sign in ("", "-")), "-added"]
)
AGES = re.compile(r"(\d{0,3})[-–](\d{0,3})", re.ASCII)
MAX_TAGS = 10
MAX_UNREAD_CHARS = 20


@dataclass(frozen=True)
class Filters:
    """As read; empty means any. `tags` all of them, `any_tags` one of them, `not_tags` none.

    Tags go by name or code. `nearly` also takes who nearly fits the text. `unread` has a sentence
    for each value nobody could read.
    """

    text: str = ""
    nearly: bool = False
    place: str = ""
    tags: tuple[str, ...] = ()
    any_tags: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    state: str = ""
    life: str = ""
    ages: tuple[int | None, int | None] | None = None
    sex: str = ""
    role: str = ""
    consent: str = ""
    reach: str = ""
    away: str = ""
    officer: int | None = None
    since: date | None = None
    sort: str = ""
    unread: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_empty(self) -> bool:
        return self == Filters(sort=self.sort)


CHOICES: dict[str, Mapping[str, Any]] = {
    "state": CONTACT_STATES, "life": LIVES, "sex": SEXES, "role": ROLES, "consent": CONSENTS,
    "reach": REACHES, "away": AWAY, "sort": SORTS,
}  # fmt: skip


def read(given: Mapping[str, Sequence[str]]) -> Filters:
    """From the lists of an address's query, such as `dict(request.GET.lists())`."""
    reading = _Reading(given)
    return Filters(
        text=reading.one("q"),
        place=reading.one("division"),
        tags=reading.tags("tag"),
        any_tags=reading.tags("any"),
        not_tags=reading.tags("not"),
        **reading.choices(),
        ages=reading.as_(_ages, "age"),
        officer=reading.as_(_number, "officer"),
        since=reading.as_(date.fromisoformat, "since"),
        unread=tuple(reading.unread),
    )


class _Reading:
    def __init__(self, given: Mapping[str, Sequence[str]]) -> None:
        self.given = given
        self.unread: list[str] = []

    def several(self, name: str) -> list[str]:
        values = (value.replace("\x00", "").strip() for value in self.given.get(name, ()))
        return list(dict.fromkeys(value for value in values if value))

    def tags(self, name: str) -> tuple[str, ...]:
        words = self.several(name)
        if len(words) > MAX_TAGS:
            self.unread.append(f"一种标签条件最多 {MAX_TAGS} 个，多出的没有用上。")
        return tuple(words[:MAX_TAGS])

    def one(self, name: str) -> str:
        return (self.several(name) or [""])[-1]

    def choices(self) -> dict[str, Any]:
        return {name: self.choice(name, words) for name, words in CHOICES.items()}

    def choice(self, name: str, words: Mapping[str, Any]) -> str:
        value = self.one(name)
        if value and value not in words:
            return self._unread(value)
        return value

    def as_(self, convert: Callable[[str], Any], name: str) -> Any:
        value = self.one(name)
        if not value:
            return None
        try:
            return convert(value)
        except ValueError:
            self._unread(value)
            return None

    def _unread(self, value: str) -> str:
        self.unread.append(f"没看懂「{value[:MAX_UNREAD_CHARS]}」这个条件，没有用上。")
        return ""


def _ages(text: str) -> tuple[int | None, int | None]:
    found = AGES.fullmatch(text)
    if not found or text in "-–":
        raise ValueError(text)
    from_, to = (int(part) if part else None for part in found.groups())
    if from_ is not None and to is not None and from_ > to:
        raise ValueError(text)
    return from_, to


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(text)
    return int(text)
