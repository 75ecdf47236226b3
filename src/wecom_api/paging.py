"""Cursors: pages until WeCom has no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from wecom_api.errors import Unavailable

T = TypeVar("T")


def pages(
    api: str, fetch: Callable[[str], tuple[T, str]], cursor: str = ""
) -> Iterator[tuple[T, str]]:
    """Each page with the cursor of the next one ("" after the last).

    Raises `Unavailable` when WeCom hands out the cursor it was given: it would never end.
    """
    while True:
        page, next_cursor = fetch(cursor)
        if next_cursor and next_cursor == cursor:
            raise Unavailable(api, errmsg="the cursor does not move")
        yield page, next_cursor
        if not next_cursor:
            return
        cursor = next_cursor
