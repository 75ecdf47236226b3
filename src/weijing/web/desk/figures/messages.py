"""How much was published, confirmed and sent: in all, by topic and by tag."""

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse

from weijing.campaigns.models import Campaign, Delivery
from weijing.core import clock
from weijing.indicators import messages
from weijing.sync import queries as sync
from weijing.tags.models import Tag
from weijing.web.access import OfficerRequest, for_roles
from weijing.web.desk.roles import COMMAND
from weijing.web.desk.showing import asked, show
from weijing.web.numerals import span

PERIODS = {"": ("累计", None), "365": ("近一年", 365), "30": ("近 30 日", 30), "7": ("近 7 日", 7)}
TALK_DAYS = 30
FAILED = (
    Delivery.Result.PENDING,
    Delivery.Result.NOT_FRIEND,
    Delivery.Result.OVER_QUOTA,
    Delivery.Result.UNUSABLE,
    Delivery.Result.WITHDRAWN,
)


@for_roles(*COMMAND)
def published(request: OfficerRequest) -> HttpResponse:
    """Of the whole county; a station sees its part of each campaign in the campaign's own pages."""
    if not request.scope.whole_county:
        raise Http404
    period = asked(request, "days")
    word, days = PERIODS.get(period, PERIODS[""])
    now, today = clock.now(), clock.today()
    since = today - timedelta(days=days - 1) if days else None
    found = messages.published(request.scope.county_id, at=now, since=since)
    talk = sync.talk_by_day(request.scope, until=today - timedelta(days=1), days=TALK_DAYS)
    context = {
        "found": found,
        "total": found.total,
        "took": span(found.took),
        "single": sum(day.messages or 0 for day in talk),
        "topics": _topics(found),
        "tags": _tags(found, request.scope.county_id),
        "failed": [
            (each.label, people) for each in FAILED if (people := found.total.results[each.value])
        ],
        "periods": [(key, name, key == period) for key, (name, _) in PERIODS.items()],
        "word": word,
        "as_of": now,
        "confirmed_note": f"{found.total.confirmed:,} / {found.total.tasks:,} 个任务",
        "people_note": f"应发 {found.total.people:,} 人",
        "withdrawn_note": f"48 小时内 {found.total.withdrawn_after:,} 人",
    }
    return show(request, "desk/figures/messages.html", context)


def _topics(found: messages.Published) -> list[tuple[str, messages.Sum]]:
    rows = [(Campaign.Topic(topic).label, row) for topic, row in found.by_topic.items()]
    return sorted(rows, key=lambda row: (-row[1].sent, row[0]))


def _tags(found: messages.Published, county_id: int) -> list[tuple[Any, messages.Sum]]:
    tags = Tag.objects.filter(county_id=county_id, code__in=found.by_tag)
    rows = [(tag, found.by_tag[tag.code]) for tag in tags]
    return sorted(rows, key=lambda row: (-row[1].sent, row[0].code))
