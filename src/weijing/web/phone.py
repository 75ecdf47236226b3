"""A page inside WeCom: its tabs, and its way back."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from weijing.web.access import OfficerRequest
from weijing.web.officer.tabs import tabs


def phone_page(
    request: OfficerRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    tab: str = "",
    back: str = "",
    status: int = 200,
) -> HttpResponse:
    """`tab` is the tab that stays lit; a page with a foot of its own has no tabs, but `back`."""
    shell = {"tabs": tabs(request, current=tab) if tab else [], "back_url": back}
    return render(request, template, {**shell, **context}, status=status)
