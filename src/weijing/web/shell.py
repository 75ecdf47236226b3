"""What every page shows around its content: navigation with counts, and who is signed in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.web.appearance import in_native_shell, size_of
from weijing.web.desk import navigation
from weijing.web.desk.roles import AUDIT, EVERY_DESK


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for the base templates."""
    common = {
        "demo": settings.DEMO,
        "size": size_of(request),
        "native_title_bar": in_native_shell(request),
        # Where an error page leads back to: a resident has no business at our sign-in.
        "way_back": "/r/" if request.path.startswith("/r/") else "/",
    }
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None or not request.path.startswith("/desk/") or getattr(request, "htmx", False):
        return common
    if not scope.has(*EVERY_DESK, *AUDIT, Role.DUTY_LEADER):
        return common
    return common | navigation.menu(request)  # type: ignore[arg-type]
