"""What hangs on a message, as the pages of the desk draw it."""

from django.urls import reverse

from weijing.campaigns.content.attaching import attachments_of
from weijing.campaigns.content.models import Attachment
from weijing.campaigns.models import Campaign
from weijing.web.content.attachments import Shown, shown


def file_url(campaign: Campaign, row: Attachment) -> str:
    return reverse("desk:campaign-attachment", args=[campaign.number, row.pk])


def shown_on(campaign: Campaign | None) -> list[Shown]:
    if campaign is None:
        return []
    return shown(attachments_of(campaign), lambda row: file_url(campaign, row))
