"""How residents become contacts: doors knocked at, lists to walk."""

from typing import ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models.people import Household
from weijing.territory.models import Division


class DoorVisit(TenantModel):
    """An officer stood at a household's door. Who refused is not named: the household is."""

    class Outcome(models.TextChoices):
        ADDED = "added", "已加好友"
        ABSENT = "absent", "家中无人"
        REFUSED = "refused", "不愿意加"
        NO_PHONE = "no_phone", "没有手机"
        NO_WECHAT = "no_wechat", "不用微信"
        AWAY = "away", "在外务工"
        MOVED = "moved", "已搬走"
        VACANT = "vacant", "空房"

    household = TenantForeignKey(
        Household, models.CASCADE, related_name="door_visits", db_index=False
    )
    officer = TenantForeignKey(Officer, models.PROTECT, related_name="+", db_index=False)
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    note = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()  # when the officer stood there, by the phone's clock
    recorded_at = models.DateTimeField()
    # Made by the phone, which may send a visit twice when the network returns.
    phone_key = models.UUIDField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "phone_key"], name="visit_recorded_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "household", "at"], name="visit_of_household"),
            models.Index(fields=["county", "at"], name="visit_when"),
        ]


class DoorVisitCorrection(TenantModel):
    """What a visit said before the officer who recorded it put it right."""

    visit = TenantForeignKey(DoorVisit, models.CASCADE, related_name="corrections")
    outcome = models.CharField(max_length=9, choices=DoorVisit.Outcome.choices)
    note = models.CharField(max_length=120, blank=True)
    corrected_at = models.DateTimeField()


class WalkingList(TenantModel):
    """Households without a contact that a chief asks an officer to visit, in walking order."""

    officer = TenantForeignKey(Officer, models.PROTECT, related_name="walking_lists")
    division = TenantForeignKey(Division, models.PROTECT, related_name="+")
    ordered_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField()
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True)


class WalkingStop(TenantModel):
    """A household on a walking list. Visited when a `DoorVisit` is younger than the list."""

    walking_list = TenantForeignKey(WalkingList, models.CASCADE, related_name="stops")
    household = TenantForeignKey(Household, models.CASCADE, related_name="+")
    number = models.IntegerField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "walking_list", "household"], name="stop_once_per_list"
            ),
        ]
