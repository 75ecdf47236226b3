"""A line without axes: the shape of a trend beside its number."""

from collections.abc import Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM, GROUND = 2.0, 126.0, 6.0, 30.0, 34.0


@dataclass(frozen=True)
class Sparkline:
    line: str
    area: str
    end_x: float
    end_y: float


def draw(values: Sequence[float]) -> Sparkline | None:
    """The path in a 132 × 34 box; `None` for fewer than two values, which have no shape."""
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    across = (RIGHT - LEFT) / (len(values) - 1)
    points = [
        (LEFT + across * index, BOTTOM - (BOTTOM - TOP) * _share(value, low, high))
        for index, value in enumerate(values)
    ]
    line = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    area = f"{line} L{RIGHT} {GROUND} L{LEFT} {GROUND}Z"
    return Sparkline(line, area, round(points[-1][0], 1), round(points[-1][1], 1))


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else (value - low) / (high - low)
