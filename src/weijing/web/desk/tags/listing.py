"""标签库: what each tag is for, who sets it, where it may be used, how many people have it."""

from django.db.models.functions import Substr
from django.http import HttpResponse

from weijing.tags import queries
from weijing.tags.catalogue import policies
from weijing.tags.catalogue.in_words import AUDIENCE
from weijing.tags.models import OWN_ABOVE, TagCategory, TagProposal
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import EVERY_DESK
from weijing.web.desk.showing import asked, page_of, show
from weijing.web.desk.tags import use

KINDS = (("sensitive", "敏感标签"), ("own", "本县自建"), ("ended", "已停用"))


@for_roles(*EVERY_DESK)
def tags(request: OfficerRequest) -> HttpResponse:
    county = request.scope.county_id
    text, category, kind = (asked(request, name) for name in ("q", "category", "kind"))
    search = queries.search_ended if kind == "ended" else queries.search
    found = search(text, county_id=county)
    if category:
        found = found.filter(group__category__code=category)
    if kind == "sensitive":
        found = found.filter(sensitive=True)
    if kind == "own":
        found = found.alias(number=Substr("code", 6)).filter(number__gt=OWN_ABOVE)
    page = page_of(request, found)
    shown = list(page.object_list)
    counts = {} if kind == "ended" else use.carried(shown, request.scope)
    context = {
        "page": page,
        "rows": [
            {
                "tag": tag,
                "audience": AUDIENCE[tag.group.audience],
                "people": counts.get(tag.pk, 0),
                "too_few": use.is_too_few(tag, counts.get(tag.pk, 0)),
            }
            for tag in shown
        ],
        "shows_use": bool(counts),
        "categories": TagCategory.objects.filter(county_id=county).order_by("code"),
        "category": category,
        "kinds": KINDS,
        "kind": kind,
        "q_here": text,
        "is_filtered": bool(text or category or kind),
        "may_propose": policies.can_propose(request.scope),
        "waiting": TagProposal.objects.filter(county_id=county, state="open").count(),
    }
    return show(request, "desk/tags/list.html", context, part="rows")
