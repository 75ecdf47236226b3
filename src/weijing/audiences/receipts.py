"""Who has received what: campaigns know, which lie above; here they say how to ask them."""

from collections.abc import Callable
from datetime import date

from pyroaring import BitMap

from weijing.audiences.index.holding import Index

# (index, since, until, topic) to the ordinals of whoever got a message on those days.
Reader = Callable[[Index, date, date, str], BitMap]
READERS: list[Reader] = []
# (index, number of a message, results) to the ordinals of those it was for, with one of these.
ResultReader = Callable[[Index, str, tuple[str, ...]], BitMap]
RESULT_READERS: list[ResultReader] = []


def received(index: Index, *, days: int, topic: str, on: date) -> BitMap:
    """Whoever got a message in the `days` natural days that end with `on`."""
    since = date.fromordinal(on.toordinal() - days + 1)
    found = [read(index, since, on, topic) for read in READERS]
    return BitMap.union(*found) if found else BitMap()


def with_result(index: Index, *, message: str, results: tuple[str, ...]) -> BitMap:
    """Whom a message was for, and whose result is one of these now."""
    found = [read(index, message, results) for read in RESULT_READERS]
    return BitMap.union(*found) if found else BitMap()
