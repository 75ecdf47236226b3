"""The catalogue of 962 tags, and who carries which tag on what basis."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Contact, ContactWay, Resident


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
    wecom_group_id = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="tag_group_code"),
        ]


class Tag(TenantModel):
    group = TenantForeignKey(TagGroup, models.PROTECT, related_name="tags")
    code = models.CharField(max_length=8)
    name = models.CharField(max_length=30)
    pinyin = models.CharField(max_length=120)
    initials = models.CharField(max_length=30)
    sensitive = models.BooleanField()
    purpose = models.CharField(max_length=120)
    retention_days = models.IntegerField()
    wecom_tag_id = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="tag_code"),
            models.UniqueConstraint(fields=["county", "name"], name="tag_name"),
        ]

    def __str__(self) -> str:
        return self.name


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
