"""Somebody saw the missing person."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.requests.models.missing import MissingPerson
from weijing.residents.models import Resident


class Sighting(TenantModel):
    """For the officer in charge alone; never on a page of others."""

    class Verdict(models.TextChoices):
        NEW = "", "没看"
        FOLLOWED = "followed", "已派人去看"
        NOT_THEM = "not_them", "不是本人"

    missing = TenantForeignKey(MissingPerson, models.CASCADE, related_name="sightings")
    seen_at = models.DateTimeField()
    place_sealed = models.BinaryField(null=True)
    words_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    resident = TenantForeignKey(Resident, models.SET_NULL, null=True, related_name="sightings")
    told_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField()
    sender = models.UUIDField(null=True)  # keyed fingerprint of the network address
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    place = SealedText("place_sealed")
    words = SealedText("words_sealed")
    phone = SealedText("phone_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                name="sighting_is_decided_or_new",
                condition=Q(verdict="", decided_at=None)
                | ~Q(verdict="") & Q(decided_at__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "sender", "told_at"], name="sighting_sender"),
        ]
