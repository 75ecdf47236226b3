"""What of a missing person may be shown, on whose word; and their photo."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.requests.models.missing import MissingPerson


class PublicConsent(TenantModel):
    """The family's written yes to showing one thing, until it is taken back."""

    class Field(models.TextChoices):
        NAME = "name", "姓名"
        PHOTO = "photo", "照片"
        AGE = "age", "性别和年龄"
        LOOKS = "looks", "体貌衣着"
        PLACE = "place", "最后出现的时间、地点"
        HELP = "help", "遇到时怎么帮"

    class Channel(models.TextChoices):
        PAPER = "paper", "纸上签字"
        CHAT = "chat", "企业微信里写明"
        PHONE_PAGE = "phone_page", "本人手机页面"

    missing = TenantForeignKey(MissingPerson, models.CASCADE, related_name="consents")
    field = models.CharField(max_length=5, choices=Field.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    given_by_sealed = models.BinaryField(null=True)
    relation = models.CharField(max_length=20)
    wording = models.TextField()
    given_at = models.DateTimeField()
    recorded_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    given_by = SealedText("given_by_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "missing", "field"],
                condition=Q(withdrawn_at=None),
                name="public_field_agreed_once",
            ),
        ]


class MissingPhoto(TenantModel):
    """A picture, drawn anew without what a camera writes into it, sealed as base64 of a JPEG.

    Of each person one, and at most one more that waits for an officer to look at it.
    """

    missing = TenantForeignKey(MissingPerson, models.CASCADE, related_name="photos")
    data_sealed = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField()
    added_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    # Of the family, while an earlier one that an officer looked at is shown.
    is_waiting = models.BooleanField(default=False, db_default=False)

    data = SealedText("data_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "missing", "is_waiting"], name="one_photo_of_the_missing"
            ),
        ]
