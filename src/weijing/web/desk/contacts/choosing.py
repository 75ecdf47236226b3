"""Who an address means: its filters, applied within what the officer may see."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import QuerySet

from weijing.core import clock
from weijing.residents.finding.filters import Filters, read
from weijing.residents.finding.saved_views import kept_of
from weijing.residents.models import Resident
from weijing.tags import finding
from weijing.tags.finding import Wanted
from weijing.web.access import OfficerRequest

MAX_PICKED = 200


@dataclass(frozen=True)
class Chosen:
    """`query` is the address without its page. `nearly`: nobody fits, these nearly do."""

    filters: Filters
    tags: Wanted
    people: QuerySet[Resident]
    query: str
    nearly: bool = False


def chosen(request: OfficerRequest) -> Chosen:
    county_id = request.scope.county_id
    filters = finding.without_tag_names(read(dict(request.GET.lists())), county_id)
    tags = finding.wanted(filters, county_id)
    people = _matching(request, filters, tags)
    return Chosen(filters, tags, people, kept_of(request.GET.urlencode()))


def or_nearly(request: OfficerRequest, exact: Chosen) -> Chosen:
    """The same, or those who nearly fit the text when nobody does."""
    if not exact.filters.text or exact.people.exists():
        return exact
    filters = replace(exact.filters, nearly=True)
    people = _matching(request, filters, exact.tags)
    return replace(exact, people=people, nearly=True) if people.exists() else exact


def _matching(request: OfficerRequest, filters: Filters, tags: Wanted) -> QuerySet[Resident]:
    people = finding.matching(filters, tags, scope=request.scope, on=clock.today())
    picked = _picked(request.GET.getlist("who"))
    # The form of the ticked rows says so: nobody ticked is nobody, not everybody.
    return people.filter(pk__in=picked) if picked or "picked" in request.GET else people


def _picked(values: list[str]) -> list[int]:
    """Rows ticked on the list."""
    return [int(v) for v in values[:MAX_PICKED] if v.isascii() and v.isdigit() and len(v) < 20]


def doubts(who: Chosen) -> list[tuple[str, list[tuple[str, str]]]]:
    """Words that name no tag for certain, each with the names it may mean and their queries."""
    return [
        (word, [(tag.name, _instead(who.query, parameter, word, tag.code)) for tag in meant])
        for parameter, word, meant in who.tags.doubtful
    ]


def _instead(query: str, parameter: str, word: str, code: str) -> str:
    pairs = [pair for pair in parse_qsl(query) if pair != (parameter, word)]
    return urlencode([*pairs, (parameter, code)])


def remaining(request: OfficerRequest, *without: str) -> list[tuple[str, str]]:
    """Names and values of the address, for the hidden fields of a form."""
    lists: Any = request.GET.lists()
    return [
        (name, value)
        for name, values in lists
        if name not in (*without, "page")
        for value in values
    ]
