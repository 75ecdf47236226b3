"""Rolls that were taken in, and the rows that could not be, to download and correct."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404

from weijing.accounts.models import Role
from weijing.audit import trail
from weijing.core import clock, env
from weijing.residents.importing.deciding import open_absences, open_conflicts
from weijing.residents.models import ImportProfile, RollImport
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.importing.rights import LOOKERS, may_import, sees_rows
from weijing.web.desk.showing import page_of, show


@for_roles(*LOOKERS)
def imports(request: OfficerRequest) -> HttpResponse:
    scope = request.scope
    rows = RollImport.objects.filter(county_id=request.scope.county_id)
    page = page_of(request, rows.select_related("started_by").order_by("-started_at", "-pk"))
    may_download = sees_rows(scope)
    context = {
        "page": page,
        "rows": [(row, may_download and file_of(row) is not None) for row in page.object_list],
        "may_import": may_import(scope),
        "profiles": ImportProfile.objects.filter(county_id=scope.county_id).order_by("name"),
        "conflicts_open": open_conflicts(scope).count(),
        "absences_open": open_absences(scope).count(),
    }
    return show(request, "desk/imports/list.html", context, part="rows")


@for_roles(Role.STATION_COMMAND)
def errors_file(request: OfficerRequest, pk: int) -> HttpResponseBase:
    """The workbook of refused rows; downloading it is noted."""
    row = get_object_or_404(RollImport, county_id=request.scope.county_id, pk=pk)
    path = file_of(row)
    if path is None or not sees_rows(request.scope):
        raise Http404
    trail.record(request.user, "roll_errors.downloaded", row, at=clock.now())
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"未导入的行-{path.name}")


def file_of(row: RollImport) -> Path | None:
    """Only what lies under our own folders, whatever the row says."""
    if not row.errors_file:
        return None
    roots = [Path(settings.MEDIA_ROOT).resolve(), env.environment().var.resolve()]
    path = (roots[0] / row.errors_file).resolve()
    is_ours = any(path.is_relative_to(root) for root in roots)
    return path if is_ours and path.is_file() else None
