"""Codes to scan: how they lead to officers, what greets who scans them, how they are printed."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.people import Household
from weijing.territory.models import Beat, Station


class ContactWay(TenantModel):
    """A WeCom code 「联系我」. Its `state` comes back with whoever was added through it.

    An officer's own code, a beat's (no officer), or one for a single household. The row comes
    first; `due_at` says that WeCom has yet to be told, and who works on it moves it ahead.
    """

    officer = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="contact_ways")
    beat = TenantForeignKey(Beat, models.PROTECT, null=True, related_name="contact_ways")
    household = TenantForeignKey(Household, models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=30)
    config_id = models.CharField(max_length=64, blank=True)  # without it WeCom cannot change it
    qr_code = models.CharField(max_length=300, blank=True)  # the address of WeCom's picture
    picture = models.BinaryField(null=True)  # that picture, PNG or JPEG, for screens and printers
    member_userids: Any = models.JSONField(default=list)  # whom WeCom was last told it leads to
    created_at = models.DateTimeField()
    created_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)  # a call to make it left; null once it is answered
    refused_because = models.CharField(max_length=80, blank=True)  # WeCom's errcode
    idle_since = models.DateTimeField(null=True)  # its officer has no account
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "state"], name="contact_way_state"),
            models.UniqueConstraint(
                fields=["county", "officer"],
                condition=models.Q(household=None, officer__isnull=False, ended_at=None),
                name="one_way_per_officer",
            ),
            models.UniqueConstraint(
                fields=["county", "beat"],
                condition=models.Q(household=None, officer=None, ended_at=None),
                name="one_way_per_beat",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["county", "due_at"],
                name="way_due",
                condition=models.Q(due_at__isnull=False),
            ),
            # Of codes that were once shown at a door there are as many as households.
            models.Index(
                fields=["county", "id"],
                name="way_kept",
                condition=models.Q(household=None, ended_at=None),
            ),
            models.Index(
                fields=["county", "created_at"],
                name="way_at_a_door",
                condition=models.Q(household__isnull=False, ended_at=None),
            ),
            models.Index(
                fields=["county", "idle_since"],
                name="way_idle",
                condition=models.Q(idle_since__isnull=False, ended_at=None),
            ),
            models.Index(fields=["county", "config_id"], name="way_of_wecom"),
        ]


class WelcomeText(TenantModel):
    """What new friends of a beat are greeted with; without a beat, those of the whole county.

    Every saved version stays: a greeting says which one it was. An empty text takes the beat back
    to the county's, the county back to the one that comes with the software.
    """

    beat = TenantForeignKey(Beat, models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    written_at = models.DateTimeField()
    written_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "beat", "written_at"], name="welcome_latest"),
        ]


class PrintOrder(TenantModel):
    """Posters or cards of a whole station in one PDF, drawn by a job."""

    class Kind(models.TextChoices):
        POSTERS = "posters", "海报"
        CARDS = "cards", "名片"

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        RUNNING = "running", "正在制作"
        DONE = "done", "已做好"
        FAILED = "failed", "没做成"

    station = TenantForeignKey(Station, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    ordered_at = models.DateTimeField()
    ordered_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)  # without a code that could be printed
    pdf = models.BinaryField(null=True)  # for a week
    ended_at = models.DateTimeField(null=True)
