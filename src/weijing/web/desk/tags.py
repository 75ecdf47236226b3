"""The catalogue: what each tag is for, how long it is kept, and where it may be used."""

from django.http import HttpResponse

from weijing.core import clock
from weijing.tags import queries
from weijing.tags.models import TagCategory, TagGroup
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import EVERY_DESK
from weijing.web.desk.showing import asked, page_of, show


@for_roles(*EVERY_DESK)
def tags(request: OfficerRequest) -> HttpResponse:
    county = request.scope.county_id
    text, category = asked(request, "q"), asked(request, "category")
    found = queries.search(text, county_id=county)
    if category:
        found = found.filter(group__category__code=category)
    if request.GET.get("sensitive"):
        found = found.filter(sensitive=True)
    page = page_of(request, found)
    # How many people carry a tag is a figure about residents; who sees none sees none of it.
    counts = queries.use_counts(county, on=clock.today()) if request.scope.whole_county else {}
    context = {
        "page": page,
        "rows": [(tag, counts.get(tag.code, 0)) for tag in page.object_list],
        "shows_use": request.scope.whole_county,
        "categories": TagCategory.objects.filter(county_id=county).order_by("code"),
        "category": category,
        "sensitive": bool(request.GET.get("sensitive")),
        "q_here": text,
        "is_filtered": bool(text or category or request.GET.get("sensitive")),
        "limits": TagGroup.Audience,
    }
    return show(request, "desk/tags.html", context, part="rows")
