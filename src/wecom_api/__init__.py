"""A client for WeCom (企业微信): typed calls, typed errors, shared tokens and limits, callbacks.

It knows no web framework and keeps nothing on disk. Start at `client.WeCom`; `errors` says what
to do when a call does not succeed; `callbacks` reads what WeCom sends us.
"""

from wecom_api.client import WeCom
from wecom_api.errors import (
    InvalidRequest,
    Misconfigured,
    Rejected,
    Throttled,
    Unanswered,
    Unavailable,
    WeComError,
)
from wecom_api.transport import Transport

__all__ = [
    "InvalidRequest",
    "Misconfigured",
    "Rejected",
    "Throttled",
    "Transport",
    "Unanswered",
    "Unavailable",
    "WeCom",
    "WeComError",
]
