"""What a county has settled about its messages."""

from typing import ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel


class CampaignRules(TenantModel):
    """One row a county; without a row the defaults hold (`rules.rules_of`)."""

    # A station approves its own messages up to so many people; above, the county desk does.
    station_people = models.IntegerField(default=2_000)
    # Similar words to the same people within so many days are pointed out.
    similar_days = models.SmallIntegerField(default=14)
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
        ]
