"""One complete look into WeCom's list of mass messages: which of our codes stand there."""

from collections import defaultdict
from datetime import datetime, timedelta

from wecom_api import WeCom
from wecom_api.group_messages import BY_CORP, GroupMessage
from weijing.campaigns import codes

CLOCKS_DIFFER_BY = timedelta(minutes=5)
LONGEST = timedelta(days=30)  # WeCom allows a month; days of 31 are its own affair


def tasks_by_code(
    *, wecom: WeCom, since: datetime, at: datetime, short_name: str
) -> dict[str, list[GroupMessage]]:
    """Code → tasks made by the corp since then, the oldest first.

    All pages or an error: an incomplete list is not a look. Officers' own messages that quote a
    code do not count. Raises `Unavailable` (41063 among them), `Misconfigured`, `Rejected`.
    """
    start = max(since - CLOCKS_DIFFER_BY, at - LONGEST)
    listed = wecom.group_messages.list_v2(
        start_time=int(start.timestamp()),
        end_time=int((at + CLOCKS_DIFFER_BY).timestamp()),
        filter_type=BY_CORP,
    )
    found: dict[str, list[GroupMessage]] = defaultdict(list)
    for message in sorted(listed, key=lambda m: (m.create_time, m.msgid)):
        for code in set(codes.codes_in(message.text, short_name=short_name)):
            found[code].append(message)
    return found
