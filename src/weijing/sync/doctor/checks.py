"""What a check is, and the two ways to write one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from wecom_api import WeCom
from weijing.territory.models import County

EXAMPLES = 5


@dataclass(frozen=True)
class Patient:
    """Whose data is looked at, at what moment; `wecom` is asked by deep checks only."""

    county: County
    at: datetime
    wecom: WeCom | None = None


@dataclass
class Offenders:
    """How many break the rule, and the first few of them by id. Never names or phones."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: object) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(str(example))


@dataclass(frozen=True)
class Check:
    """`says` is the rule in plain words, true when there is no offender.

    A `notice` is something a person should know or decide; it breaks nothing.
    """

    name: str
    invariant: str  # as reliability names them: I1 … I17, or "" for rules of our own
    says: str
    look: Callable[[Patient], Offenders]
    is_deep: bool = False
    is_notice: bool = False


def by_sql(query: str, **more: Any) -> Callable[[Patient], Offenders]:
    """A look that is one query for the ids of offenders; it may use %(county)s and %(at)s."""
    counted = f"SELECT id::text, count(*) OVER () FROM ({query}) AS offender (id) LIMIT {EXAMPLES}"  # noqa: S608

    def look(patient: Patient) -> Offenders:
        values = {"county": patient.county.pk, "at": patient.at, **more}
        rows = fetch(counted, values)
        return Offenders(rows[0][1] if rows else 0, [row[0] for row in rows])

    return look


def fetch(query: str, values: Any = None) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
