"""Where a worker may die or stand still: before and behind each commit and each call.

They are found by wrapping what commits, so that none is forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from unittest.mock import patch

from django.db import OperationalError
from django.db.transaction import Atomic


class Killed(BaseException):
    """kill -9: nothing after it runs in this worker."""


class Worked(Protocol):
    """`working`: inside a worker's act; `depth`: of its transactions."""

    working: bool
    depth: int

    def boundary(self, where: str) -> None: ...


@contextmanager
def commits_are_boundaries(worked: Worked) -> Iterator[None]:
    """Of the outermost transactions of a worker's act: a death further in is one before it."""
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def entering(atomic: Atomic) -> None:
        if worked.working:
            if worked.depth == 0:
                worked.boundary("begin")
            worked.depth += 1
        enter(atomic)

    def leaving(atomic: Atomic, kind: Any, error: Any, trace: Any) -> None:
        if not worked.working:
            leave(atomic, kind, error, trace)
            return
        if kind is not None or worked.depth > 1:
            worked.depth -= 1
            leave(atomic, kind, error, trace)
            return
        try:
            worked.boundary("commit")
        except (Killed, OperationalError) as end:
            worked.depth = 0
            leave(atomic, type(end), end, None)  # rolls back: the commit never came
            raise
        worked.depth = 0
        leave(atomic, None, None, None)
        worked.boundary("committed")

    with patch.object(Atomic, "__enter__", entering), patch.object(Atomic, "__exit__", leaving):
        yield
