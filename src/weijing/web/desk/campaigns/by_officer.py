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

WORDS = {"waiting": "没确认", "coming": "还没派到", "confirmed": "已确认", "ended": "已结束"}
LOOKS = {"waiting": "waiting", "coming": "running", "confirmed": "done", "ended": "off"}


@for_roles(*COMMAND)
def officers(request: OfficerRequest, number: str) -> HttpResponse:
    campaign = released(request.scope, number)
    shares = by_officer.shares_with_officers(campaign, request.scope)
    station = _station(request)
    lines = by_officer.by_officer(
        [each for each in shares if station is None or each.officer.station_id == station.pk]
    )
    step = asked(request, "step")
    shown = [line for line in lines if line.step == step] if step in WORDS else lines
    is_running = campaign.state == Campaign.State.RELEASED
    now = clock.now()
    page = page_of(request, shown)
    whole, stations = by_officer.whole(shares), by_officer.by_station(shares)
    rows = list(page.object_list)
    counted = by_officer.homes([whole, *stations, *rows], county_id=campaign.county_id)
    homes = iter(counted)
    context = {
        "campaign": campaign,
        "station": station,
        "whole": whole,
        "whole_homes": next(homes),
        "took": span(whole.took),
        "of_officers": f"共 {whole.progress.officers:,} 名",
        "stations": [(line, next(homes)) for line in stations],
        "page": page,
        "rows": [(line, WORDS[line.step], LOOKS[line.step], next(homes)) for line in rows],
        "step": step if step in WORDS else "",
        "words": [(key, WORDS[key], _with(lines, key)) for key in WORDS],
        "all": len(lines),
        "to_remind": reminding.officers_waiting(campaign) if is_running else 0,
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
