"""Officer by officer and station by station: who confirmed and how quickly, what came of it."""

from django.http import HttpResponse

from weijing.campaigns import by_officer, policies, reminding
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.territory.models import Station
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.campaigns.composing import STEPS
from weijing.web.desk.campaigns.progress import released
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, asked_id, page_of, show
from weijing.web.numerals import span

WORDS = {"waiting": "没确认", "confirmed": "已确认", "ended": "已结束"}
LOOKS = {"waiting": "waiting", "confirmed": "done", "ended": "off"}


@for_roles(*COMMAND)
def officers(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    station = _station(request)
    lines = by_officer.by_officer(
        campaign, request.scope, station_id=station.pk if station else None
    )
    step = asked(request, "step")
    shown = [line for line in lines if line.step == step] if step in WORDS else lines
    is_running = campaign.state == Campaign.State.RELEASED
    now = clock.now()
    whole = by_officer.whole(campaign, request.scope)
    page = page_of(request, shown)
    context = {
        "campaign": campaign,
        "station": station,
        "stations": by_officer.by_station(campaign, request.scope),
        "whole": whole,
        "took": span(whole.took),
        "of_officers": f"共 {whole.progress.officers:,} 名",
        "page": page,
        "rows": [(line, WORDS[line.step], LOOKS[line.step]) for line in page.object_list],
        "step": step if step in WORDS else "",
        "words": [(key, WORDS[key], _with(lines, key)) for key in WORDS],
        "all": len(lines),
        "unconfirmed": sum(line.step == "waiting" for line in lines),
        "may_remind": is_running and policies.can_remind(request.user, campaign, at=now),
        "reminders_left": reminding.reminders_left(campaign, at=now),
        "steps": STEPS,
        "at_step": 4 if is_running else 5,
    }
    return show(request, "desk/campaigns/officers.html", context, part="rows")


def _with(lines: list[by_officer.Line], step: str) -> int:
    return sum(line.step == step for line in lines)


def _station(request: OfficerRequest) -> Station | None:
    pk = asked_id(request, "station")
    return Station.objects.filter(county_id=request.scope.county_id, pk=pk).first() if pk else None
