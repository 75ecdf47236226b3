"""What of a list's filters a message can be addressed by, and what of them it cannot."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from weijing.audiences.expression import (
    Aged,
    All,
    Except,
    HasConsent,
    HasTag,
    InDivision,
    IsLinked,
    Node,
    OfSex,
    path_name,
)
from weijing.audiences.text import to_text
from weijing.residents.finding.filters import Filters
from weijing.tags.finding import Wanted
from weijing.tags.models import Tag, TagGroup
from weijing.territory.models import Division
from weijing.web.desk.contacts.chips import LABELS

# What may be left out, by the name it has in an address.
LEFT_OUT = {
    **LABELS, "q": "找人的字", "one": "一对一服务的标签", "never": "不作群发条件的标签",
    "officer": "好友属于", "since": "加好友的日期",
}  # fmt: skip
STATES = {"linked": True, "unlinked": False}
NOT_FOR_MANY = {TagGroup.Audience.ONE_TO_ONE: "one", TagGroup.Audience.NEVER: "never"}


class Addressed(NamedTuple):
    """`text` is an audience as `audiences.text` reads it; empty when no filter can be one."""

    text: str
    left: tuple[str, ...]  # keys of LEFT_OUT

    @property
    def query(self) -> str:
        return urlencode([("audience", self.text), *(("left", name) for name in self.left)])

    @property
    def left_words(self) -> list[str]:
        return [LEFT_OUT[name] for name in self.left]


def as_audience(filters: Filters, tags: Wanted, place: Division | None) -> Addressed:
    """The filters as an audience: it means nobody the list leaves out by what is in `text`.

    A message goes to who lives and has a contact, so the list may be the longer one.
    """
    parts = [*_places(place), *_of_people(filters), *_carried(tags), *_not_carried(filters, tags)]
    left = dict.fromkeys(_left(filters, tags))
    return Addressed(to_text(All(tuple(parts))) if parts else "", tuple(left))


def _places(place: Division | None) -> Iterator[Node]:
    if place is not None:
        yield InDivision((place.code,), (path_name(place),))


def _of_people(filters: Filters) -> Iterator[Node]:
    if filters.state in STATES:
        yield IsLinked(STATES[filters.state])
    if filters.ages:
        yield Aged(*filters.ages)
    if filters.sex:
        yield OfSex(filters.sex)
    if filters.consent and not filters.consent.startswith("no-"):
        yield HasConsent(filters.consent)


def _carried(tags: Wanted) -> Iterator[Node]:
    for tag in tags.every:
        if _may_address(tag):
            yield _carries([tag])
    # Without one of its tags the rest of 任一 would mean fewer people than the list shows.
    if tags.some and all(map(_may_address, tags.some)):
        yield _carries(tags.some)


def _not_carried(filters: Filters, tags: Wanted) -> Iterator[Node]:
    without: list[Node] = []
    if filters.consent.startswith("no-"):
        without.append(HasConsent(filters.consent.removeprefix("no-")))
    if allowed := [tag for tag in tags.none if _may_address(tag)]:
        without.append(_carries(allowed))
    if without:
        yield Except(tuple(without))


def _carries(tags: list[Tag] | tuple[Tag, ...]) -> Node:
    return HasTag(tuple(tag.code for tag in tags), tuple(tag.name for tag in tags))


def _may_address(tag: Tag) -> bool:
    return tag.group.audience not in NOT_FOR_MANY


def _left(filters: Filters, tags: Wanted) -> Iterator[str]:
    if filters.text:
        yield "q"
    if filters.state and filters.state not in STATES:
        yield "state"
    for name in ("life", "role", "reach", "away", "officer", "since"):
        if getattr(filters, name):
            yield name
    for tag in (*tags.every, *tags.some, *tags.none):
        if not _may_address(tag):
            yield NOT_FOR_MANY[TagGroup.Audience(tag.group.audience)]
