"""WeCom's statistics of each officer and day. WeCom forgets them after 180 days; we never do."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Max

from wecom_api import Rejected, WeCom
from wecom_api.behaviour import LONGEST_PERIOD_DAYS
from wecom_api.behaviour import BehaviourDay as Answered
from weijing.core.clock import COUNTY_TIME, local_day
from weijing.core.ids import new_id
from weijing.core.logs import log
from weijing.sync.models import BehaviourDay
from weijing.sync.serving import officer_ids

KEPT_DAYS = 180  # developer.work.weixin.qq.com/document/path/92132
THREADS = 4
CHUNK = 64  # officers whose answers are held at a time

FIGURES = (
    "new_apply_cnt",
    "new_contact_cnt",
    "chat_cnt",
    "message_cnt",
    "reply_percentage",
    "avg_reply_time_minutes",
    "negative_feedback_cnt",
)


@dataclass
class Pulled:
    officers: int = 0
    days: int = 0
    not_there_yet: int = 0  # officers whose yesterday WeCom has not worked out
    refused: int = 0
    calls: int = 0


@dataclass(frozen=True)
class _Wanted:
    officer_id: int
    userid: str
    first: date
    last: date


def pull(
    county_id: int,
    wecom: WeCom,
    *,
    at: datetime,
    since: date | None = None,
    progress: Callable[[Pulled, int], None] | None = None,
) -> Pulled:
    """Fetch what is missing up to yesterday; may be called as often as one likes.

    Yesterday's figures appear some time in the morning. `since` reads days again that are here.
    Raises `wecom_api.WeComError`, with everything so far kept.
    """
    wanted = _wanted(county_id, yesterday=local_day(at) - timedelta(days=1), since=since)
    pulled = Pulled()
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            answers = pool.map(lambda one: _ask(wecom, one), chunk)
            for one, (rows, calls, refused) in zip(chunk, answers, strict=True):
                _keep(county_id, one.officer_id, rows)
                pulled.officers += 1
                pulled.days += len(rows)
                pulled.calls += calls
                pulled.refused += refused
                newest = max((day for day, _ in rows), default=None)
                pulled.not_there_yet += not refused and newest != one.last
            if progress:
                progress(pulled, len(wanted))
    return pulled


def _wanted(county_id: int, *, yesterday: date, since: date | None) -> list[_Wanted]:
    oldest = yesterday - timedelta(days=KEPT_DAYS - 1)
    newest = BehaviourDay.objects.filter(county_id=county_id).values("officer_id")
    have = {row["officer_id"]: row["newest"] for row in newest.annotate(newest=Max("day"))}
    found = []
    for userid, officer_id in sorted(officer_ids(county_id).items()):
        known = have.get(officer_id)
        first = since or (known + timedelta(days=1) if known else oldest)
        if first <= yesterday:
            found.append(_Wanted(officer_id, userid, max(first, oldest), yesterday))
    return found


def _ask(wecom: WeCom, wanted: _Wanted) -> tuple[list[tuple[date, Answered]], int, bool]:
    rows: list[tuple[date, Answered]] = []
    calls = 0
    for first, last in _spans(wanted.first, wanted.last):
        calls += 1
        try:
            answered = wecom.behaviour.get_user_behavior_data(
                userid=[wanted.userid], start_time=_midnight(first), end_time=_midnight(last)
            )
        except Rejected as refusal:  # left the scope or the corp; the others go on
            log.warning(
                "sync.behaviour_refused", officer_id=wanted.officer_id, errcode=refusal.errcode
            )
            return rows, calls, True
        rows += [(local_day(datetime.fromtimestamp(r.stat_time, UTC)), r) for r in answered]
    return rows, calls, False


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(last, first + timedelta(days=LONGEST_PERIOD_DAYS - 1))
        yield first, end
        first = end + timedelta(days=1)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=COUNTY_TIME).timestamp())


def _keep(county_id: int, officer_id: int, rows: list[tuple[date, Answered]]) -> None:
    BehaviourDay.objects.bulk_create(
        [
            BehaviourDay(
                id=new_id(),
                county_id=county_id,
                officer_id=officer_id,
                day=day,
                new_apply_cnt=row.new_apply_cnt,
                new_contact_cnt=row.new_contact_cnt,
                chat_cnt=row.chat_cnt,
                message_cnt=row.message_cnt,
                reply_percentage=row.reply_percentage,
                avg_reply_time_minutes=row.avg_reply_time,
                negative_feedback_cnt=row.negative_feedback_cnt,
            )
            for day, row in dict(rows).items()
        ],
        update_conflicts=True,
        unique_fields=["county", "officer", "day"],
        update_fields=FIGURES,
    )
