"""A resident who came in through their own link: a session apart from the officers'.

The cookie names the link and is signed; the link is looked up for every page, so ending it ends
the visit. It is sent to `/r/` alone, and no script can read it.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from weijing.core import clock, env
from weijing.residents import links
from weijing.residents.models import Resident, ResidentLink
from weijing.territory.models import County
from weijing.web.access import open_to_all

COOKIE = "weijing_door"
PATH = "/r/"
SALT = "weijing.web.resident.door"
LASTS_SECONDS = 7 * 24 * 3600  # then a tap on the link in the chat opens it again


class VisitorRequest(HttpRequest):
    """A request of somebody whose link we know."""

    door: ResidentLink
    visitor: Resident
    htmx: Any


View = Callable[..., HttpResponse]


def for_visitors(view: View) -> View:
    """A page about one person, for that person. Others are led to the way in."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        door = door_of(request)
        if door is None:
            return redirect("resident:home")
        request.door, request.visitor = door, door.resident
        return never_kept(view(request, *args, **kwargs))

    return open_to_all("a resident comes in with their own link, checked here")(guarded)


def door_of(request: HttpRequest) -> ResidentLink | None:
    """The link behind this visit, if it still opens."""
    try:
        link_id = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LASTS_SECONDS)
        return links.open_again(the_county().pk, int(link_id), at=clock.now())
    except (signing.BadSignature, links.NoSuchDoor, TypeError, ValueError):
        return None


def come_in(response: HttpResponse, door: ResidentLink) -> None:
    response.set_cookie(
        COOKIE,
        signing.dumps(door.pk, salt=SALT),
        max_age=LASTS_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # the link is tapped in a chat, which is another site
    )


def leave(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def the_county() -> County:
    return County.objects.get(code=env.environment().county)


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    back: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page of the resident's; `back` is where its arrow leads."""
    county = the_county()
    door: ResidentLink | None = getattr(request, "door", None)
    shell = {
        "back_url": back,
        "brand_name": f"{county.name.rstrip('县市区')}微警",
        "bureau": county.bureau_name,
        "visitor": door.resident if door else None,
    }
    return never_kept(render(request, template, {**shell, **context}, status=status))


def never_kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response
