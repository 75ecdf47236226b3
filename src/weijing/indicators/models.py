"""Figures that are kept because counting them anew would take longer each year."""

from typing import Any, ClassVar

from django.db import models

from weijing.campaigns.models import Campaign
from weijing.core.tenancy import TenantForeignKey, TenantModel


class CampaignFigures(TenantModel):
    """What became of one campaign that has ended; written again as long as it is not `settled`."""

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="+", db_index=False)
    topic = models.CharField(max_length=10)
    released_on = models.DateField()
    tags: Any = models.JSONField(default=list)  # codes that its audience named
    tasks = models.IntegerField()
    confirmed = models.IntegerField()
    results: Any = models.JSONField(default=dict)  # people by `Delivery.Result`
    # People who got it and took their consent back within 48 hours.
    withdrawn_after = models.IntegerField()
    settled = models.BooleanField()  # those 48 hours are over for everybody

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "campaign"], name="campaign_figures_once"),
        ]
