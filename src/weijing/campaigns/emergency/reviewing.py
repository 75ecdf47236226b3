"""Afterwards another person looks at what a duty leader let go alone."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.campaigns.emergency import policies
from weijing.campaigns.emergency.models import EmergencyMessage
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.core.errors import DomainError, PermissionDenied

REVIEW_WITHIN = timedelta(hours=24)


class ReviewedAlready(DomainError):
    """One review each; what it says stands."""

    def __init__(self) -> None:
        super().__init__("这条已经复核过了，没有改动。")


@transaction.atomic
def review(
    message: EmergencyMessage, *, by: Officer, at: datetime, was_right: bool, note: str = ""
) -> None:
    """Say whether it was right to let it go. Raises `PermissionDenied`, `ReviewedAlready`,
    `Incomplete` (what was wrong needs a sentence).
    """
    if not policies.can_review(by, at=at) or by.county_id != message.county_id:
        raise PermissionDenied
    if by.pk == message.approved_by_id:
        raise PermissionDenied("复核要由批准人以外的人做。")
    note = note.replace("\0", "").strip()
    if not was_right and not note:
        raise Incomplete("请写明哪里不妥，下次怎么改。")
    unreviewed = EmergencyMessage.objects.filter(
        county_id=message.county_id, pk=message.pk, approved_at__isnull=False, reviewed_at=None
    )
    if not unreviewed.update(
        reviewed_by=by, reviewed_at=at, was_right=was_right, review_note=note[:200]
    ):
        raise ReviewedAlready
    trail.record(by, "emergency.reviewed", message, at=at, was_right=was_right)


def to_review(scope: Scope) -> QuerySet[EmergencyMessage]:
    """Let go by others and looked at by nobody yet, the oldest first."""
    return (
        EmergencyMessage.objects.filter(
            ~Q(approved_by_id=scope.officer_id),
            county_id=scope.county_id,
            approved_at__isnull=False,
            reviewed_at=None,
            event__in=policies.visible_to(scope),
        )
        .select_related("event", "approved_by")
        .order_by("approved_at")
    )
