"""What officers keep to find people again, and work ordered for many at once."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.people import Resident


class SavedView(TenantModel):
    """A list's filters under a name. `query` is the query string: the URL is the state."""

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=30)
    query = models.CharField(max_length=500)
    saved_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "officer", "page", "name"], name="view_name"),
        ]


class Favourite(TenantModel):
    """A resident an officer has to do with often."""

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="favourites")
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "officer", "resident"], name="favourite_once"
            ),
        ]


class BulkWork(TenantModel):
    """One change to many residents, piece by piece: watched, stopped, undone by a person."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        STOPPED = "stopped", "已停止"
        FAILED = "failed", "未完成"

    kind = models.CharField(max_length=30)  # e.g. "tags.add", "residents.assign"
    parameters: Any = models.JSONField(default=dict)
    query = models.CharField(max_length=500, blank=True)  # how the people were chosen
    by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    changed = models.IntegerField(default=0)
    refused: Any = models.JSONField(default=dict)  # reason in Chinese: how many
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    stop_asked_at = models.DateTimeField(null=True)
    undoes = TenantForeignKey("self", models.PROTECT, null=True, related_name="undone_by")


class BulkPiece(TenantModel):
    """Some of the people of a `BulkWork`. `changed` lists those that were: what an undo takes."""

    work = TenantForeignKey(BulkWork, models.CASCADE, related_name="pieces")
    number = models.IntegerField()
    resident_ids: Any = ArrayField(models.BigIntegerField())
    changed: Any = models.JSONField(default=list)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "work", "number"], name="piece_number"),
        ]
