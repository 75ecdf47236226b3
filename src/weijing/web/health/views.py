"""Is this process alive, and is it ready for traffic? For load balancers, not for people."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from weijing.web.access import open_to_all


@open_to_all("a load balancer asks; it answers one word")
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@open_to_all("a load balancer asks; it answers one word")
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready when the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")
