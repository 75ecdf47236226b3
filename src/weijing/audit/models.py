"""Who did what to whom, and why. Rows are added, never changed."""

from typing import Any, ClassVar

from django.db import models

from weijing.core.tenancy import TenantForeignKey, TenantModel


class AuditEntry(TenantModel):
    """One act, or one reading of a resident's record."""

    at = models.DateTimeField()
    actor = TenantForeignKey("accounts.Officer", models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)  # past tense: campaign.approved, resident.viewed
    object_type = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    purpose = models.CharField(max_length=40, blank=True)
    details: Any = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "object_type", "object_id"], name="audit_object"),
            models.Index(fields=["county", "actor", "at"], name="audit_actor"),
        ]
