"""Screens by audience; see `docs/howto/pages.md`."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
