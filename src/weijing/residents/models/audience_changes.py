"""What has changed since an audience index was last brought up to date."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func

from weijing.core.tenancy import TenantModel


class TransactionId(models.BigIntegerField):  # type: ignore[type-arg]  # not at run time
    """PostgreSQL's 64-bit transaction number, which never comes round again."""

    def db_type(self, connection: Any) -> str:
        return "xid8"


class AudienceChange(TenantModel):
    """Something that audiences are made of has changed, written with the change itself.

    Whose rows changed, never how: whoever reads it looks at the rows as they are now. So order,
    repetition and rolled back transactions need no care.
    """

    class Dimension(models.IntegerChoices):
        """Other numbers are ids of tags: who carries the tag has changed for these residents."""

        PEOPLE = 0, "people"
        PEOPLE_AND_TAGS = -1, "people and all their tags"
        EVERYTHING = -2, "everything"

    xid = TransactionId(
        db_default=Func(function="pg_current_xact_id", output_field=TransactionId()),
        editable=False,
    )
    dimension = models.BigIntegerField()
    residents: Any = ArrayField(models.BigIntegerField(), default=list)

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "xid"], name="audience_change_xid"),
        ]
