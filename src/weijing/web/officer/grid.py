"""The officer's grid, place by place."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse

from weijing.accounts.models import FIELD_ROLES
from weijing.core import clock
from weijing.residents.figures import coverage
from weijing.residents.figures.coverage import Coverage
from weijing.residents.figures.places import subtree
from weijing.territory.models import Division
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.officer.own_grid import OwnGrid, own_grid
from weijing.web.phone import phone_page


@dataclass(frozen=True)
class Part:
    """A village (or a single group) of the grid. `rest` are households of no group."""

    place: Division
    total: Coverage
    groups: list[Coverage]
    rest: int


@for_roles(*FIELD_ROLES)
def grid(request: OfficerRequest) -> HttpResponse:
    own, today = own_grid(request.scope), clock.today()
    context = {
        "grid": own,
        "total": own.total(on=today),
        "today": today,
        "parts": [part for place in own.parts if (part := _part(own, place, on=today))],
    }
    return phone_page(request, "officer/grid.html", context, tab="grid")


def _part(own: OwnGrid, place: Division, *, on: date) -> Part | None:
    tree = subtree(place, scope=own.scope, on=on)
    if not len(tree.ids):
        return None
    is_group = place.level == Division.Level.GROUP
    total = coverage.total_of(tree)
    groups = [] if is_group else coverage.level_in(tree, Division.Level.GROUP)
    in_groups = sum(group.households_missing for group in groups)
    return Part(place, total, groups, 0 if is_group else total.households_missing - in_groups)
