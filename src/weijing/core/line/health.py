"""Whether WeCom can be reached, in words for the people in front of the screen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from weijing.core.env import WECOM_FIELDS, environment
from weijing.core.line.outcomes import Failure
from weijing.core.models import WeComBucket, WeComHealth, WeComToken

# After a throttled call everything goes slower for a while; a wrong permission is worth showing
# until the call works again, but not for ever if nobody tries.
THROTTLED_FOR = timedelta(minutes=2)
MISCONFIGURED_FOR = timedelta(days=1)


class State(models.TextChoices):
    """The label is the sentence that pages show."""

    OK = "ok", "正常"
    UNAVAILABLE = "unavailable", "企业微信暂时连不上，已排队，连上后自动继续"
    THROTTLED = "throttled", "调用太频繁，已放慢"
    MISCONFIGURED = "misconfigured", "密钥或权限不对，请系统管理员检查"
    NOT_CONFIGURED = "not_configured", "没有配置"


@dataclass(frozen=True)
class Trouble:
    """One API that does not work now, for the administrator."""

    api: str
    state: State
    since: datetime  # when it failed last
    errcode: int | None


@dataclass(frozen=True)
class Health:
    """The worst of what is wrong now, and all of it in `troubles`."""

    state: State
    troubles: tuple[Trouble, ...] = ()

    @property
    def sentence(self) -> str:
        return str(self.state.label)

    @property
    def works(self) -> bool:
        return self.state == State.OK


def health(now: datetime) -> Health:
    """How our line to WeCom is. Three small reads; calls nobody."""
    if not all(getattr(environment(), field) for field in WECOM_FIELDS):
        return Health(State.NOT_CONFIGURED)
    troubles = (*_refused_secrets(now), *_failing(now), *_blocked(now))
    for state in (State.MISCONFIGURED, State.UNAVAILABLE, State.THROTTLED):
        if any(trouble.state == state for trouble in troubles):
            return Health(state, troubles)
    return Health(State.OK)


def _refused_secrets(now: datetime) -> list[Trouble]:
    refused = WeComToken.objects.filter(expires_at__gt=now, refused_errcode__isnull=False)
    return [
        Trouble(token.key.split(":")[0], State.MISCONFIGURED, now, token.refused_errcode)
        for token in refused.only("key", "refused_errcode")
    ]


def _failing(now: datetime) -> list[Trouble]:
    rows = list(WeComHealth.objects.order_by("api"))
    answered_at = max((row.ok_at for row in rows if row.ok_at), default=None)
    troubles = []
    for row in rows:
        if row.failed_at is None or (row.ok_at and row.ok_at >= row.failed_at):
            continue
        age = now - row.failed_at
        if row.failure == Failure.MISCONFIGURED and age < MISCONFIGURED_FOR:
            state = State.MISCONFIGURED
        elif row.failure == Failure.THROTTLED and age < THROTTLED_FOR:
            state = State.THROTTLED
        # One call that timed out says little once another call has been answered.
        elif row.failure == Failure.UNANSWERED and (
            answered_at is None or answered_at < row.failed_at
        ):
            state = State.UNAVAILABLE
        else:
            continue
        troubles.append(Trouble(row.api, state, row.failed_at, row.errcode))
    return troubles


def _blocked(now: datetime) -> list[Trouble]:
    blocked = WeComBucket.objects.filter(blocked_until__gt=now)
    return [Trouble(bucket.api, State.THROTTLED, now, 45009) for bucket in blocked]
