"""What an audience index keeps in the database."""

from typing import ClassVar

from django.db import models

from weijing.core.tenancy import TenantModel


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
