"""What is on a sheet of paper. Millimetres from the upper left corner; a text's y is its baseline.

Layouts are made of these; `svg` and `pdf` draw them, so both show the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

INK, GREY, BLUE, RED = "#14202F", "#46566B", "#1B4F9C", "#B3261E"  # as in tokens.css, light
Align = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Text:
    x: float
    y: float
    size: float
    words: str
    colour: str = INK
    bold: bool = False
    align: Align = "start"


@dataclass(frozen=True)
class Box:
    """A frame of `line` millimetres, or filled when there is a `fill`."""

    x: float
    y: float
    width: float
    height: float
    line: float = 0.0
    colour: str = INK
    fill: str = ""


@dataclass(frozen=True)
class Picture:
    """PNG or JPEG in a square."""

    x: float
    y: float
    side: float
    content: bytes
    kind: str  # image/png or image/jpeg
    says: str


@dataclass(frozen=True)
class Code:
    """A QR code of our own making, in vectors."""

    x: float
    y: float
    side: float
    holds: str
    says: str


Item = Text | Box | Picture | Code


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    title: str
    items: tuple[Item, ...]


def moved(items: Iterable[Item], x: float, y: float) -> list[Item]:
    """The same, farther right and down."""
    return [replace(item, x=item.x + x, y=item.y + y) for item in items]
