"""The officer in charge hears of it in WeCom. The card names nobody: it leads to the page."""

from datetime import datetime

from django.db.models import Q

from wecom_api import Rejected, WeCom
from wecom_api.app_messages import Recipients
from weijing.accounts.models import Officer, Role
from weijing.core.clock import COUNTY_TIME
from weijing.core.env import environment
from weijing.requests.missing.opening import OPEN, State
from weijing.requests.models import MissingPerson, Sighting
from weijing.territory.models import StationTownship

DUPLICATES_WITHIN_SECONDS = 300  # of the same words: a job that runs twice
MOST_TOLD = 50


def tell_missing(missing: MissingPerson, *, wecom: WeCom) -> None:
    """Somebody is missing: the officer in charge and the desk of the station.

    Raises `Unavailable`, `Misconfigured`: call again.
    """
    if missing.state not in OPEN:
        return
    told = who_is_told(missing)
    _send(told, missing, "有人走失，请马上核实", f"编号 {missing.number}，不用等 24 小时。", wecom)


def tell_sighting(sighting: Sighting, *, wecom: WeCom) -> None:
    """Somebody saw them. Raises `Unavailable`, `Misconfigured`: call again."""
    missing = sighting.missing
    if missing.state not in OPEN or sighting.decided_at is not None:
        return
    officer = missing.in_charge
    can_hear = officer is not None and officer.is_active and officer.wecom_userid
    told = [officer] if officer and can_hear else who_is_told(missing)
    # WeCom drops a card that says what the last one said: each sighting is told apart.
    nth = f"第 {_running_number(sighting)} 条，{_clock_time(sighting.told_at)}"
    words = f"编号 {missing.number}，{nth}。请马上看线索。"
    _send(told, missing, "有人看到了走失的人", words, wecom)


def tell_taken_down(missing: MissingPerson, *, wecom: WeCom) -> None:
    """A child's notice changed and waits for the desk. Raises `Unavailable`, `Misconfigured`."""
    if missing.state not in OPEN or missing.taken_down_at is None:
        return
    when = _clock_time(missing.taken_down_at)
    words = f"编号 {missing.number}，{when} 内容有改动。请看过后重新公开。"
    _send(who_is_told(missing), missing, "孩子的寻人启事已撤下", words, wecom)


def tell_not_ended(missing: MissingPerson, *, wecom: WeCom) -> None:
    """Found a day ago or more, and nobody said how it ended. Raises `Unavailable`, `Misconfigured`.

    Until then what is kept of the person stays.
    """
    if missing.state != State.FOUND or missing.found_at is None:
        return
    found_at = missing.found_at.astimezone(COUNTY_TIME)
    when = f"{found_at.month} 月 {found_at.day} 日 {found_at:%H:%M}"
    words = f"编号 {missing.number}，{when} 找到，还没办结。请登记交给了谁，或怎么结束的。"
    _send(who_is_told(missing), missing, "找到的人还没办结", words, wecom)


def who_is_told(missing: MissingPerson) -> list[Officer]:
    """The officer in charge, and the station's desk that answers for the place."""
    place = missing.division
    stations = StationTownship.objects.filter(
        county_id=missing.county_id, township__lo__lte=place.lo, township__hi__gte=place.hi
    ).values("station_id")
    desk = Q(
        station__in=stations,
        role_grants__role=Role.STATION_COMMAND,
        role_grants__ended_at=None,
    )
    officers = Officer.objects.filter(county_id=missing.county_id, is_active=True)
    told = officers.filter(desk | Q(pk=missing.in_charge_id or 0)).filter(~Q(wecom_userid=""))
    return list(told.distinct().order_by("pk")[:MOST_TOLD])


def _send(
    officers: list[Officer], missing: MissingPerson, title: str, words: str, wecom: WeCom
) -> None:
    userids = tuple(officer.wecom_userid for officer in officers if officer.wecom_userid)
    if not userids:
        return
    url = environment().public_url
    try:
        if url:
            wecom.app_messages.textcard(
                Recipients(userids), title=title, description=words,
                url=f"{url}/o/missing/{missing.number}/", btntxt="去看看",
                duplicate_check_seconds=DUPLICATES_WITHIN_SECONDS,
            )  # fmt: skip
        else:
            wecom.app_messages.text(
                Recipients(userids), f"{title}\n{words}",
                duplicate_check_seconds=DUPLICATES_WITHIN_SECONDS,
            )  # fmt: skip
    except Rejected:
        pass  # the page shows it all the same; the card is a courtesy


def _running_number(sighting: Sighting) -> int:
    """Among those told of the same search, from 1."""
    rows = Sighting.objects.filter(county_id=sighting.county_id, missing_id=sighting.missing_id)
    before = Q(told_at__lt=sighting.told_at) | Q(told_at=sighting.told_at, pk__lte=sighting.pk)
    return rows.filter(before).count()


def _clock_time(at: datetime) -> str:
    return f"{at.astimezone(COUNTY_TIME):%H:%M}"


def by_id(county_id: int, missing_id: int) -> MissingPerson:
    rows = MissingPerson.objects.select_related("division", "in_charge")
    return rows.get(county_id=county_id, pk=missing_id)
