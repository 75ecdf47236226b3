"""Documented limits, checked before a call is made."""

from __future__ import annotations

from collections.abc import Sized

from wecom_api.errors import InvalidRequest


def at_most_bytes(name: str, value: str, limit: int) -> None:
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise InvalidRequest(errmsg=f"{name} has {size} bytes, WeCom takes {limit}")


def at_most_chars(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise InvalidRequest(errmsg=f"{name} has {len(value)} characters, WeCom takes {limit}")


def at_most_items(name: str, items: Sized, limit: int) -> None:
    if len(items) > limit:
        raise InvalidRequest(errmsg=f"{name} has {len(items)} items, WeCom takes {limit}")


def present(name: str, value: object) -> None:
    if not value:
        raise InvalidRequest(errmsg=f"{name} must not be empty")


def within(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise InvalidRequest(errmsg=f"{name} must be between {lowest} and {highest}, is {value}")


def ordered(start_time: int, end_time: int, *, at_most_days: int) -> None:
    """A period that WeCom takes: Unix seconds, the right way round, not too long."""
    if start_time > end_time:
        raise InvalidRequest(errmsg="start_time is after end_time")
    if end_time - start_time > at_most_days * 86400:
        raise InvalidRequest(errmsg=f"more than {at_most_days} days between start and end")


def without_empty(**fields: object) -> dict[str, object]:
    """The fields that have a value. None means 'not given'; False, 0, '' and [] are values."""
    return {name: value for name, value in fields.items() if value is not None}
