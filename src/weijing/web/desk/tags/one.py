"""One tag: what it means, what it is used for, what became of it."""

from django.http import Http404, HttpResponse

from weijing.campaigns import following_tags
from weijing.campaigns import policies as campaigns
from weijing.campaigns.models import Campaign
from weijing.tags.catalogue import policies
from weijing.tags.catalogue.in_words import rules_of
from weijing.tags.models import Tag, TagChange, WayTag
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import EVERY_DESK
from weijing.web.desk.showing import show
from weijing.web.desk.tags import use

CAMPAIGNS_SHOWN = 10


@for_roles(*EVERY_DESK)
def tag(request: OfficerRequest, code: str) -> HttpResponse:
    return page(request, tag_of(request, code))


def tag_of(request: OfficerRequest, code: str) -> Tag:
    """A tag of the county, live or ended."""
    tags = Tag.objects.filter(county_id=request.scope.county_id)
    found = tags.select_related("group__category", "merged_into").filter(code=code).first()
    if found is None:
        raise Http404
    return found


def page(
    request: OfficerRequest, tag: Tag, *, wrong: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    """`typed` is the new name that was refused, with the reason in `wrong`."""
    named = following_tags.campaigns_naming(tag, among=campaigns.visible_to(request.scope))
    people = use.carried([tag], request.scope).get(tag.pk)
    changes = TagChange.objects.filter(county_id=tag.county_id, tag=tag)
    context = {
        "tag": tag,
        "rules": rules_of(tag),
        "people": None if tag.retired_at else people,
        "too_few": people is not None and use.is_too_few(tag, people),
        "campaigns": named[:CAMPAIGNS_SHOWN],
        "campaign_count": len(named),
        "sent": sum(one.released_at is not None for one in named),
        "ways": WayTag.objects.filter(county_id=tag.county_id, tag=tag).count(),
        "changes": changes.select_related("by", "other").order_by("-at", "-pk"),
        "may_keep": policies.can_keep(request.scope) and tag.retired_at is None,
        "wrong": wrong,
        "typed": typed or tag.name,
        "states": Campaign.State,
    }
    return show(request, "desk/tags/one.html", context, status=status)
