"""Coverage by officer: what each one answers for, and what became of it."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from weijing.core import clock
from weijing.residents.figures import by_officer
from weijing.residents.figures import coverage as reading
from weijing.residents.figures.by_officer import OfficerCoverage
from weijing.residents.figures.places import Subtree
from weijing.web.access import OfficerRequest
from weijing.web.desk.showing import asked, page_of, show

PER_PAGE = 20  # each row reads some hundred contacts
ADDED_WITHIN = timedelta(days=30)
SORTS = {
    "name": lambda row: row.officer.name if row.officer else "",
    "households": lambda row: row.figures.households,
    "linked": lambda row: row.figures.households_linked,
    "missing": lambda row: row.figures.households_missing,
    "rate": lambda row: row.figures.household_percent or 0,
    "residents": lambda row: row.figures.residents,
}


def table(request: OfficerRequest, tree: Subtree, *, levels: list[tuple[str, str]]) -> HttpResponse:
    """What `coverage.coverage` shows for `?level=officer`."""
    at, county_id = clock.now(), request.scope.county_id
    rows = by_officer.of_officers(tree, county_id, at=at)
    text = asked(request, "q")
    shown = [row for row in rows if text in _words(row)]
    page = page_of(request, _sorted(shown, request.GET.get("sort", "-missing")), size=PER_PAGE)
    ids = [row.officer.pk for row in page.object_list if row.officer]
    contacts = by_officer.contacts_of(county_id, ids, added_since=at - ADDED_WITHIN)
    total, officers = reading.total(row.figures for row in rows), sum(bool(r.officer) for r in rows)
    answered = sum(row.figures.residents for row in rows if row.officer)
    context: dict[str, Any] = {
        "levels": levels,
        "level": "officer",
        "page": page,
        "rows": [(row, contacts.get(row.officer.pk) if row.officer else None) for row in page],
        "total": total,
        "officers": officers,
        "per_officer": round(answered / officers) if officers else 0,
        "q_here": text,
        "as_of": at,
    }
    return show(request, "desk/coverage_by_officer.html", context, part="rows")


def _words(row: OfficerCoverage) -> str:
    return " ".join([row.officer.name if row.officer else "", *row.beats])


def _sorted(rows: list[OfficerCoverage], sort: str) -> list[OfficerCoverage]:
    key = SORTS.get(sort.removeprefix("-"), SORTS["missing"])
    return sorted(rows, key=key, reverse=sort.startswith("-"))
