"""Who was found, and nobody said how it ended: called to mind when it is due, and every morning."""

from datetime import datetime

from weijing.core import jobs
from weijing.requests.missing import queries
from weijing.requests.models import MissingPerson


def when_due(missing: MissingPerson, *, at: datetime) -> None:
    """They are found now; in the transaction that says so."""
    jobs.enqueue(
        "requests.tell_not_ended", at=at + queries.END_WITHIN,
        county_id=missing.county_id, missing_id=missing.pk,
    )  # fmt: skip


def again(county_id: int, *, at: datetime) -> int:
    """Everybody overdue, until somebody ends it. Returns how many new reminders wait."""
    reminded = 0
    for missing_id in queries.overdue(county_id, at=at).values_list("pk", flat=True):
        reminded += jobs.enqueue(
            "requests.tell_not_ended", once=f"not-ended-{missing_id}",
            county_id=county_id, missing_id=missing_id,
        )  # fmt: skip
    return reminded
