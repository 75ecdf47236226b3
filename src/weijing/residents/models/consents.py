"""What residents agreed to."""

from typing import ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.contacts import WechatIdentity
from weijing.residents.models.people import Resident


class ConsentRecord(TenantModel):
    """What a resident agreed to or took back. Rows are added, never changed."""

    class Scope(models.TextChoices):
        CONTACT = "contact", "加为好友"
        PUBLICITY = "publicity", "接收宣传信息"

    class Channel(models.TextChoices):
        FACE_TO_FACE = "face_to_face", "当面"
        PHONE_PAGE = "phone_page", "手机页面"
        WECOM = "wecom", "企业微信"
        RECORD = "record", "登记去世"  # nobody said it: a person's death ends their consents

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


class ResidentLink(TenantModel):
    """A resident's own door to their pages, sent with the welcome. Only the key's digest stays."""

    resident = TenantForeignKey(Resident, models.CASCADE, related_name="links")
    identity = TenantForeignKey(WechatIdentity, models.CASCADE, null=True, related_name="+")
    key_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "key_digest"], name="resident_link_key"),
        ]
