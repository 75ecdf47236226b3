"""Merges and splits of the people an officer answers for."""

from datetime import datetime

from django.db.models import Q, QuerySet

from weijing.accounts.scope import Scope
from weijing.residents.merges.remembering import UNDO_WITHIN
from weijing.residents.models import MergeRecord
from weijing.residents.queries import visible_to


def merges_of(scope: Scope) -> QuerySet[MergeRecord]:
    """Both records within the scope, as far as they have a place; the latest first."""
    if not scope.sees_residents:
        return MergeRecord.objects.none()
    here, there = scope.divisions("survivor__division"), scope.divisions("absorbed__division")
    nowhere, neither = Q(survivor__division=None), Q(absorbed__division=None)
    strangers = Q(survivor_id__in=visible_to(scope).values("pk"))
    both = (here & (there | neither)) | (nowhere & there) | (nowhere & neither & strangers)
    rows = MergeRecord.objects.filter(both, county_id=scope.county_id)
    return rows.select_related("survivor", "absorbed", "by", "undone_by").order_by("-at", "-pk")


def undoable(scope: Scope, *, at: datetime) -> QuerySet[MergeRecord]:
    return merges_of(scope).filter(undone_at=None, at__gte=at - UNDO_WITHIN)
