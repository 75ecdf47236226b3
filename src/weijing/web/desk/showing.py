"""Answering with a page, or with the part of it that htmx asked for, at the same address."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from weijing.web.access import OfficerRequest

ROWS = 50
MAX_ID = 2**63 - 1


def show(
    request: OfficerRequest,
    template: str,
    context: dict[str, Any],
    *,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole page; only its partial `part` when htmx asks."""
    wanted = f"{template}#{part}" if part and request.htmx else template
    response = render(request, wanted, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def page_of(request: OfficerRequest, rows: Any, *, size: int = ROWS) -> Page[Any]:
    """The page that `?page=` names; the nearest one when it does not exist."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def asked(request: OfficerRequest, name: str) -> str:
    """A text from the address, such as a search: trimmed, without what no database can hold."""
    return request.GET.get(name, "").replace("\x00", "").strip()


def asked_id(request: OfficerRequest, name: str) -> int | None:
    """An id from the address; None for anything that is none."""
    text = asked(request, name)
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))
    return int(text) if is_number and int(text) <= MAX_ID else None
