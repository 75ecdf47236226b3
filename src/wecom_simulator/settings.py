"""Everything about this WeCom that a test or a drill may want different. Kept across restarts."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Settings:
    """Times in seconds of the simulator's clock unless the name says otherwise."""

    scale_limits: float = 1.0  # multiplies every frequency limit; 0 lifts them
    concurrency_limit: int = 200  # calls in flight per API, 45033 above; 0 lifts it
    latency_real_seconds: float = 0.0  # added to every API call

    token_seconds: int = 7200
    rotate_token_after_calls: int = 0  # 0: only at expiry
    wrong_secrets_until_lock_out: int = 10
    lock_out_seconds: int = 3600
    code_seconds: int = 300  # OAuth

    mass_dispatch_seconds: float = 5.0  # 41063 until then
    list_lag_seconds: float = 0.0  # get_groupmsg_list_v2 does not show younger ones
    quota_mode: str = "month"  # month | week | day | legacy
    over_quota_in_fail_list: bool = False
    deleted_in_fail_list: bool = False
    reminders_per_day: int = 3

    welcome_seconds: float = 20.0
    welcome_delivery_seconds: float = 1.0  # 41096 for other apps until then, 41051 after
    behaviour_hour: int = 9  # when yesterday's figures appear
    media_seconds: int = 3 * 86_400
    corp_tag_cap: int = 10_000
    pair_tag_cap: int = 3_000
    contact_way_cap: int = 500_000
    message_account_cap: int = 0  # x 200 = message/send per app and day; 0: number of members

    omit_envelope: list[str] = field(default_factory=list)  # successes without errcode; "*" = all
    private_member_fields: list[str] = field(default_factory=list)  # 应用安全; "*" = all
    lower_case_userids: bool = False  # in mass-message replies and in callbacks

    callback_drop: float = 0.0  # probabilities
    callback_duplicate: float = 0.0
    callback_reorder: int = 1  # next one is drawn from so many at the head of the queue
    callback_delay_real_seconds: float = 0.0  # up to so much, drawn for each
    callback_time_step: int = 1  # CreateTime is rounded down to this: events of one second
    callback_timeout_real_seconds: float = 5.0
    callback_retries: int = 3
    callback_retry_real_seconds: float = 1.0
    callback_retry_on_status: bool = True  # docs 90930 and 90238 differ
    callback_connections: int = 32

    def change(self, wanted: dict[str, Any]) -> None:
        """Take over known names of the right type.

        Raises `ValueError` naming the first that is not; nothing is changed then.
        """
        plain = Settings()
        known = {f.name: getattr(plain, f.name) for f in fields(self)}
        for name, value in wanted.items():
            if name not in known:
                raise ValueError(f"no setting is called {name}")
            if not isinstance(value, _accepted(known[name])) or (
                isinstance(value, bool) and not isinstance(known[name], bool)
            ):
                raise ValueError(f"{name} must be like {known[name]!r}")
        if wanted.get("quota_mode", "month") not in ("month", "week", "day", "legacy"):
            raise ValueError("quota_mode is one of month, week, day, legacy")
        for name, value in wanted.items():
            setattr(self, name, float(value) if isinstance(known[name], float) else value)


def _accepted(example: object) -> tuple[type, ...]:
    return (int, float) if isinstance(example, float) else (type(example),)
