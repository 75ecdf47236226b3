"""Who did what to whom, and why. Rows are added, never changed; seals prove it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from weijing.audit.marking import mark
from weijing.core.tenancy import TenantForeignKey, TenantModel


class AppendOnly(Exception):
    """An entry of the trail is never changed and never deleted. (Only `sealing` numbers it.)"""


class Entries(models.QuerySet["AuditEntry"]):
    """Each row leaves with its mark, and stays as it is."""

    def bulk_create(self, objs: Iterable["AuditEntry"], *args: Any, **options: Any) -> Any:
        entries = list(objs)
        for entry in entries:
            entry.mark = mark(entry)
        return super().bulk_create(entries, *args, **options)

    def update(self, **changes: Any) -> int:
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class AuditEntry(TenantModel):
    """One act, or one reading of a resident's record."""

    at = models.DateTimeField()
    actor = TenantForeignKey("accounts.Officer", models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)  # past tense: campaign.approved, resident.viewed
    object_type = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)
    purpose = models.CharField(max_length=40, blank=True)
    details: Any = models.JSONField(default=dict)
    # Over all of the above, by a key that the database does not have.
    mark = models.BinaryField()
    seal = models.IntegerField(null=True)  # the number of its county's `Seal`; null: not yet

    objects: ClassVar[models.Manager["AuditEntry"]] = models.Manager.from_queryset(Entries)()

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "object_type", "object_id"], name="audit_object"),
            models.Index(fields=["county", "actor", "at"], name="audit_actor"),
            models.Index(fields=["county", "seal"], name="audit_by_seal"),
        ]

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        self.mark = mark(self)
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class Seal(TenantModel):
    """Closes over its entries and the seal before it: none can be taken out, put in or changed."""

    number = models.IntegerField()  # 1, 2, 3 … without a gap
    at = models.DateTimeField()
    entries = models.IntegerField()
    digest = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="seal_number"),
        ]
