"""The personal link that goes with a greeting: for whoever is behind the WeChat account."""

from collections.abc import Callable
from datetime import datetime

from wecom_api import WeCom, WeComError
from weijing.core.env import environment
from weijing.residents import links
from weijing.residents.models import WechatIdentity
from weijing.sync import refreshing

KEPT_FOR_SENDING_SECONDS = 8.0  # of the twenty; the greeting matters more than the link in it


def new_door(
    county_id: int,
    external_userid: str,
    wecom: WeCom,
    *,
    now: Callable[[], datetime],
    left_seconds: float,
) -> str:
    """The address, good for 180 days; "" when there can be none in time.

    Whom the event spoke of may not have been read from WeCom yet: that is done first. A greeting
    never fails for want of a link.
    """
    if not environment().public_url:
        return ""
    identity = _identity(county_id, external_userid)
    if identity is None:
        wait_seconds = left_seconds - KEPT_FOR_SENDING_SECONDS
        if wait_seconds <= 0:
            return ""
        try:
            refreshing.refresh_one(
                county_id, external_userid, wecom, read_at=now(), wait_seconds=wait_seconds
            )
        except (WeComError, TimeoutError):
            return ""
        identity = _identity(county_id, external_userid)
    if identity is None:
        return ""
    try:
        key = links.issue(identity.resident, by=None, at=now(), identity=identity)
    except links.NoDoorOfTheirOwn:
        return ""
    return address(key)


def address(key: str) -> str:
    return f"{environment().public_url}/r/open/{key}/"


def _identity(county_id: int, external_userid: str) -> WechatIdentity | None:
    rows = WechatIdentity.objects.filter(county_id=county_id, external_userid=external_userid)
    return rows.select_related("resident").first()
