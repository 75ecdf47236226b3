"""The client that this process calls WeCom with."""

from functools import lru_cache

from wecom_api import Misconfigured, Transport, WeCom
from weijing.core.env import WECOM_FIELDS, environment, variable_of
from weijing.core.line.limiter import DatabaseRateLimiter
from weijing.core.line.outcomes import Outcomes
from weijing.core.line.tokens import DatabaseTokenCache


def wecom(county_id: int | None = None) -> WeCom:
    """The client of this process; threads share it.

    `county_id` says for whom the call is made. An installation has one corp, so today every
    county gets the same client; callers give it all the same, and need not change when that does.

    Raises `wecom_api.Misconfigured` when there is no corp, app or secret to call with.
    """
    settings = environment()
    for field in WECOM_FIELDS:
        if not getattr(settings, field):
            raise Misconfigured(errmsg=f"{variable_of(field)} is not set")
    return _client(
        settings.wecom_base_url,
        settings.wecom_authorize_url,
        settings.wecom_corpid,
        settings.wecom_agentid,
        settings.wecom_secret,
        settings.wecom_timeout_seconds,
        settings.wecom_calls_per_minute,
        settings.wecom_calls_per_hour,
    )


# By what configures it, so that a test that points elsewhere is not given yesterday's client.
@lru_cache(maxsize=8)
def _client(
    base_url: str,
    authorize_url: str,
    corpid: str,
    agentid: int,
    secret: str,
    timeout_seconds: float,
    per_minute: int,
    per_hour: int,
) -> WeCom:
    return WeCom(
        corpid=corpid,
        secret=secret,
        agentid=agentid,
        transport=Transport(base_url, timeout_seconds),
        # The one who fetches waits once for the limit and once for WeCom.
        tokens=DatabaseTokenCache(lock_seconds=2 * timeout_seconds + 5),
        limiter=DatabaseRateLimiter(per_minute=per_minute, per_hour=per_hour),
        authorize_url=authorize_url,
        observe=OUTCOMES.observe,
    )


OUTCOMES = Outcomes()
