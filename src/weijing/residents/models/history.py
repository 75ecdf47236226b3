"""What became of a record: its changes, the records joined into it, those that may be the same."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.people import Resident


class ResidentChange(TenantModel):
    """One change of a person's record, as their timeline shows it. Phones stand masked."""

    class Kind(models.TextChoices):
        HOUSEHOLD = "household", "住址变更"
        ROLE = "role", "与户主关系变更"
        LIFECYCLE = "lifecycle", "状态变更"
        CORRECTED = "corrected", "资料更正"
        REACH = "reach", "联系方式变更"
        AWAY = "away", "外出情况变更"
        REPRESENTED = "represented", "代收人变更"
        SHARED = "shared", "共用微信"
        OFFICER = "officer", "责任民辅警变更"
        MERGED = "merged", "合并"
        SPLIT = "split", "拆分"
        UNDONE = "undone", "撤销合并"

    class Source(models.TextChoices):
        OFFICER = "officer", "民辅警"
        RESIDENT = "resident", "本人"
        ROLL = "roll", "名册"
        WECOM = "wecom", "企业微信"

    resident = TenantForeignKey(Resident, models.CASCADE, related_name="changes", db_index=False)
    at = models.DateTimeField()
    by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.OFFICER)
    before: Any = models.JSONField(default=dict)
    after: Any = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident", "at"], name="change_of_resident"),
        ]


class MergeRecord(TenantModel):
    """Two records that became one, and all that moved: enough to undo it for 30 days.

    Rows went from `absorbed` to `survivor`. Of a split too: from the record that was two people
    to the new one, which its undoing empties again.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", "合并"
        SPLIT = "split", "拆分"

    kind = models.CharField(
        max_length=5, choices=Kind.choices, default=Kind.MERGE, db_default=Kind.MERGE
    )
    survivor = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    absorbed = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    moved: Any = models.JSONField(default=dict)  # "table.column": ids of the rows that moved
    # Both records as they were, and the rows that both had; one JSON object, empty after 30 days.
    before_sealed = models.BinaryField()
    undone_at = models.DateTimeField(null=True)
    undone_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    before_text = SealedText("before_sealed")

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "at"], name="merge_when"),
        ]


class DuplicatePair(TenantModel):
    """Two records that may be one person. `first` is the one with the smaller id."""

    class Rule(models.TextChoices):
        ID_NUMBER = "id_number", "身份证号相同"
        PHONE = "phone", "电话相同"
        NAME_AND_HOME = "name_and_home", "同户同名"

    class State(models.TextChoices):
        OPEN = "open", "待核对"
        MERGED = "merged", "已合并"
        DIFFERENT = "different", "不是同一人"

    first = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    second = TenantForeignKey(Resident, models.CASCADE, related_name="+")
    rule = models.CharField(max_length=13, choices=Rule.choices)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "first", "second"], name="pair_once"),
            models.CheckConstraint(
                name="pair_is_ordered", condition=models.Q(first__lt=models.F("second"))
            ),
        ]
