"""What became of people's tags after a work took them off, so that no undo brings them back."""

from collections.abc import Sequence

from django.db.models import QuerySet

from weijing.audit.models import AuditEntry
from weijing.residents.models import BulkWork, Resident
from weijing.tags.models import Tag


def erased(work: BulkWork, people: Sequence[int]) -> set[int]:
    """Who has had their data deleted since."""
    return _ids(_since(work, people).filter(action="resident.erased"))


def taken_off(work: BulkWork, tag: Tag, people: Sequence[int]) -> set[int]:
    """Who got the tag again and had it taken off by somebody who looked at them alone."""
    removed = _since(work, people).filter(action="tag.removed", details__tags__contains=[tag.code])
    return _ids(removed)


def _since(work: BulkWork, people: Sequence[int]) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(
        county_id=work.county_id, object_type=Resident._meta.label_lower, object_id__in=people,
        at__gt=work.at,
    )  # fmt: skip


def _ids(entries: QuerySet[AuditEntry]) -> set[int]:
    return {id for id in entries.values_list("object_id", flat=True) if id is not None}
