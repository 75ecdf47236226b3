"""Townships as hexagons, coloured by how many households we reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

from weijing.web.hex_layout import short_name

RADIUS = 37.5
COLUMN = 67.55  # centre to centre; a hexagon is 64.95 wide, the rest is the gap
ROW = 58.5
MARGIN = 3.4

# Lower bounds of the five steps, in percent of households.
STEPS = (0, 80, 85, 90, 95)
LEGEND = ((5, "≥ 95"), (4, "90 – 95"), (3, "85 – 90"), (2, "80 – 85"), (1, "< 80"))


@dataclass(frozen=True)
class Hexagon:
    name: str
    short: str
    url: str
    step: int | None
    low: bool
    shown: str
    x: float
    y: float
    points: str
    flag: str

    @property
    def name_y(self) -> float:
        return round(self.y + (3 if self.low else 0), 1)

    @property
    def value_y(self) -> float:
        return round(self.y + (20 if self.low else 18), 1)


@dataclass(frozen=True)
class HexMap:
    hexagons: list[Hexagon]
    width: float
    height: float
    summary: str


def step_of(value: float | None) -> int | None:
    """1 (low) to 5 (high); `None` when the percentage is unknown."""
    return None if value is None else sum(value >= bound for bound in STEPS)


def draw(townships: Iterable[Mapping[str, Any]]) -> HexMap:
    """Lay out townships given as mappings with name, col, row, value, and optionally url, flagged.

    `value` is a percentage, 0–100, or `None` when nobody knows.
    """
    rows = list(townships)
    hexagons = [_hexagon(township) for township in rows]
    width = max((hexagon.x for hexagon in hexagons), default=0) + RADIUS * cos(pi / 6) + MARGIN
    height = max((hexagon.y for hexagon in hexagons), default=0) + RADIUS + MARGIN
    return HexMap(hexagons, round(width, 1), round(height, 1), _summary(rows))


def _hexagon(township: Mapping[str, Any]) -> Hexagon:
    col, row, value = township["col"], township["row"], township["value"]
    x = MARGIN + RADIUS * cos(pi / 6) + COLUMN * (col + (row % 2) / 2)
    y = MARGIN + RADIUS + ROW * row
    step = step_of(value)
    return Hexagon(
        name=township["name"],
        short=short_name(township["name"]),
        url=township.get("url", ""),
        step=step,
        low=step == 1 or bool(township.get("flagged")),
        shown="—" if value is None else f"{value:.1f}",
        x=round(x, 1),
        y=round(y, 1),
        points=" ".join(_corner(x, y, n) for n in range(6)),
        flag=f"M{x:.1f} {y - 27:.1f}l6 10.5h-12z",
    )


def _corner(x: float, y: float, n: int) -> str:
    angle = pi / 3 * n - pi / 2
    return f"{x + RADIUS * cos(angle):.1f},{y + RADIUS * sin(angle):.1f}"


def _summary(townships: list[Mapping[str, Any]]) -> str:
    known = [township for township in townships if township["value"] is not None]
    if not known:
        return f"{len(townships)} 个乡镇街道，覆盖率未知"
    low = min(known, key=lambda township: township["value"])
    high = max(known, key=lambda township: township["value"])
    return (
        f"{len(townships)} 个乡镇街道户覆盖率，最低{low['name']} {low['value']:.1f}%，"
        f"最高{high['name']} {high['value']:.1f}%"
    )
