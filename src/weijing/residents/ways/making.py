"""The calls: a code is put up, changed, taken down, and its picture fetched."""

from datetime import datetime, timedelta

from django.db import transaction

from wecom_api import WeCom, errors
from wecom_api.contact_ways import MULTI, SINGLE, AddedContactWay
from weijing.audit import trail
from weijing.core.env import environment
from weijing.core.logs import log
from weijing.residents.models import ContactWay
from weijing.residents.ways import claiming, looking

NO_SUCH_CODE = 41044
REMARK_CHARS = 30


def put_up(way: ContactWay, userids: list[str], wecom: WeCom, *, at: datetime) -> bool:
    """False when it is too early to look whether an earlier call has made it, or when somebody
    else has the row by now: a code that came too late is deleted.
    """
    if way.asked_at is not None:
        if _too_early_to_look(way, way.asked_at, at=at):
            return False
        made = looking.made_for(way, wecom=wecom)
        if made:
            found = AddedContactWay(made[0].config_id, made[0].qr_code)
            if not _adopt(way, found, [*made[0].user], at=at):
                return False
            for double in made[1:]:
                _delete(double.config_id, wecom)
            return True
    if not claiming.still_ours(way).update(asked_at=at):
        return False
    way.asked_at = at
    try:
        added = wecom.contact_ways.add(
            user=userids,
            type=_type(way),
            state=way.state,
            remark=_remark(way),
            skip_verify=True,
        )
    except errors.Unanswered:
        raise
    except errors.WeComError:  # nothing was made, and that is known
        claiming.row(way).filter(asked_at=at).update(asked_at=None)
        raise
    if _adopt(way, added, userids, at=at):
        return True
    if not claiming.row(way).filter(config_id=added.config_id).exists():
        _delete(added.config_id, wecom)
    return False


def change(way: ContactWay, userids: list[str], wecom: WeCom, *, at: datetime) -> bool:
    """False when the code is gone in WeCom: a new one is asked for next."""
    try:
        wecom.contact_ways.update(way.config_id, user=userids, remark=_remark(way))
    except errors.ContactWayRefused as refusal:
        if refusal.errcode != NO_SUCH_CODE:
            raise
        log.warning("residents.way_gone", way_id=way.pk)
        claiming.row(way).update(config_id="", qr_code="", picture=None, asked_at=None, due_at=at)
        return False
    way.member_userids = userids
    claiming.row(way).update(member_userids=userids)
    trail.record(None, "way.changed", way, at=at, members=len(userids))
    return True


def take_down(way: ContactWay, wecom: WeCom, *, at: datetime) -> bool:
    """Also one whose making was never answered; False when it is too early to look for it."""
    if not way.config_id and way.asked_at is not None:
        if _too_early_to_look(way, way.asked_at, at=at):
            return False
        for made in looking.made_for(way, wecom=wecom):
            _delete(made.config_id, wecom)
    elif way.config_id:
        _delete(way.config_id, wecom)
    claiming.row(way).update(config_id="", qr_code="", picture=None, asked_at=None)
    return claiming.settle(way)


def fetch_picture(way: ContactWay, wecom: WeCom) -> None:
    """Without it nothing can be shown or printed, but the code itself is good."""
    if way.picture is not None or not way.qr_code:
        return
    way.picture = wecom.pictures.fetch(way.qr_code)
    claiming.row(way).update(picture=way.picture)


@transaction.atomic
def _adopt(way: ContactWay, added: AddedContactWay, userids: list[str], *, at: datetime) -> bool:
    """Only what the attempt that the row stands for has made, and only if it has no code yet."""
    waiting = claiming.row(way).filter(asked_at=way.asked_at, config_id="")
    if not waiting.update(
        config_id=added.config_id, qr_code=added.qr_code, member_userids=userids, asked_at=None
    ):
        log.warning("residents.way_made_twice", way_id=way.pk)
        return False
    way.config_id, way.qr_code, way.member_userids = added.config_id, added.qr_code, userids
    way.asked_at = None
    trail.record(None, "way.made", way, at=at, members=len(userids))
    return True


def _too_early_to_look(way: ContactWay, asked_at: datetime, *, at: datetime) -> bool:
    """WeCom's list may lag; then the row is due when it no longer does."""
    look_at = asked_at + timedelta(seconds=environment().wecom_list_lag_seconds)
    if at >= look_at:
        return False
    claiming.still_ours(way).update(due_at=look_at)
    return True


def _delete(config_id: str, wecom: WeCom) -> None:
    try:
        wecom.contact_ways.delete(config_id)
    except errors.ContactWayRefused as refusal:
        if refusal.errcode != NO_SUCH_CODE:
            raise


def _type(way: ContactWay) -> int:
    """A beat's code can lead to several later on, which the other kind never can."""
    return SINGLE if way.officer_id else MULTI


def _remark(way: ContactWay) -> str:
    """For WeCom's lists: where, and whose; never a household."""
    names = [way.beat.name if way.beat else "", way.officer.name if way.officer else ""]
    return " ".join(name for name in names if name)[:REMARK_CHARS]
