"""One's own draft, for the pages on which it is written."""

from django.http import Http404

from weijing.campaigns import policies
from weijing.campaigns.models import Campaign
from weijing.core.errors import PermissionDenied
from weijing.web.access import OfficerRequest


def own_draft(request: OfficerRequest, number: str) -> Campaign:
    """404 for what one may not see. Raises `PermissionDenied` for what somebody else writes."""
    campaign = policies.visible_to(request.scope).filter(number=number).first()
    if campaign is None:
        raise Http404
    if not policies.can_edit(request.user, campaign):
        raise PermissionDenied("只有起草人能改这条群发。要改动请退回给起草人。")
    return campaign
