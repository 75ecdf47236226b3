"""Audiences that were saved, and what an audience index keeps in the database."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel


class SavedAudience(TenantModel):
    """An expression under a name. It stays live: whoever uses it means whom it means then."""

    name = models.CharField(max_length=30)
    tree: Any = models.JSONField()  # `expression`
    note = models.CharField(max_length=120, blank=True)
    saved_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "name"], name="saved_audience_name"),
        ]

    def __str__(self) -> str:
        return self.name


class AudienceCheckpoint(TenantModel):
    """An audience index as it once was, so that a new process need not read ten million rows."""

    snapshot = models.TextField()  # pg_snapshot: all that it shows is in the index
    system = models.CharField(max_length=20)  # of another database the snapshot says nothing
    layout = models.CharField(max_length=40)  # how `index` is laid out
    day = models.DateField()  # tags that had expired by then are not in it
    made_at = models.DateTimeField()
    index = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county"], name="one_checkpoint_per_county"),
        ]
