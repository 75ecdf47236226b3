"""The client that this process calls WeCom with."""

from functools import lru_cache

from wecom_api import Misconfigured, Transport, WeCom
from wecom_api.editions import PATHS, Edition
from weijing.core.env import WECOM_FIELDS, Environment, environment, variable_of
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
    return _client(settings.model_dump_json(include=_WHAT_CONFIGURES_IT))


_WHAT_CONFIGURES_IT = {name for name in Environment.model_fields if name.startswith("wecom_")}


# By what configures it, so that a test that points elsewhere is not given yesterday's client.
@lru_cache(maxsize=8)
def _client(_configuration: str) -> WeCom:
    settings = environment()
    edition = Edition(settings.wecom_edition)
    return WeCom(
        corpid=settings.wecom_corpid,
        secret=settings.wecom_secret,
        agentid=settings.wecom_agentid,
        transport=Transport(
            settings.wecom_base_url,
            settings.wecom_timeout_seconds,
            paths={**PATHS[edition], **settings.wecom_paths},
        ),
        # The one who fetches waits once for the limit and once for WeCom.
        tokens=DatabaseTokenCache(lock_seconds=2 * settings.wecom_timeout_seconds + 5),
        limiter=DatabaseRateLimiter(
            per_minute=settings.wecom_calls_per_minute, per_hour=settings.wecom_calls_per_hour
        ),
        edition=edition,
        authorize_url=settings.wecom_authorize_url,
        qr_url=settings.wecom_qr_url,
        observe=OUTCOMES.observe,
    )


OUTCOMES = Outcomes()
