"""The catalogue of 962 tags, and who carries which tag on what basis."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Contact, ContactWay, Resident

OWN_ABOVE = "900"  # number within the group; a county's own tags begin with 901


class TagCategory(TenantModel):
    code = models.CharField(max_length=3)
    name = models.CharField(max_length=30)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="tag_category_code"),
        ]


class TagGroup(TenantModel):
    """Tags of one kind, with the rules of `domain.md` 4.2."""

    class Subject(models.TextChoices):
        RESIDENT = "resident", "个人"
        HOUSEHOLD = "household", "户"
        PREMISES = "premises", "场所"
        ROAD = "road", "道路"
        CONTACT = "contact", "联系方式"
        TOPIC = "topic", "主题"
        UNIT = "unit", "单位"

    class Audience(models.TextChoices):
        YES = "yes", "可作群发条件"
        ANTI_FRAUD = "anti_fraud", "仅限反诈内容"
        ONE_TO_ONE = "one_to_one", "仅限一对一"
        NEVER = "never", "不得作群发条件"

    category = TenantForeignKey(TagCategory, models.PROTECT, related_name="groups")
    code = models.CharField(max_length=5)  # category code + two digits
    name = models.CharField(max_length=30)
    subject = models.CharField(max_length=10, choices=Subject.choices)
    audience = models.CharField(max_length=10, choices=Audience.choices)
    set_by_resident_only = models.BooleanField(default=False)
    needs_separate_consent = models.BooleanField(default=False)
    owner = models.CharField(max_length=30, blank=True)  # the desk that answers for these tags
    who_sets = models.CharField(max_length=60, blank=True)
    definition = models.CharField(max_length=120, blank=True)  # of each tag, with {name} in it
    wecom_group_id = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="tag_group_code"),
        ]


class Tag(TenantModel):
    """A code and a name are never used again, also when the tag has ended."""

    group = TenantForeignKey(TagGroup, models.PROTECT, related_name="tags")
    code = models.CharField(max_length=8)
    name = models.CharField(max_length=30)
    definition = models.CharField(max_length=120, blank=True)  # of a county's own; else the group's
    pinyin = models.CharField(max_length=120)
    initials = models.CharField(max_length=30)
    sensitive = models.BooleanField()
    purpose = models.CharField(max_length=120)
    retention_days = models.IntegerField()
    wecom_tag_id = models.CharField(max_length=64, blank=True)
    retired_at = models.DateTimeField(null=True)
    merged_into = TenantForeignKey(
        "Tag", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="tag_code"),
            models.UniqueConstraint(fields=["county", "name"], name="tag_name"),
            models.CheckConstraint(
                name="tag_merged_is_retired",
                condition=models.Q(merged_into=None) | ~models.Q(retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_own(self) -> bool:
        """Made in this county, beside the 962 that come with the software."""
        return self.code[5:] > OWN_ABOVE

    @property
    def meaning(self) -> str:
        """What is true of who carries it."""
        return self.definition or self.group.definition.replace("{name}", self.name)


class TagProposal(TenantModel):
    """A tag that somebody misses; another person says whether it comes into the catalogue."""

    class State(models.TextChoices):
        OPEN = "open", "待确认"
        CONFIRMED = "confirmed", "已入库"
        DECLINED = "declined", "没有采纳"
        WITHDRAWN = "withdrawn", "已收回"

    group = TenantForeignKey(TagGroup, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=30)
    definition = models.CharField(max_length=120)
    purpose = models.CharField(max_length=120)
    retention_days = models.IntegerField()
    # Nobody carries it without having agreed to its group; always so where the group says it.
    needs_consent = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = TenantForeignKey(Officer, models.PROTECT, related_name="+", db_index=False)
    proposed_at = models.DateTimeField()
    decided_by = TenantForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    tag = TenantForeignKey(Tag, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "name"],
                condition=models.Q(state="open"),
                name="tag_proposed_once",
            ),
            models.CheckConstraint(
                name="tag_is_confirmed_by_another_person",
                condition=~models.Q(state="confirmed")
                | (
                    models.Q(decided_by__isnull=False, tag__isnull=False)
                    & ~models.Q(decided_by=models.F("proposed_by"))
                ),
            ),
        ]


class TagChange(TenantModel):
    """What became of a tag itself, kept for as long as the tag. Who carries it is in the trail."""

    class Kind(models.TextChoices):
        ADDED = "added", "入库"
        RENAMED = "renamed", "改名"
        MERGED = "merged", "并入别的标签"
        RECEIVED = "received", "并进一个标签"
        RETIRED = "retired", "停用"

    tag = TenantForeignKey(Tag, models.PROTECT, related_name="changes", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    by = TenantForeignKey(Officer, models.PROTECT, related_name="+", db_index=False)
    former_name = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    other = TenantForeignKey(Tag, models.PROTECT, null=True, related_name="+", db_index=False)
    people = models.IntegerField(null=True)  # who carried it then

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "tag", "at"], name="tag_change_of_tag"),
            models.Index(fields=["county", "former_name"], name="tag_change_former_name"),
        ]


class TagAssignment(TenantModel):
    """A resident carries a tag. Tags belong to the person; WeCom's are a projection."""

    class Source(models.TextChoices):
        SELF = "self", "本人申报"
        GUARDIAN = "guardian", "监护人"
        VISIT = "visit", "走访"
        INSPECTION = "inspection", "检查"
        PARTNER = "partner", "部门名单"
        WAY = "way", "添加渠道"

    resident = TenantForeignKey(
        Resident, models.CASCADE, related_name="tag_assignments", db_index=False
    )
    tag = TenantForeignKey(Tag, models.PROTECT, related_name="assignments", db_index=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    basis = models.CharField(max_length=120, blank=True)
    set_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+", db_index=False)
    confirmed_at = models.DateTimeField()
    expires_on = models.DateField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "tag", "resident"], name="tag_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident"], name="assignment_resident"),
        ]


class WayTag(TenantModel):
    """Whoever comes through this code carries the tag from the first moment on."""

    way = TenantForeignKey(ContactWay, models.CASCADE, related_name="+", db_index=False)
    tag = TenantForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    set_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+", db_index=False)
    set_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "way", "tag"], name="way_tag_once"),
        ]


class TagProjection(TenantModel):
    """A (officer, contact) pair whose WeCom tags differ from the person's and must be repaired."""

    contact = TenantForeignKey(Contact, models.CASCADE, related_name="+", db_index=False)
    wanted_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    parked_because: Any = models.CharField(max_length=80, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "contact"], name="projection_once"),
        ]
