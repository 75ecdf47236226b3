"""The queues that a roll leaves: where it and our record differ, and who is missing in it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from weijing.accounts.models import Role
from weijing.audit import trail
from weijing.core import clock
from weijing.residents.importing import deciding, verdicts
from weijing.residents.masking import masked_name
from weijing.residents.models import Resident, RollAbsence, RollConflict
from weijing.territory.queries import path_name
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.showing import asked, page_of, show


@for_roles(Role.STATION_COMMAND)
def conflicts(request: OfficerRequest) -> HttpResponse:
    rows = deciding.open_conflicts(request.scope)
    field = asked(request, "field")
    if field in verdicts.TITLES:
        rows = rows.filter(field=field)
    if request.method == "POST":
        take = request.POST.get("decision") == "take"
        ids = _chosen(request, rows)
        count = deciding.decide(
            ids, take=take, by=request.user, scope=request.scope, at=clock.now()
        )
        word = "已按名册改" if take else "已保留现有"
        messages.success(request, f"{word} {count:,} 处。")
        return redirect(request.get_full_path())
    page = page_of(request, rows)
    _note_reading(request, page.object_list)
    context = {
        "page": page,
        "rows": [_conflict(row) for row in page.object_list],
        "titles": verdicts.TITLES,
        "field": field,
        "field_title": verdicts.TITLES.get(field, ""),
    }
    return show(request, "desk/imports/conflicts.html", context, part="rows")


def _note_reading(request: OfficerRequest, rows: Iterable[RollConflict | RollAbsence]) -> None:
    ids = sorted({row.resident_id for row in rows})
    trail.viewed(request.user, Resident._meta.label_lower, ids, purpose="roll.list", at=clock.now())


def _conflict(row: RollConflict) -> dict[str, Any]:
    masks = row.field == "name"
    return {
        "pk": row.pk,
        "person": row.resident_id,
        "name": masked_name(row.resident.name),
        "place": path_name(row.resident.division) if row.resident.division else "",
        "title": verdicts.TITLES.get(row.field, row.field),
        # Names are what there is to decide: with stars in them nobody could.
        "ours": row.ours if masks else deciding.in_words(row.county_id, row.field, row.ours),
        "theirs": row.theirs if masks else deciding.in_words(row.county_id, row.field, row.theirs),
        "row_number": row.row_number,
        "at": row.roll_import.started_at,
    }


MOST_AT_ONCE = 500  # in the time that a page may take; of more, the rest is asked again


@for_roles(Role.STATION_COMMAND)
def absences(request: OfficerRequest) -> HttpResponse:
    rows = deciding.open_absences(request.scope)
    if request.method == "POST":
        moved = request.POST.get("decision") == "moved"
        count = deciding.decide_absences(
            _chosen(request, rows), moved=moved, by=request.user, scope=request.scope,
            at=clock.now(),
        )  # fmt: skip
        word = "已记为搬走" if moved else "已记为仍在本地"
        messages.success(request, f"{word} {count:,} 人。")
        return redirect(request.get_full_path())
    page = page_of(request, rows)
    _note_reading(request, page.object_list)
    shown = [_absence(row) for row in page.object_list]
    context = {"page": page, "rows": shown}
    return show(request, "desk/imports/absences.html", context, part="rows")


def _absence(row: RollAbsence) -> dict[str, Any]:
    person = row.resident
    return {
        "pk": row.pk,
        "person": person.pk,
        "name": masked_name(person.name),
        "place": path_name(person.division) if person.division else "",
        "address": person.household.address if person.household else "",
        "role": person.get_household_role_display(),
    }


def _chosen(request: OfficerRequest, rows: Any) -> list[int]:
    """The rows ticked; with `all`, as many as one request can do of those the filter shows."""
    if request.POST.get("all"):
        return list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE])
    return [int(one) for one in request.POST.getlist("row") if one.isascii() and one.isdigit()]
