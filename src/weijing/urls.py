"""Every address of the web process. Nouns, plural, trailing slash."""

from django.urls import include, path

urlpatterns = [
    path("", include("weijing.web.urls")),
]
handler404 = "weijing.web.errors.not_found"
handler500 = "weijing.web.errors.crashed"
