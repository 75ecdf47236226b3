"""Going through many rows without holding them all."""

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)

SIZE = 500


def in_pieces(rows: QuerySet[_Row], size: int = SIZE) -> Iterator[list[_Row]]:
    """All of them in the order of ids, a few hundred at a time.

    Each piece is a query of its own: rows may be changed, and nothing stays open, in between.
    """
    after = 0
    while piece := list(rows.filter(pk__gt=after).order_by("pk")[:size]):
        yield piece
        after = piece[-1].pk
