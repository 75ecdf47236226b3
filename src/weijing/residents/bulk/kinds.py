"""What can be done to many people at once; the parts above add theirs when they are loaded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from weijing.accounts.models import Officer
from weijing.residents.models import BulkWork, Resident

Line = Sequence[Any]


@dataclass
class Outcome:
    """Of one piece. A line of `changed` begins with the person's id; the rest is what undoes it.

    `refused` counts those left as they were, by the reason in Chinese.
    """

    changed: list[Line] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class Kind(Protocol):
    """`do` and `undo` get people locked until the commit, each of them in the scope."""

    def do(self, work: BulkWork, people: list[Resident], *, at: datetime) -> Outcome:
        """Change those that may be changed. Called once for each person of the work."""
        ...

    def undo(
        self,
        work: BulkWork,
        lines: list[Line],
        people: list[Resident],
        *,
        since: datetime,
        by: Officer,
        at: datetime,
    ) -> Outcome:
        """Put back what `do` did for `work` at `since`, where nobody has changed it afterwards."""
        ...


KINDS: dict[str, Kind] = {}
