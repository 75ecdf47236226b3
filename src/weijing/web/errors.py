"""What went wrong, in words a person can act on."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.logs import log


class DomainErrorsInWords:
    """A `DomainError` becomes a page (or an htmx fragment) that says it; nothing else is caught."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        if isinstance(error, DomainError):
            status = 403 if isinstance(error, PermissionDenied) else 422
            template = "errors/said.html#message" if request.htmx else "errors/said.html"
            response = TemplateResponse(request, template, {"message": str(error)}, status=status)
            return response.render()
        if not isinstance(error, Http404):
            log.error("request.crashed", path=request.resolver_match.route, exc_info=error)
        return None


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF token was stale: the session ended while the form was open."""
    return TemplateResponse(request, "errors/form_expired.html", status=403).render()


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return TemplateResponse(request, "errors/not_found.html", status=404).render()


def crashed(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "errors/crashed.html", status=500).render()
