"""What a county has settled about its messages."""

from typing import ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel


class CampaignRules(TenantModel):
    """One row a county; without a row the defaults hold (`rules.rules_of`)."""

    class QuotaMode(models.TextChoices):
        """What the corp's administrator chose in 群发助手; the API does not say."""

        MONTH = "month", "每月，当月有几天就几条"
        WEEK = "week", "每周 7 条"
        DAY = "day", "每天 1 条"

    # A station approves its own messages up to so many people; above, the county desk does.
    station_people = models.IntegerField(default=2_000)
    # Similar words to the same people within so many days are pointed out.
    similar_days = models.SmallIntegerField(default=14)
    # Our own limit for one resident in seven days, below WeCom's.
    per_week = models.SmallIntegerField(default=2, db_default=2)
    quota_mode = models.CharField(
        max_length=5,
        choices=QuotaMode.choices,
        default=QuotaMode.MONTH,
        db_default=QuotaMode.MONTH.value,
    )
    # Of WeCom's limit, so many messages are kept for emergencies.
    emergency_reserve = models.SmallIntegerField(default=3, db_default=3)
    changed_at = models.DateTimeField()
    changed_by = TenantForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county"], name="campaign_rules_once"),
            models.CheckConstraint(
                name="campaign_rules_are_sensible",
                condition=models.Q(station_people__gte=0, similar_days__range=(0, 31)),
            ),
            models.CheckConstraint(
                name="campaign_rules_of_quota_are_sensible",
                condition=models.Q(
                    per_week__range=(1, 7),
                    emergency_reserve__range=(0, 10),
                    quota_mode__in=["month", "week", "day"],
                ),
            ),
        ]
