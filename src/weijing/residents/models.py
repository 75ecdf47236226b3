"""Residents, the households they live in, and their WeCom contacts with officers."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.territory.models import Division


class Household(TenantModel):
    """Residents at one address. `number` is the roll's own household number."""

    class Kind(models.TextChoices):
        FAMILY = "family", "家庭户"
        COLLECTIVE = "collective", "集体户"
        TENANT = "tenant", "租住户"

    division = TenantForeignKey(Division, models.PROTECT, related_name="households")
    number = models.CharField(max_length=30)
    address = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FAMILY)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="household_number"),
        ]


class Resident(TenantModel):
    """A natural person served, on the roll or (provisional) known from WeCom only."""

    class Lifecycle(models.TextChoices):
        ROLL = "roll", "在册"
        PROVISIONAL = "provisional", "待标注"
        MOVED = "moved", "已搬走"
        DECEASED = "deceased", "已故"
        DUPLICATE = "duplicate", "重复"

    class Sex(models.TextChoices):
        FEMALE = "f", "女"
        MALE = "m", "男"
        UNKNOWN = "", "未知"

    class HouseholdRole(models.TextChoices):
        HEAD = "head", "户主"
        SPOUSE = "spouse", "配偶"
        CHILD = "child", "子女"
        PARENT = "parent", "父母"
        FAMILY = "family", "家人"
        TENANT = "tenant", "租客"
        UNKNOWN = "", "未填"

    # Dense number within the county, never reused: audience bitmaps are over it.
    ordinal = models.IntegerField()
    # Their indexes lead with the county (below); a second one without it only costs.
    household = TenantForeignKey(
        Household, models.PROTECT, null=True, related_name="members", db_index=False
    )
    # Equals the household's division; null while we do not know where a WeCom stranger lives.
    division = TenantForeignKey(
        Division, models.PROTECT, null=True, related_name="+", db_index=False
    )
    household_role = models.CharField(max_length=8, choices=HouseholdRole.choices, blank=True)
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=200, blank=True)
    initials = models.CharField(max_length=30, blank=True)
    # Characters and character pairs of name and address, for searching (`searching.py`).
    grams: Any = ArrayField(models.TextField(), default=list)
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True)
    born_on = models.DateField(null=True)
    phone_sealed = models.BinaryField(null=True)
    phone_index = models.UUIDField(null=True)
    phone_tail_index = models.UUIDField(null=True)  # last four digits
    id_number_sealed = models.BinaryField(null=True)
    id_number_index = models.UUIDField(null=True)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.ROLL)
    # Consent scopes in force, kept by `consent.py` beside the records: contact, publicity, …
    consents: Any = ArrayField(models.CharField(max_length=20), default=list)
    # Keyed digest of the roll's row: an unchanged row is recognised without unsealing it.
    roll_digest = models.BinaryField(null=True)

    phone = SealedText("phone_sealed")
    id_number = SealedText("id_number_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "ordinal"], name="resident_ordinal"),
            models.UniqueConstraint(
                fields=["county", "id_number_index"], name="resident_id_number_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["grams"], name="resident_grams"),
            models.Index(
                fields=["county", "initials"],
                name="resident_initials",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            models.Index(fields=["county", "division"], name="resident_division"),
            models.Index(fields=["county", "household"], name="resident_household"),
            models.Index(fields=["county", "phone_index"], name="resident_phone"),
            models.Index(fields=["county", "phone_tail_index"], name="resident_phone_tail"),
        ]

    def __str__(self) -> str:
        return f"resident {self.pk}"


class OrdinalCounter(TenantModel):
    """The next resident ordinal of a county; locked while a block is taken."""

    next_ordinal = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county"], name="one_counter_per_county"),
        ]


class WechatIdentity(TenantModel):
    """A WeChat account that is somebody's contact. A person may have several."""

    external_userid = models.CharField(max_length=64)
    nickname = models.CharField(max_length=120, blank=True)
    kind = models.SmallIntegerField(default=1)  # WeCom's `type`: 1 WeChat, 2 another corp's WeCom
    resident = TenantForeignKey(Resident, models.PROTECT, related_name="identities")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "external_userid"], name="identity_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident"], name="identity_resident"),
        ]


class Contact(TenantModel):
    """The pair officer x identity, as WeCom has it. Remark and tags belong to the pair."""

    class State(models.TextChoices):
        HALF = "half", "待民警通过"
        LINKED = "linked", "已联系"
        REMOVED_BY_RESIDENT = "removed_by_resident", "群众已删除"
        REMOVED_BY_OFFICER = "removed_by_officer", "民警已删除"

    officer = TenantForeignKey(Officer, models.PROTECT, related_name="contacts")
    identity = TenantForeignKey(WechatIdentity, models.CASCADE, related_name="contacts")
    state = models.CharField(max_length=20, choices=State.choices, default=State.LINKED)
    remark = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=300, blank=True)
    # WeCom's remark_mobiles, sealed as one JSON list; the index finds the roll's phone.
    remark_mobiles_sealed = models.BinaryField(null=True)
    remark_mobile_indexes: Any = ArrayField(models.UUIDField(), default=list)
    # Corp tag ids WeCom has on this pair; what we want is `tags.projecting`.
    wecom_tag_ids: Any = ArrayField(models.CharField(max_length=64), default=list)
    added_at = models.DateTimeField()
    add_way = models.IntegerField(default=0)
    way_state = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()  # last read from WeCom
    labelled_at = models.DateTimeField(null=True)
    labelled_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    remark_mobiles_text = SealedText("remark_mobiles_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "officer", "identity"], name="contact_pair_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "identity"], name="contact_identity"),
            models.Index(
                fields=["county", "officer", "added_at"],
                name="contact_unlabelled",
                condition=models.Q(labelled_at=None),
            ),
        ]


class ConsentRecord(TenantModel):
    """What a resident agreed to or took back. Rows are added, never changed."""

    class Scope(models.TextChoices):
        CONTACT = "contact", "加为好友"
        PUBLICITY = "publicity", "接收宣传信息"

    class Channel(models.TextChoices):
        FACE_TO_FACE = "face_to_face", "当面"
        PHONE_PAGE = "phone_page", "手机页面"
        WECOM = "wecom", "企业微信"

    resident = TenantForeignKey(Resident, models.CASCADE, related_name="consent_records")
    scope = models.CharField(max_length=20)
    given = models.BooleanField()
    notice_version = models.CharField(max_length=20)
    channel = models.CharField(max_length=14, choices=Channel.choices)
    recorded_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident", "scope", "at"], name="consent_resident"),
        ]


class RollImport(TenantModel):
    """One file of the roll, checked and then taken in as a whole, or not at all."""

    class State(models.TextChoices):
        CHECKED = "checked", "已检查"
        APPLIED = "applied", "已导入"
        FAILED = "failed", "未导入"

    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices)
    columns: Any = models.JSONField(default=dict)
    rows = models.IntegerField(default=0)
    bad_rows = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    errors_file = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    started_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
