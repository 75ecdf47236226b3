"""Writing the trail. The entry commits with the act, or before the data is served."""

from datetime import datetime
from typing import Any

from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.core.tenancy import TenantModel


def record(
    by: Officer | None, action: str, thing: TenantModel, *, at: datetime, **details: Any
) -> None:
    """Note an act. `by` is None when the clock or WeCom acted. Details hold ids and counts only."""
    AuditEntry.objects.create(
        county_id=thing.county_id,
        at=at,
        actor=by,
        action=action,
        object_type=thing._meta.label_lower,
        object_id=thing.pk,
        details=details,
    )


def viewed(by: Officer, object_type: str, ids: list[int], *, purpose: str, at: datetime) -> None:
    """Note that `by` was shown these records, before they are shown."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            county_id=by.county_id,
            at=at,
            actor=by,
            action="record.viewed",
            object_type=object_type,
            object_id=object_id,
            purpose=purpose,
        )
        for object_id in ids
    )
