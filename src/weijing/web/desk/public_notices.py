"""What everybody may see of who and what is looked for, at the desks that write to residents.

Authors and approvers pass it on; the records behind it are the station's.
"""

from typing import Any

from django.http import HttpResponse

from weijing.core import clock
from weijing.requests.lost import notices as lost_notices
from weijing.requests.lost import queries as lost
from weijing.requests.missing import notices
from weijing.web.access import OfficerRequest
from weijing.web.desk.showing import page_of, show
from weijing.web.missing import acting

MOST_SHOWN = 50
PER_PAGE = 20


def searches(request: OfficerRequest) -> HttpResponse:
    """Notices that are shown now, with the words to pass on; who read them is noted."""
    now = clock.now()
    rows: list[dict[str, Any]] = []
    for missing in notices.public(request.scope.county_id, at=now)[:MOST_SHOWN]:
        notices.shown(missing, officer=request.user, at=now)
        rows.append(
            {
                "missing": missing,
                "notice": notices.notice(missing),
                "sentence": notices.sentence(missing, at=now),
                "public_url": acting.public_url(request, missing),
                "picture": f"/r/missing/{missing.number}/photo/",
            }
        )
    return show(request, "desk/missing/public.html", {"rows": rows})


def things(request: OfficerRequest) -> HttpResponse:
    """Found things that wait for their owners, masked as residents read them."""
    found = lost.public(request.scope.county_id, on=clock.today())
    page = page_of(request, found, size=PER_PAGE)
    rows = [(lost_notices.notice(item), item.expires_on) for item in page.object_list]
    return show(request, "desk/lost/public.html", {"page": page, "rows": rows})
