"""The desk's menu: only what this person may open, with a count only where somebody must act."""

from typing import Any, NamedTuple

from django.db.models import Q
from django.urls import reverse

from weijing.accounts.models import Role
from weijing.accounts.scope import Scope
from weijing.campaigns import queries as campaigns
from weijing.campaigns.emergency import policies as emergencies
from weijing.campaigns.emergency import reminding
from weijing.core import clock
from weijing.privacy.queries import waiting_for as requests_to_answer
from weijing.requests.lost import queries as lost
from weijing.requests.missing import queries as missing
from weijing.residents import policies
from weijing.residents.merges import duplicates
from weijing.residents.queries import to_be_labelled
from weijing.tags.catalogue import policies as catalogue
from weijing.tags.models import TagProposal
from weijing.web.access import OfficerRequest
from weijing.web.desk.roles import AUDIT, COMMAND, EVERY_DESK, HEALTH, MACHINE, MERGERS

# Pages that lie below an entry without its address.
BELOW = {
    "campaigns": ("/desk/audiences/", "/desk/library/", "/desk/figures/"),
    "coverage": ("/desk/grids/", "/desk/walks/", "/desk/posters/", "/desk/welcome/"),
    "duplicates": ("/desk/merges/",),
}
MOST_SHOWN = 999  # beside a menu entry; counting further would cost every page


class Entry(NamedTuple):
    label: str
    view: str
    icon: str
    roles: tuple[Role, ...]


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("", (Entry("总览", "overview", "home", COMMAND),)),
    (
        "通知",
        (
            Entry("群发", "campaigns", "send", COMMAND),
            Entry("紧急推送", "emergency", "triangle", emergencies.DESK),
            Entry("不在岗", "absences", "clock", (Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)),
        ),
    ),
    (
        "求助",
        (
            Entry("走失寻找", "missing", "users", COMMAND),
            Entry("失物招领", "lost-items", "search", COMMAND),
        ),
    ),
    (
        "底数",
        (
            Entry("网格与覆盖", "coverage", "cube", COMMAND),
            Entry("群众", "contacts", "users", COMMAND),
            Entry("待标注", "labelling", "id-card", COMMAND),
            Entry("重复核对", "duplicates", "transfer", MERGERS),
            Entry("群众申请", "rights", "doc", COMMAND),
            Entry("标签库", "tags", "tag", EVERY_DESK),
            Entry("批量任务", "jobs", "list", (Role.STATION_COMMAND,)),
        ),
    ),
    ("审计", (Entry("访问审计", "audit", "search", AUDIT),)),
    (
        "系统",
        (
            Entry("名册导入", "imports", "upload", (Role.STATION_COMMAND, *MACHINE)),
            Entry("任务与健康", "health", "gear", HEALTH),
        ),
    ),
)


def menu(request: OfficerRequest) -> dict[str, Any]:
    """Context of `base/desk.html`."""
    scope, officer = request.scope, request.user
    station = officer.station
    county = officer.county
    return {
        "brand_name": f"{county.name.rstrip('县市区')}微警",
        "brand_unit": station.name if station and not scope.whole_county else "县局指挥室",
        "me_name": officer.name,
        "me_role": "、".join(Role(role).label for role in Role if role in scope.roles),
        "nav": _groups(request, _counts(request), _late(scope)),
        "search_url": reverse("desk:contacts") if scope.has(*COMMAND) else "",
        "q": request.GET.get("q", ""),
    }


def _counts(request: OfficerRequest) -> dict[str, int]:
    counts, scope = {}, request.scope
    if scope.has(Role.CAMPAIGN_APPROVER, Role.STATION_COMMAND):
        counts["campaigns"] = len(campaigns.to_approve(request.user, scope, at=clock.now()))
    if scope.has(*emergencies.DESK):
        counts["emergency"] = reminding.waiting_for(scope, at=clock.now()).count()
    if scope.has(Role.STATION_COMMAND):
        counts["labelling"] = to_be_labelled(scope).count()
        counts["rights"] = requests_to_answer(scope).count()
        counts["missing"] = missing.waiting_for(scope, at=clock.now()).count()
        counts["lost-items"] = lost.waiting_for(scope).count()
    if catalogue.can_keep(scope):
        others = ~Q(proposed_by=scope.officer_id)
        proposals = TagProposal.objects.filter(others, county_id=scope.county_id, state="open")
        counts["tags"] = proposals.count()
    if policies.can_unite(scope):
        counts["duplicates"] = duplicates.to_review(scope).order_by()[:MOST_SHOWN].count()
    return counts


def _late(scope: Scope) -> set[str]:
    """Entries behind which something is overdue."""
    late = scope.has(*emergencies.DESK) and reminding.overdue(scope, at=clock.now())
    return {"emergency"} if late else set()


def _groups(
    request: OfficerRequest, counts: dict[str, int], late: set[str]
) -> list[dict[str, Any]]:
    groups = []
    for title, entries in GROUPS:
        items = [
            {**_item(request, entry, counts), "red": entry.view in late}
            for entry in entries
            if request.scope.has(*entry.roles)
        ]
        if items:
            groups.append({"title": title, "items": items})
    return groups


def _item(request: OfficerRequest, entry: Entry, counts: dict[str, int]) -> dict[str, Any]:
    url = reverse(f"desk:{entry.view}")
    here = request.path == url or (entry.view != "overview" and request.path.startswith(url))
    is_below = request.path.startswith(BELOW.get(entry.view, ()))
    return {
        "label": entry.label,
        "url": url,
        "icon": entry.icon,
        "count": counts.get(entry.view),
        "current": here or is_below,
    }
