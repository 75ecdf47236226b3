"""What residents ask for about their own data, and who tries codes."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Resident


class RightsRequest(TenantModel):
    """One exercise of a right, from asking to the answer. Source: PIPL 44-50."""

    class Kind(models.TextChoices):
        ACCESS = "access", "查阅"
        COPY = "copy", "复制"
        CORRECT = "correct", "更正"
        DELETE = "delete", "删除"
        WITHDRAW = "withdraw", "撤回同意"
        COMPLAINT = "complaint", "投诉"

    class State(models.TextChoices):
        RECEIVED = "received", "已收到"
        IDENTITY_CHECKED = "identity_checked", "已核实身份"
        DECIDED = "decided", "已决定"
        EXECUTED = "executed", "已办理"
        ANSWERED = "answered", "已答复"

    class Field(models.TextChoices):
        """What is to be corrected."""

        NONE = "", "—"
        NAME = "name", "姓名"
        PHONE = "phone", "电话"
        ADDRESS = "address", "住址"
        TAG = "tag", "标签"
        OTHER = "other", "其他内容"

    class Channel(models.TextChoices):
        PHONE_PAGE = "phone_page", "手机页面"
        IN_PERSON = "in_person", "当面"
        LETTER = "letter", "书面"

    class Check(models.TextChoices):
        """How we know that it is the person."""

        NONE = "", "—"
        IN_PERSON = "in_person", "当面核对证件"
        CALL = "call", "回拨登记电话"
        KNOWN = "known", "民辅警本人认识"

    number = models.CharField(max_length=12)  # random, so that it tells nobody how many there are
    resident = TenantForeignKey(
        Resident, models.CASCADE, related_name="rights_requests", db_index=False
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    field = models.CharField(max_length=7, choices=Field.choices, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RECEIVED)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    wanted_sealed = models.BinaryField(null=True)  # the new value
    words_sealed = models.BinaryField(null=True)  # what they wrote
    received_at = models.DateTimeField()
    received_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    due_on = models.DateField()
    checked_at = models.DateTimeField(null=True)
    checked_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    checked_how = models.CharField(max_length=9, choices=Check.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    granted = models.BooleanField(null=True)
    executed_at = models.DateTimeField(null=True)
    executed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answered_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    answer_sealed = models.BinaryField(null=True)

    wanted = SealedText("wanted_sealed")
    words = SealedText("words_sealed")
    answer = SealedText("answer_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="rights_request_number"),
            models.CheckConstraint(
                name="rights_request_is_decided_or_not",
                condition=Q(decided_at=None, granted=None)
                | Q(decided_at__isnull=False, granted__isnull=False),
            ),
            models.CheckConstraint(
                name="only_what_was_granted_is_executed",
                condition=Q(executed_at=None) | Q(granted=True),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident"], name="rights_request_resident"),
            models.Index(
                fields=["county", "due_on"],
                name="rights_request_open",
                condition=~Q(state="answered"),
            ),
        ]


class WrongCode(TenantModel):
    """Somebody typed an officer's code that is none; too many and they wait."""

    who = models.UUIDField()  # keyed fingerprint of the network address
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "who", "at"], name="wrong_code_who"),
        ]
