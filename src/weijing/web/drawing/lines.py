"""A line by day: round numbers on the axis, days without a figure left open, the last one said."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

TOP, BASE, WIDTH = 20, 156, 1000  # px down; across, a thousandth of the plot
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25)
MOST_STEPS = 3


@dataclass(frozen=True)
class Point:
    label: str
    value: float | None
    x: float  # thousandths
    y: float
    ticked: bool

    @property
    def across(self) -> str:
        return f"{self.x / 10:.2f}%"


@dataclass(frozen=True)
class Gridline:
    value: float
    y: float


@dataclass(frozen=True)
class Lines:
    points: list[Point]
    paths: list[str]  # one for each run of days with figures
    alone: list[Point]  # a day with a figure between two without
    grid: list[Gridline]
    last: Point | None


def axis(low: float, high: float) -> list[float]:
    """Round percentages around the values, not beyond 100."""
    step = next(s for s in STEPS if ceil((high - low) / s - 1e-9) <= MOST_STEPS or s == STEPS[-1])
    bottom = floor(low / step + 1e-9) * step
    count = max(1, ceil((high - bottom) / step - 1e-9))
    if bottom + count * step > 100:
        bottom = 100 - count * step
    return [round(bottom + n * step, 1) for n in range(count + 1)]


def draw(days: Sequence[tuple[str, float | None]]) -> Lines:
    """Place one point per (label, value); `None` is a day we have no figure for, not a zero."""
    known = [value for _, value in days if value is not None] or [0.0]
    marks = axis(min(known), max(known))
    scale = (BASE - TOP) / (marks[-1] - marks[0])
    every = max(1, round(len(days) / 6))
    points = [
        Point(
            label=label,
            value=value,
            x=round(WIDTH * (index + 0.5) / len(days), 1),
            y=round(BASE - ((marks[0] if value is None else value) - marks[0]) * scale, 1),
            ticked=index % every == 0,
        )
        for index, (label, value) in enumerate(days)
    ]
    runs = _runs(points)
    return Lines(
        points=points,
        paths=["M" + " L".join(f"{p.x} {p.y}" for p in run) for run in runs if len(run) > 1],
        alone=[run[0] for run in runs if len(run) == 1],
        grid=[Gridline(mark, round(BASE - (mark - marks[0]) * scale, 1)) for mark in marks],
        last=next((point for point in reversed(points) if point.value is not None), None),
    )


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
