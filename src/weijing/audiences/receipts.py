"""Who has received what: campaigns know, which lie above; here they say how to ask them."""

from collections.abc import Callable
from datetime import date

from pyroaring import BitMap

from weijing.audiences.index.holding import Index

# (index, since, until, topic) to the ordinals of whoever got a message on those days.
Reader = Callable[[Index, date, date, str], BitMap]
READERS: list[Reader] = []


def received(index: Index, *, days: int, topic: str, on: date) -> BitMap:
    """Whoever got a message in the `days` natural days that end with `on`."""
    since = date.fromordinal(on.toordinal() - days + 1)
    found = [read(index, since, on, topic) for read in READERS]
    return BitMap.union(*found) if found else BitMap()
