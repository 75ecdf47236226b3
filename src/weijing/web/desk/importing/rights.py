"""Who may take in a roll: the county desk, and whoever runs the machine, as on its command line."""

from django.shortcuts import get_object_or_404

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.core.errors import PermissionDenied
from weijing.residents.models import RollImport
from weijing.web.access import OfficerRequest

LOOKERS = (Role.STATION_COMMAND, Role.SYSTEM_ADMIN)


def may_import(scope: Scope) -> bool:
    """A station's desk sees what was imported, and decides about its own people."""
    return scope.has(Role.SYSTEM_ADMIN) or (scope.has(Role.STATION_COMMAND) and scope.whole_county)


def sees_rows(scope: Scope) -> bool:
    """The rows name residents of the whole county, and the machine's administrator sees none."""
    return scope.whole_county and scope.sees_residents


def found(request: OfficerRequest, pk: int) -> RollImport:
    rows = RollImport.objects.select_related("profile", "started_by")
    return get_object_or_404(rows, county_id=request.scope.county_id, pk=pk)


def importable(request: OfficerRequest, pk: int) -> RollImport:
    """Raises `PermissionDenied`."""
    if not may_import(request.scope):
        raise PermissionDenied
    return found(request, pk)
