"""Residents, the households they live in, and who stands in for whom."""

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
    ended_on = models.DateField(null=True)  # joined into another one, or everybody moved away
    # What the last roll said of it, as marks (`importing/marks.py`); null: no roll names it.
    roll_marks = models.BinaryField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="household_number"),
        ]


def _index_where_known(**names: str) -> list[models.Index]:
    """Indexes of single columns, by the column.

    Of a WeCom stranger we know none of them: entries for nothing cost PostgreSQL 9 µs a person.
    """
    return [
        models.Index(
            fields=["county", column], name=name, condition=models.Q((f"{column}__isnull", False))
        )
        for column, name in names.items()
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

    class Reach(models.TextChoices):
        UNKNOWN = "", "未填"
        WECHAT = "wechat", "用微信"
        NO_WECHAT = "no_wechat", "不用微信"
        NO_PHONE = "no_phone", "没有手机"

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
    reach = models.CharField(
        max_length=10, choices=Reach.choices, blank=True, default="", db_default=""
    )
    # Where they work away; empty: at home.
    away_at = models.CharField(max_length=60, blank=True, default="", db_default="")
    # Of several officers who are contacts, the one who answers for this person; null: the beat's.
    primary_officer = TenantForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, default=Lifecycle.ROLL)
    # Consent scopes in force, kept by `consent.py` beside the records: contact, publicity, …
    consents: Any = ArrayField(models.CharField(max_length=20), default=list)
    # Keyed digest of the roll's row and marks of its cells (`importing/marks.py`): an unchanged row
    # is recognised without unsealing it, and so is what somebody has corrected since.
    roll_digest = models.BinaryField(null=True)

    phone = SealedText("phone_sealed")
    id_number = SealedText("id_number_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "ordinal"], name="resident_ordinal"),
            models.UniqueConstraint(
                fields=["county", "id_number_index"],
                name="resident_id_number_once",
                condition=models.Q(id_number_index__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["grams"], name="resident_grams"),
            models.Index(
                fields=["county", "initials"],
                name="resident_initials",
                opclasses=["int8_ops", "text_pattern_ops"],
            ),
            *_index_where_known(
                division="resident_division",
                household="resident_household",
                phone_index="resident_phone",
                phone_tail_index="resident_phone_tail",
            ),
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


class Representative(TenantModel):
    """Who is reached in a person's place: a guardian for a child, a relative for who has no phone.

    The child is never a contact itself.
    """

    class Kind(models.TextChoices):
        GUARDIAN = "guardian", "监护人"
        PROXY = "proxy", "代收人"

    resident = TenantForeignKey(Resident, models.CASCADE, related_name="representatives")
    person = TenantForeignKey(Resident, models.CASCADE, related_name="represented")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    recorded_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "resident", "person"],
                condition=models.Q(ended_at=None),
                name="represented_once_by_a_person",
            ),
            models.CheckConstraint(
                name="nobody_represents_themselves",
                condition=~models.Q(resident=models.F("person")),
            ),
        ]
