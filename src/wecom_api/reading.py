"""Reading WeCom's JSON, which is not always of the documented type.

The same name is a number on one page and a string on the next, and optional fields are routinely
absent; both are accepted. What the call is about must be there: `Unreadable` otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


class Unreadable(Exception):
    """WeCom said yes, but not what we asked for."""


def text(data: Json, name: str) -> str:
    value = data.get(name)
    if type(value) is str:  # nearly always, and a county's first reading asks ten million times
        return value
    return "" if value is None or isinstance(value, dict | list) else str(value)


def needed(data: Json, name: str) -> str:
    value = text(data, name)
    if not value:
        raise Unreadable(f"no {name}")
    return value


def number(data: Json, name: str, default: int = 0) -> int:
    value = data.get(name)
    if type(value) is int:
        return value
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{name} is not a number") from error


def optional_number(data: Json, name: str) -> int | None:
    value = data.get(name)
    return None if value is None or value == "" else number(data, name)


def optional_decimal(data: Json, name: str) -> float | None:
    value = data.get(name)
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{name} is not a number") from error


def flag(data: Json, name: str) -> bool:
    value = data.get(name)
    return value is True or value in (1, "1", "true")


def values(data: Json, name: str) -> list[Any]:
    """A list, or nothing. Not there is empty; something else than a list is an error."""
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{name} is not a list")
    return value


def texts(data: Json, name: str) -> tuple[str, ...]:
    return tuple(map(str, values(data, name)))


def numbers(data: Json, name: str) -> tuple[int, ...]:
    try:
        return tuple(int(value) for value in values(data, name))
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{name} is not a list of numbers") from error


def rows(data: Json, name: str) -> list[Json]:
    found = values(data, name)
    if not all(isinstance(row, dict) for row in found):
        raise Unreadable(f"{name} is not a list of objects")
    return found


def part(data: Json, name: str) -> Json:
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is not an object")
    return value


def joined(data: Json, name: str) -> tuple[str, ...]:
    """A `|`-joined string, as message/send answers."""
    return tuple(piece for piece in text(data, name).split("|") if piece)


def nothing(data: Json) -> None:
    """For calls whose success is the whole answer."""
