"""A code is wanted: for an officer's card, a beat's poster, one household's door.

Only the row is written here; `telling` has WeCom make the code.
"""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.errors import DomainError, PermissionDenied
from weijing.core.ids import CODE_ALPHABET
from weijing.residents.adding import refusals
from weijing.residents.models import ContactWay, Household
from weijing.residents.ways import leading
from weijing.territory.models import Beat

STATE_CHARS = 16  # 31^16 is 2^79: nobody finds another household's code by trying
HOUSEHOLD_LIVES = timedelta(days=30)  # asked at the door: either it is used soon, or never


class NobodyToAdd(DomainError):
    """No member of WeCom whom residents can add stands behind such a code."""


class LeftInPeace(DomainError):
    """The household said no; the sentence says until when it is not asked."""


class HouseholdEnded(DomainError):
    """There is no such household any more."""


@transaction.atomic
def for_officer(officer: Officer, *, by: Officer | None, at: datetime) -> ContactWay:
    """The officer's own code; the one there is, if there is one. A refused one is tried again.

    Raises `NobodyToAdd`.
    """
    if not leading.can_be_added(officer):
        raise NobodyToAdd(
            "你还不能被群众添加，没有生成二维码。请系统管理员在企业微信里开通「客户联系」后再点一次。"
        )
    beat_id = leading.beat_of(officer, at=at)
    return _wanted(
        officer.county_id, {"officer": officer, "household": None}, {"beat_id": beat_id}, by, at
    )


@transaction.atomic
def for_beat(beat: Beat, *, by: Officer | None, at: datetime) -> ContactWay:
    """The beat's code: whoever serves there now, or later, is behind it.

    Raises `NobodyToAdd`.
    """
    if not leading.members_of_beats(beat.county_id, [beat.pk], at=at):
        raise NobodyToAdd(
            f"{beat.name}现在没有群众可以添加的民辅警，没有生成二维码。请先安排责任民辅警。"
        )
    return _wanted(beat.county_id, {"beat": beat, "officer": None, "household": None}, {}, by, at)


@transaction.atomic
def for_household(
    household: Household, officer: Officer, *, scope: Scope, at: datetime
) -> ContactWay:
    """A code for this door alone, shown by the officer who stands there.

    Raises `PermissionDenied`, `HouseholdEnded`, `LeftInPeace`, `NobodyToAdd`.
    """
    if not scope.covers(household.division):
        raise PermissionDenied
    # Two taps make one code: there is no constraint, for households are joined with their codes.
    homes = Household.objects.select_for_update().filter(county_id=household.county_id)
    if homes.get(pk=household.pk).ended_on is not None:
        raise HouseholdEnded("这一户已注销或并入别户，没有生成二维码。")
    leave = refusals.may_knock(household, at=at)
    if not leave.given:
        raise LeftInPeace(leave.sentence)
    if not leading.can_be_added(officer):
        raise NobodyToAdd("你还不能被群众添加，没有生成二维码。请系统管理员开通「客户联系」。")
    beat_id = leading.beat_around(household.division)
    return _wanted(
        officer.county_id,
        {"officer": officer, "household": household},
        {"beat_id": beat_id},
        officer,
        at,
    )


@transaction.atomic
def end(way: ContactWay, *, by: Officer | None, at: datetime) -> bool:
    """Take a code down; False when it was already. Who came through it stays who they are."""
    rows = leading.live(way.county_id).filter(pk=way.pk)
    if not rows.update(ended_at=at, due_at=at, attempts=0, refused_because=""):
        return False
    trail.record(by, "way.ended", way, at=at)
    _tell(way)
    return True


@transaction.atomic
def try_again(way: ContactWay, *, at: datetime) -> None:
    """Have WeCom asked once more, or told of a change."""
    rows = ContactWay.objects.filter(county_id=way.county_id, pk=way.pk)
    rows.update(due_at=at, attempts=0, refused_because="")
    _tell(way)


def _wanted(
    county_id: int,
    whose: dict[str, Any],
    more: dict[str, Any],
    by: Officer | None,
    at: datetime,
) -> ContactWay:
    fresh = {"county_id": county_id, "state": _new_state(), "created_at": at, "created_by": by}
    # Two doors that became one household may have brought two: the one that WeCom has made.
    known = leading.live(county_id).filter(**whose).order_by("-config_id", "pk").first()
    made = {**fresh, **more, "due_at": at}
    way, is_new = (
        (known, False) if known else leading.live(county_id).get_or_create(**whose, defaults=made)
    )
    if is_new:
        trail.record(by, "way.wanted", way, at=at)
        _tell(way)
    elif way.refused_because or (not way.picture and way.due_at is None):
        try_again(way, at=at)
    return way


def is_ours(state: str) -> bool:
    """Whether a code of WeCom bears a state of our making."""
    return re.fullmatch(f"w[{CODE_ALPHABET}]{{{STATE_CHARS}}}", state) is not None


def _new_state() -> str:
    """Comes back with every resident; it says nothing to anybody who reads it."""
    return "w" + "".join(secrets.choice(CODE_ALPHABET) for _ in range(STATE_CHARS))


def _tell(way: ContactWay) -> None:
    jobs.enqueue("residents.tell_way", once=f"way-{way.pk}", way_id=way.pk)
