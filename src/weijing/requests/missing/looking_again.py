"""A child's notice was changed: it comes down until the station's desk has looked at it."""

from datetime import datetime

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import jobs
from weijing.requests.missing import opening
from weijing.requests.models import MissingPerson


def after_change(missing: MissingPerson, *, by: Officer | None, at: datetime) -> None:
    """Of a locked row, in the transaction of the change: what the desk let go was another notice.

    A grown-up's notice stays; a new photo of theirs waits by itself (`photos.is_looked_at`).
    """
    if not opening.is_minor(missing) or missing.taken_down_at is not None:
        return
    if missing.expires_at is None or missing.expires_at <= at:
        return
    opening.write(missing, taken_down_at=at)
    trail.record(by, "missing.notice_taken_down", missing, at=at, changed=1)
    jobs.enqueue("requests.tell_taken_down", county_id=missing.county_id, missing_id=missing.pk)
