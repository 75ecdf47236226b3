"""Screens by audience; see `docs/howto/pages.md`."""

from django.urls import include, path

urlpatterns = [
    path("", include("weijing.web.sign_in.urls")),
    path("desk/", include(("weijing.web.desk.urls", "desk"))),
    path("o/", include(("weijing.web.officer.urls", "officer"))),
    path("s/", include(("weijing.web.sidebar.urls", "sidebar"))),
    path("r/", include(("weijing.web.resident.urls", "resident"))),
    path("", include("weijing.web.health.urls")),
]
