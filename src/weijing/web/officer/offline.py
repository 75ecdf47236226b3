"""What an officer's phone needs to carry its lists where there is no network."""

import json
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse

from weijing.web import stylesheets
from weijing.web.access import open_to_all

WORKER = "weijing/js/walk-worker.js"
FILES = (
    *stylesheets.paths("phone"),
    "django_htmx/htmx-2.min.js",
    "weijing/js/weijing.js",
    "weijing/js/visit-queue.js",
    "weijing/js/visits.js",
)


@open_to_all("a program without data, which also throws away what a signed-out phone has kept")
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, with the version it keeps: here its scope is /o/, as a static file's
    is not.
    """
    files = [f"{static(path)}?v={stylesheets.VERSION}" for path in FILES]
    known = {"version": stylesheets.VERSION, "files": files, "page": reverse("officer:offline")}
    path = finders.find(WORKER)
    assert isinstance(path, str)
    program = f"const OURS = {json.dumps(known)};\n{Path(path).read_text()}"
    response = HttpResponse(program, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@open_to_all("says that there is no network; the phone adds what it keeps itself")
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "officer/offline.html")
