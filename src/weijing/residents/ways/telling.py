"""Having WeCom make, change or delete a code. Asked for once; after silence we look first.

Intent, call and result are three commits. `due_at` is the wish and, moved ahead, the lease of who
works on it; `asked_at` stands while nobody knows whether a call to make the code arrived.
"""

from collections.abc import Callable
from datetime import datetime

from wecom_api import WeCom, errors, pictures
from weijing.residents.models import ContactWay
from weijing.residents.ways import claiming, leading, making, troubles

CHUNK = 100


def tell_due(
    county_id: int, *, wecom: WeCom, now: Callable[[], datetime], limit: int = CHUNK
) -> int:
    """Codes that wait, the longest waiting first. Returns how many were settled.

    Ends when WeCom is away; what waits then goes on waiting. A row's lease begins with its own
    turn: a hundred slow answers take longer than one lasts.
    """
    due = ContactWay.objects.filter(county_id=county_id, due_at__lte=now())
    settled = 0
    for way_id in due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit]:
        try:
            settled += tell(county_id, way_id, wecom=wecom, at=now())
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
    way = claiming.claim(county_id, way_id, at=at)
    if way is None:
        return False
    try:
        settled = _told(way, wecom, at=at)
    except errors.Unavailable as away:
        claiming.later(way, at=at, seconds=getattr(away, "retry_after_seconds", 0.0))
        if away.api == pictures.API:  # another host: no reason to keep the other codes waiting
            return False
        raise
    except errors.Unanswered:
        claiming.later(way, at=at)
        raise
    except errors.Misconfigured as refusal:
        claiming.later(way, at=at)
        claiming.refuse(way, str(refusal.errcode or 0), at=at)
        raise
    except errors.Rejected as refusal:
        code = troubles.NO_PICTURE if refusal.api == pictures.API else str(refusal.errcode or 0)
        is_tried_again = way.ended_at is not None and way.attempts + 1 < claiming.MOST_TIMES
        if is_tried_again:
            claiming.later(way, at=at)
        claiming.refuse(way, code, at=at)
        return not is_tried_again
    return settled


def _told(way: ContactWay, wecom: WeCom, *, at: datetime) -> bool:
    if way.ended_at is not None:
        return making.take_down(way, wecom, at=at)
    userids = leading.leads_to(way, at=at)
    if not userids:
        claiming.refuse(way, troubles.NOBODY, at=at)
        return True
    if not way.config_id and not making.put_up(way, userids, wecom, at=at):
        return False
    if way.member_userids != userids and not making.change(way, userids, wecom, at=at):
        return False
    making.fetch_picture(way, wecom)
    return claiming.settle(way)
