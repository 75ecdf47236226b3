"""Nobody passes unclassified: every URL says who may open it.

A view is `@open_to_all(reason)` or `@for_roles(…)`; the test that walks the URLs fails on any
other. The middleware refuses at run time what the test would refuse.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.core import clock

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OfficerRequest(HttpRequest):
    """A request of someone signed in, with what they answer for."""

    user: Officer
    scope: Scope
    htmx: Any


def open_to_all(reason: str) -> Callable[[View], View]:
    """This page needs no sign-in, because of `reason`."""

    def mark(view: View) -> View:
        view.open_because = reason  # type: ignore[attr-defined]
        return view

    return mark


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Only officers with one of `roles` may open this page."""

    def mark(view: View) -> View:
        view.roles = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def for_everyone_signed_in(view: View) -> View:
    view.roles = frozenset(Role)  # type: ignore[attr-defined]
    return view


class SignedInUnlessOpen:
    """Signs in first, then checks the view's roles; sets `request.scope`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "scope", None) is not None:
            response["Cache-Control"] = "no-store"
        return response

    def process_view(
        self, request: Any, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        if getattr(view, "open_because", None):
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        roles: frozenset[str] = getattr(view, "roles", frozenset())
        request.scope = scope_of(request.user, at=clock.now())
        if not roles & request.scope.roles and _wants_json(request):
            return JsonResponse({"is_allowed": False}, status=403)
        if not roles & request.scope.roles:
            return TemplateResponse(request, "errors/forbidden.html", status=403)
        return None


def _wants_json(request: HttpRequest) -> bool:
    """A program asks, such as a phone that sends what it kept: words of a page tell it nothing."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _to_sign_in(request: Any) -> HttpResponse:
    """The whole page goes there, also when only a part of it was asked for."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    answer = HttpResponse(status=204)
    shown = urlsplit(request.htmx.current_url or "")
    back = urlunsplit(("", "", shown.path, shown.query, "")) or request.get_full_path()
    answer["HX-Redirect"] = redirect_to_login(back)["Location"]
    return answer
