"""An item or a version of one's own county, or 404."""

from django.http import Http404

from weijing.campaigns.content.models import ContentItem, ContentVersion
from weijing.web.access import OfficerRequest


def item_or_404(request: OfficerRequest, pk: int) -> ContentItem:
    rows = ContentItem.objects.select_related("created_by", "withdrawn_by")
    found = rows.filter(county_id=request.scope.county_id, pk=pk).first()
    if found is None:
        raise Http404
    return found


def version_or_404(request: OfficerRequest, text: str) -> ContentVersion:
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise Http404
    rows = ContentVersion.objects.select_related("item", "written_by", "reviewed_by")
    found = rows.filter(county_id=request.scope.county_id, pk=int(text)).first()
    if found is None:
        raise Http404
    return found


def latest_of(item: ContentItem) -> ContentVersion:
    rows = ContentVersion.objects.filter(county_id=item.county_id, item=item)
    return rows.select_related("item", "written_by", "reviewed_by").latest("number")
