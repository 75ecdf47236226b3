"""How large and how dense this person wants the pages: a cookie, or `?size=` without JavaScript."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

COOKIE = "weijing_size"  # also written by weijing.js
SIZES = ("std", "large", "care")
YEAR = 365 * 24 * 3600


def size_of(request: HttpRequest) -> str:
    """std, large or care."""
    for wish in (request.GET.get("size"), request.COOKIES.get(COOKIE)):
        if wish in SIZES:
            return wish
    return SIZES[0]


def in_native_shell(request: HttpRequest) -> bool:
    """WeCom and WeChat show the page's title above it themselves."""
    agent = request.headers.get("User-Agent", "")
    return "wxwork" in agent or "MicroMessenger" in agent


class RemembersSize:
    """A link `?size=care` is remembered like a tap on the switch."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.GET.get("size") in SIZES:
            response.set_cookie(COOKIE, size_of(request), max_age=YEAR, samesite="Lax")
        return response
