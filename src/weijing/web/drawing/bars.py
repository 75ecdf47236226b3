"""Bars by day: zero-based, round numbers on the axis, the peak labelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

TOP, BASE = 20, 156  # px: highest bar, ground line


@dataclass(frozen=True)
class Bar:
    label: str
    value: int | None
    x: str
    width: str
    middle: str
    y: float
    height: float
    peak: bool
    ticked: str  # "" no label below, "first", or "second" (dropped on a phone)


@dataclass(frozen=True)
class Gridline:
    value: int
    y: float


@dataclass(frozen=True)
class Bars:
    bars: list[Bar]
    grid: list[Gridline]
    total: int


def round_top(value: int) -> int:
    """The smallest 1, 2, 4, 6 or 8 × 10ⁿ at or above `value`; half of it is round too."""
    if value <= 2:
        return 2
    unit: int = 10 ** floor(log10(value))
    if unit == 1:
        return next(step for step in (2, 4, 6, 8, 10) if step >= value)
    return next(unit * step for step in (1, 2, 4, 6, 8, 10) if unit * step >= value)


def draw(days: Sequence[tuple[str, int | None]]) -> Bars:
    """Place one bar per (label, value); `None` is a day we have no figure for, not a zero."""
    values = [value for _, value in days if value is not None]
    peak = max(values, default=0)
    top = round_top(peak)
    scale = (BASE - TOP) / top
    slot = 100 / max(len(days), 1)
    every = max(1, round(len(days) / 6))
    peak_at = next((i for i, (_, value) in enumerate(days) if value == peak and peak), None)
    bars = [
        Bar(
            label=label,
            value=value,
            x=f"{slot * index + slot * 0.12:.3f}%",
            width=f"{slot * 0.76:.3f}%",
            middle=f"{slot * (index + 0.5):.3f}%",
            y=round(BASE - (value or 0) * scale, 1),
            height=round((value or 0) * scale, 1),
            peak=index == peak_at,
            ticked=_ticked(index, every),
        )
        for index, (label, value) in enumerate(days)
    ]
    grid = [Gridline(step, round(BASE - step * scale, 1)) for step in (0, top // 2, top)]
    return Bars(bars, grid, sum(values))


def _ticked(index: int, every: int) -> str:
    if index % every:
        return ""
    return "second" if (index // every) % 2 else "first"
