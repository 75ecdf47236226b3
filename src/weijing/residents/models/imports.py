"""Files of the roll."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.people import Resident


class ImportProfile(TenantModel):
    """How the files of one source are read: its columns, and whose word counts for each."""

    name = models.CharField(max_length=40)
    columns: Any = models.JSONField(default=dict)
    policies: Any = models.JSONField(default=dict)  # column: "roll", "ours" or "ask"
    saved_at = models.DateTimeField()
    saved_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "name"], name="import_profile_name"),
        ]


class RollImport(TenantModel):
    """One file of the roll, checked and then taken in as a whole, or not at all."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "待对列"
        CHECKED = "checked", "已检查"
        APPLIED = "applied", "已导入"
        FAILED = "failed", "未导入"
        WAITING = "waiting", "排队中"
        RUNNING = "running", "进行中"
        STOPPED = "stopped", "已取消"
        UNDONE = "undone", "已撤回"

    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices)
    columns: Any = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    bad_rows = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    conflicts = models.IntegerField(default=0)
    vanished = models.IntegerField(default=0)  # on our roll from this source, not in the file
    profile = TenantForeignKey(ImportProfile, models.PROTECT, null=True, related_name="+")
    policies: Any = models.JSONField(default=dict)
    is_whole = models.BooleanField(default=True)  # who is missing in it may have moved away
    progress: Any = models.JSONField(default=dict)  # stage, done, total: what the page shows
    preview: Any = models.JSONField(default=dict)  # counts by column, masked samples
    made: Any = models.JSONField(default=dict)  # first id of the new residents and households
    file_key_sealed = models.BinaryField(null=True)  # opens `parts`; without it nothing does
    stop_asked_at = models.DateTimeField(null=True)
    errors_file = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    started_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    file_key = SealedText("file_key_sealed")


class RollFilePart(TenantModel):
    """A locked piece of an uploaded roll, for whichever machine takes it in; gone afterwards."""

    roll_import = TenantForeignKey(RollImport, models.CASCADE, related_name="parts")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "roll_import", "number"], name="roll_file_part_once"
            ),
        ]


class RollConflict(TenantModel):
    """The roll says one thing and our record, corrected since, another; a person decides."""

    class State(models.TextChoices):
        OPEN = "open", "待决定"
        KEPT = "kept", "保留现有"
        TAKEN = "taken", "采用名册"

    roll_import = TenantForeignKey(RollImport, models.CASCADE, related_name="conflict_rows")
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    row_number = models.IntegerField()
    field = models.CharField(max_length=20)
    ours_sealed = models.BinaryField(null=True)
    theirs_sealed = models.BinaryField(null=True)
    state = models.CharField(max_length=5, choices=State.choices, default=State.OPEN)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    ours = SealedText("ours_sealed")
    theirs = SealedText("theirs_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "roll_import", "resident", "field"], name="conflict_once"
            ),
        ]


class RollAbsence(TenantModel):
    """Someone of an earlier roll who is missing in this one: perhaps moved away; never deleted."""

    class State(models.TextChoices):
        OPEN = "open", "待决定"
        MOVED = "moved", "已搬走"
        STAYS = "stays", "仍在本地"

    roll_import = TenantForeignKey(RollImport, models.CASCADE, related_name="absences")
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    state = models.CharField(max_length=5, choices=State.choices, default=State.OPEN)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "roll_import", "resident"], name="absent_once_per_roll"
            ),
        ]
