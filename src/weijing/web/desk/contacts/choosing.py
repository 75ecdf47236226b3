"""Who an address means: its filters, applied within what the officer may see."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet

from weijing.core import clock
from weijing.residents.finding.filters import Filters, read
from weijing.residents.finding.saved_views import NOT_KEPT, kept_of
from weijing.residents.models import Resident
from weijing.tags import finding
from weijing.tags.finding import Wanted
from weijing.web.access import OfficerRequest

MAX_PICKED = 200


@dataclass(frozen=True)
class Chosen:
    """`query` is the filters of the address. `nearly`: nobody fits, these nearly do.

    `picked`: how many rows of the list were ticked; None when everybody is meant.
    """

    filters: Filters
    tags: Wanted
    people: QuerySet[Resident]
    query: str
    nearly: bool = False
    picked: int | None = None

    @property
    def is_unsure(self) -> bool:
        """Some of what the address says was not understood and is no condition."""
        return bool(self.filters.unread or self.tags.doubtful)

    @property
    def lasting_query(self) -> str:
        """The same filters with the codes of tags: a word may mean another tag tomorrow."""
        pairs = [
            pair for pair in parse_qsl(self.query) if pair[0] not in ("q", "tag", "any", "not")
        ]
        text = [("q", self.filters.text)] if self.filters.text else []
        tags = {"tag": self.tags.every, "any": self.tags.some, "not": self.tags.none}
        codes = [(name, tag.code) for name, some in tags.items() for tag in some]
        return urlencode([*text, *pairs, *codes])


def chosen(request: OfficerRequest) -> Chosen:
    county_id = request.scope.county_id
    filters = finding.without_tag_names(read(dict(request.GET.lists())), county_id)
    tags = finding.wanted(filters, county_id)
    people = _matching(request, filters, tags)
    return Chosen(filters, tags, people, kept_of(request.GET.urlencode()))


def ticked(request: OfficerRequest, who: Chosen) -> Chosen:
    """Of those the rows ticked on the list, when the form of the rows was sent; else the same."""
    if not {"who", "picked"} & set(request.GET):
        return who  # nobody ticked is nobody, not everybody: the form says `picked`
    ids = _ids(request.GET.getlist("who"))
    return replace(who, people=who.people.filter(pk__in=ids), picked=len(ids))


def or_nearly(request: OfficerRequest, exact: Chosen) -> Chosen:
    """The same, or those who nearly fit the text when nobody does."""
    if not exact.filters.text or exact.people.exists():
        return exact
    filters = replace(exact.filters, nearly=True)
    people = _matching(request, filters, exact.tags)
    return replace(exact, people=people, nearly=True) if people.exists() else exact


def _matching(request: OfficerRequest, filters: Filters, tags: Wanted) -> QuerySet[Resident]:
    return finding.matching(filters, tags, scope=request.scope, on=clock.today())


def _ids(values: list[str]) -> list[int]:
    return [int(v) for v in values[:MAX_PICKED] if v.isascii() and v.isdigit() and len(v) < 20]


class Doubt(NamedTuple):
    """A word that names no tag for certain; `meant` has the names it may mean and their queries."""

    word: str
    meant: list[tuple[str, str]]
    without: str  # the query without the word


def doubts(who: Chosen) -> list[Doubt]:
    found = []
    for parameter, word, meant in who.tags.doubtful:
        rest = [
            (name, value)
            for name, value in parse_qsl(who.query)
            if (name, value.strip()) != (parameter, word)
        ]
        queries = [(tag.name, urlencode([*rest, (parameter, tag.code)])) for tag in meant]
        found.append(Doubt(word, queries, urlencode(rest)))
    return found


def remaining(request: OfficerRequest, *without: str) -> list[tuple[str, str]]:
    """Names and values of the address, for the hidden fields of a form."""
    lists: Any = request.GET.lists()
    return [
        (name, value)
        for name, values in lists
        if name not in (*without, *NOT_KEPT)
        for value in values
    ]
