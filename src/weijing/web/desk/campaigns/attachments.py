"""What hangs on a message: the page to add it, and its files for whoever may see the message."""

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from weijing.accounts.models import Role
from weijing.campaigns import policies
from weijing.campaigns.content.attaching import attachments_of
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.content import attaching
from weijing.web.content.attachments import file_answer
from weijing.web.desk.campaigns.attachments_shown import file_url
from weijing.web.desk.campaigns.drafts import own_draft
from weijing.web.desk.roles import COMMAND


@for_roles(Role.CAMPAIGN_AUTHOR)
@require_http_methods(["GET", "POST"])
def attachments(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = own_draft(request, number)
    return attaching.page(
        request,
        campaign,
        files_url=lambda row: file_url(campaign, row),
        back=reverse("desk:campaign-edit", args=[number]) + "#what",
        where=f"群发 {number}",
    )


@for_roles(*COMMAND)
@require_GET
def attachment(request: OfficerRequest, number: str, pk: int) -> HttpResponse:
    campaign = policies.visible_to(request.scope).filter(number=number).first()
    row = attachments_of(campaign).filter(pk=pk).first() if campaign else None
    if row is None or row.file is None:
        raise Http404
    return file_answer(row.file)
