"""Who knocked how often, and what they found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from weijing.accounts.scope import Scope
from weijing.residents.models import DoorVisit


@dataclass(frozen=True)
class Knocks:
    """One officer's visits in a period. `found` has every outcome, those that never came as 0."""

    officer_id: int
    officer: str
    visits: int
    found: Mapping[str, int]

    @property
    def added(self) -> int:
        return self.found[DoorVisit.Outcome.ADDED]

    @property
    def absent(self) -> int:
        return self.found[DoorVisit.Outcome.ABSENT]

    @property
    def refused(self) -> int:
        return self.found[DoorVisit.Outcome.REFUSED]

    @property
    def out_of_reach(self) -> int:
        return self.found[DoorVisit.Outcome.NO_PHONE] + self.found[DoorVisit.Outcome.NO_WECHAT]

    @property
    def away(self) -> int:
        return self.found[DoorVisit.Outcome.AWAY]

    @property
    def gone(self) -> int:
        """Moved away, or nobody lives there."""
        return self.found[DoorVisit.Outcome.MOVED] + self.found[DoorVisit.Outcome.VACANT]


def by_officer(scope: Scope, *, since: datetime, until: datetime) -> list[Knocks]:
    """Officers who knocked at doors of the scope, the most visits first; nobody with none."""
    rows = (
        DoorVisit.objects.filter(
            scope.divisions("household__division"), at__gte=since, at__lt=until
        )
        .values("officer_id", "officer__name")
        # A refusal that followed somebody to a new household has the moment of the old one.
        .annotate(visits=Count("at", distinct=True), **_OUTCOMES)
        .order_by("-visits", "officer__name", "officer_id")
    )
    return [
        Knocks(
            row["officer_id"], row["officer__name"], row["visits"],
            {outcome: row[f"found_{outcome}"] for outcome in DoorVisit.Outcome.values},
        )
        for row in rows
    ]  # fmt: skip


_OUTCOMES = {
    f"found_{outcome}": Count("at", distinct=True, filter=Q(outcome=outcome))
    for outcome in DoorVisit.Outcome.values
}
