"""Having WeCom make, change or delete a code. Asked for once; after silence we look first.

Intent, call and result are three commits. `due_at` is the wish and, moved ahead, the lease of who
works on it; `asked_at` stands while nobody knows whether a call to make the code arrived.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from wecom_api import WeCom, errors, pictures
from wecom_api.contact_ways import MULTI, SINGLE, AddedContactWay
from weijing.audit import trail
from weijing.core.env import environment
from weijing.core.logs import log
from weijing.residents.models import ContactWay
from weijing.residents.ways import leading, looking, troubles

LEASE = timedelta(minutes=2)
CHUNK = 100
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6))
NO_SUCH_CODE = 41044
REMARK_CHARS = 30


def tell_due(county_id: int, *, wecom: WeCom, at: datetime, limit: int = CHUNK) -> int:
    """Codes that wait, the longest waiting first. Returns how many were settled.

    Ends when WeCom is away; what waits then goes on waiting.
    """
    due = ContactWay.objects.filter(county_id=county_id, due_at__lte=at).order_by("due_at", "pk")
    settled = 0
    for way_id in due.values_list("pk", flat=True)[:limit]:
        try:
            settled += tell(county_id, way_id, wecom=wecom, at=at)
        except (errors.Unavailable, errors.Misconfigured):
            break
        except errors.Unanswered:
            continue
    return settled


def tell(county_id: int, way_id: int, *, wecom: WeCom, at: datetime) -> bool:
    """Make WeCom's code what the row says. True when the row is settled, also by a refusal.

    Raises `errors.Unavailable`, `errors.Unanswered`, `errors.Misconfigured`, with the row due
    again later.
    """
    way = _claim(county_id, way_id, at=at)
    if way is None:
        return False
    try:
        settled = _told(way, wecom, at=at)
    except errors.Unavailable as away:
        _later(way, at=at, seconds=getattr(away, "retry_after_seconds", 0.0))
        raise
    except errors.Unanswered:
        _later(way, at=at)
        raise
    except errors.Misconfigured as refusal:
        _refuse(way, str(refusal.errcode or 0), at=at)
        _later(way, at=at)
        raise
    except errors.Rejected as refusal:
        code = troubles.NO_PICTURE if refusal.api == pictures.API else str(refusal.errcode or 0)
        _refuse(way, code, at=at)
        return True
    return settled


def _told(way: ContactWay, wecom: WeCom, *, at: datetime) -> bool:
    if way.ended_at is not None:
        return _take_down(way, wecom, at=at)
    userids = leading.leads_to(way, at=at)
    if not userids:
        _refuse(way, troubles.NOBODY, at=at)
        return True
    if not way.config_id and not _put_up(way, userids, wecom, at=at):
        return False
    if way.member_userids != userids and not _change(way, userids, wecom, at=at):
        return False
    _fetch_picture(way, wecom)
    return _settle(way)


def _put_up(way: ContactWay, userids: list[str], wecom: WeCom, *, at: datetime) -> bool:
    """False when it is too early to look whether an earlier call has made it."""
    if way.asked_at is not None:
        look_at = way.asked_at + timedelta(seconds=environment().wecom_list_lag_seconds)
        if at < look_at:
            _still_ours(way).update(due_at=look_at)
            return False
        made = looking.made_for(way, wecom=wecom)
        for double in made[1:]:
            _delete(double.config_id, wecom)
        if made:
            found = AddedContactWay(made[0].config_id, made[0].qr_code)
            _adopt(way, found, [*made[0].user], at=at)
            return True
    if not _still_ours(way).update(asked_at=at):
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
        _row(way).update(asked_at=None)
        raise
    _adopt(way, added, userids, at=at)
    return True


def _change(way: ContactWay, userids: list[str], wecom: WeCom, *, at: datetime) -> bool:
    """False when the code is gone in WeCom: a new one is asked for next."""
    try:
        wecom.contact_ways.update(way.config_id, user=userids, remark=_remark(way))
    except errors.ContactWayRefused as refusal:
        if refusal.errcode != NO_SUCH_CODE:
            raise
        log.warning("residents.way_gone", way_id=way.pk)
        _row(way).update(config_id="", qr_code="", picture=None, asked_at=None, due_at=at)
        return False
    way.member_userids = userids
    _row(way).update(member_userids=userids)
    trail.record(None, "way.changed", way, at=at, members=len(userids))
    return True


def _take_down(way: ContactWay, wecom: WeCom, *, at: datetime) -> bool:
    """Also one whose making was never answered."""
    if not way.config_id and way.asked_at is not None:
        for made in looking.made_for(way, wecom=wecom):
            _delete(made.config_id, wecom)
    elif way.config_id:
        _delete(way.config_id, wecom)
    _row(way).update(config_id="", qr_code="", picture=None, asked_at=None)
    return _settle(way)


def _delete(config_id: str, wecom: WeCom) -> None:
    try:
        wecom.contact_ways.delete(config_id)
    except errors.ContactWayRefused as refusal:
        if refusal.errcode != NO_SUCH_CODE:
            raise


def _fetch_picture(way: ContactWay, wecom: WeCom) -> None:
    """Without it nothing can be shown or printed, but the code itself is good."""
    if way.picture is not None or not way.qr_code:
        return
    way.picture = wecom.pictures.fetch(way.qr_code)
    _row(way).update(picture=way.picture)


def _type(way: ContactWay) -> int:
    """A beat's code can lead to several later on, which the other kind never can."""
    return SINGLE if way.officer_id else MULTI


def _remark(way: ContactWay) -> str:
    """For WeCom's lists: where, and whose; never a household."""
    names = [way.beat.name if way.beat else "", way.officer.name if way.officer else ""]
    return " ".join(name for name in names if name)[:REMARK_CHARS]


def _claim(county_id: int, way_id: int, *, at: datetime) -> ContactWay | None:
    """The row, ours for `LEASE`; None when nothing is due or somebody else is at it."""
    rows = ContactWay.objects.filter(county_id=county_id, pk=way_id)
    if not rows.filter(due_at__lte=at).update(due_at=at + LEASE):
        return None
    return rows.select_related("officer", "beat").get()


@transaction.atomic
def _adopt(way: ContactWay, added: AddedContactWay, userids: list[str], *, at: datetime) -> None:
    way.config_id, way.qr_code, way.member_userids = added.config_id, added.qr_code, userids
    way.asked_at = None
    _row(way).update(
        config_id=added.config_id, qr_code=added.qr_code, member_userids=userids, asked_at=None
    )
    trail.record(None, "way.made", way, at=at, members=len(userids))


def _settle(way: ContactWay) -> bool:
    """Nothing is due any more, unless it was wished again while we were calling."""
    _row(way).update(refused_because="")
    return bool(_still_ours(way).update(due_at=None, attempts=0))


@transaction.atomic
def _refuse(way: ContactWay, code: str, *, at: datetime) -> None:
    log.warning("residents.way_refused", errcode=code, way_id=way.pk)
    trail.record(None, "way.refused", way, at=at, errcode=code)
    _still_ours(way).update(due_at=None)
    _row(way).update(refused_because=code)


def _later(way: ContactWay, *, at: datetime, seconds: float = 0.0) -> None:
    pause = max(PAUSES[min(way.attempts, len(PAUSES) - 1)], timedelta(seconds=seconds))
    _row(way).update(due_at=at + pause, attempts=F("attempts") + 1)


def _row(way: ContactWay) -> QuerySet[ContactWay]:
    return ContactWay.objects.filter(county_id=way.county_id, pk=way.pk)


def _still_ours(way: ContactWay) -> QuerySet[ContactWay]:
    return _row(way).filter(due_at=way.due_at)
