"""The filters in force as chips, each of which can be taken away; and the choices there are."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.finding import filters as words
from weijing.residents.finding.filters import Filters
from weijing.tags.finding import Wanted
from weijing.territory.models import Division


class Chip(NamedTuple):
    """`item` is the one value of several that × takes away."""

    label: str
    value: str
    parameter: str
    item: str = ""


LABELS = {
    "state": "联系", "life": "状态", "sex": "性别", "role": "与户主关系", "consent": "同意",
    "reach": "联系方式", "away": "外出",
}  # fmt: skip


def chips(filters: Filters, tags: Wanted, place: Division | None, scope: Scope) -> list[Chip]:
    return list(_chips(filters, tags, place, scope))


def _chips(filters: Filters, tags: Wanted, place: Division | None, scope: Scope) -> Iterator[Chip]:
    if filters.text:
        yield Chip("找", filters.text, "q")
    if filters.place:
        yield Chip("地方", place.name if place else "不在辖区", "division")
    for label, parameter, typed in (
        ("标签", "tag", filters.tags), ("任一标签", "any", filters.any_tags),
        ("没有标签", "not", filters.not_tags),
    ):  # fmt: skip
        for word in typed:
            if word in tags.by_word:  # another word is no condition, and is said beside the list
                yield Chip(label, tags.by_word[word].name, parameter, word)
    for name, label in LABELS.items():
        if value := getattr(filters, name):
            yield Chip(label, words.CHOICES[name][value], name)
    if filters.ages:
        yield Chip("年龄", age_words(*filters.ages), "age")
    if filters.officer is not None:
        yield Chip("好友属于", _officer_name(filters.officer, scope), "officer")
    if filters.since:
        yield Chip("加好友", since_words(filters.since), "since")


def age_words(from_: int | None, to: int | None) -> str:
    if to is None:
        return f"{from_} 岁以上"
    return f"{to} 岁以下" if from_ is None else f"{from_}–{to} 岁"


def since_words(day: date) -> str:
    return f"{day:%Y-%m-%d} 以来"


def _officer_name(officer_id: int, scope: Scope) -> str:
    officer = Officer.objects.filter(county_id=scope.county_id, pk=officer_id).first()
    return officer.name if officer else "查无此人"


def officers_in(scope: Scope) -> list[Officer]:
    """Who may be chosen: officers with contacts of the own stations, all of the county's desk."""
    officers = Officer.objects.filter(
        county_id=scope.county_id, is_active=True, serves_residents=True
    )
    if not scope.whole_county:
        officers = officers.filter(station_id__in=scope.station_ids)
    return list(officers.order_by("name", "pk"))
