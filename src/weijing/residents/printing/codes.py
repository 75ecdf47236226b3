"""QR codes of our own: the dark squares of an address."""

from functools import lru_cache
from itertools import groupby

import segno


@lru_cache(maxsize=8)
def dark_runs(holds: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """How many squares there are in a row, and the dark ones beside each other as one bar:
    (column, row, length).
    """
    rows = [bytes(row) for row in segno.make(holds, error="m", micro=False).matrix]
    bars = []
    for y, row in enumerate(rows):
        for is_dark, run in groupby(enumerate(row), key=lambda square: square[1]):
            columns = [x for x, _ in run]
            if is_dark:
                bars.append((columns[0], y, len(columns)))
    return len(rows), tuple(bars)
