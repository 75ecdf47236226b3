"""Configuration by environment. A wrong or missing variable stops the start, by its name."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from weijing.core import crypto, embedded_postgres

SECRETS_EXAMPLE = "/etc/weijing/secrets.json"


class Misconfigured(SystemExit):
    """Stops the process; the message names the variable and shows an example."""

    def __init__(self, variable: str, problem: str, example: str) -> None:
        super().__init__(f"weijing: {variable}: {problem}\n  for example: {variable}={example}")


class Environment(BaseSettings):
    """Everything that differs between two installations. See `docs/howto/configure.md`."""

    model_config = SettingsConfigDict(
        env_prefix="WEIJING_", extra="ignore", str_strip_whitespace=True
    )

    var: Path = Field(default=Path("var"), description="var")
    database_url: str = Field(
        default="",
        validation_alias="DATABASE_URL",
        description="postgresql://weijing:secret@db.example:5432/weijing",
    )
    secrets_file: Path | None = Field(default=None, description=SECRETS_EXAMPLE)
    # Seals of the audit trail, once more: belongs on another machine. Empty: in `var`.
    audit_checkpoints: Path | None = Field(
        default=None, description="/mnt/elsewhere/audit-checkpoints.jsonl"
    )
    county: str = Field(default="430524", pattern=r"^\d{6}$", description="430524")
    hosts: str = Field(default="localhost,127.0.0.1,[::1]", description="weijing.example.gov.cn")
    public_url: str = Field(default="", description="https://weijing.example.gov.cn")
    https: bool = Field(default=False, description="true")
    demo: bool = Field(default=False, description="true")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="INFO"
    )

    wecom_base_url: str = Field(
        default="https://qyapi.weixin.qq.com", description="https://qyapi.weixin.qq.com"
    )
    wecom_authorize_url: str = Field(
        default="https://open.weixin.qq.com/connect/oauth2/authorize",
        description="https://open.weixin.qq.com/connect/oauth2/authorize",
    )
    wecom_qr_url: str = Field(
        default="https://login.work.weixin.qq.com/wwlogin/sso/login",
        description="https://login.work.weixin.qq.com/wwlogin/sso/login",
    )
    wecom_edition: Literal["saas", "private"] = Field(default="saas", description="private")
    wecom_paths: dict[str, str] = Field(
        default_factory=dict, description='{"auth/getuserinfo": "user/getuserinfo"}'
    )
    wecom_corpid: str = Field(default="", description="ww0123456789abcdef")
    wecom_agentid: int = Field(default=0, ge=0, description="1000002")
    wecom_secret: str = Field(default="", description="the app's Secret, from the WeCom console")
    wecom_token: str = Field(default="", description="the callback Token, at most 32 letters")
    wecom_encoding_aes_key: str = Field(default="", description="43 letters and digits")
    wecom_calls_per_minute: int = Field(default=7_000, ge=1, description="7000")
    wecom_calls_per_hour: int = Field(default=105_000, ge=1, description="105000")
    wecom_timeout_seconds: float = Field(default=15.0, gt=0, description="15")
    wecom_list_lag_seconds: int = Field(default=600, ge=0, description="600")

    # A second way for emergencies; empty: there is none.
    sms_base_url: str = Field(default="", description="https://sms.example.gov.cn/v1")
    sms_secret: str = Field(default="", description="the key that signs what goes to the gateway")
    emergency_take_over_seconds: int = Field(default=300, ge=1, description="300")

    @field_validator(
        "sms_base_url", "wecom_base_url", "wecom_authorize_url", "wecom_qr_url", "public_url"
    )
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("wecom_encoding_aes_key")
    @classmethod
    def _has_43_characters(cls, value: str) -> str:
        if value and len(value) != 43:
            raise ValueError("must have 43 characters, as the WeCom console made it")
        return value

    @property
    def secrets_path(self) -> Path:
        return self.secrets_file or self.var / "secrets.json"


def variable_of(field: str) -> str:
    """The environment variable behind a field of `Environment`."""
    alias = Environment.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"WEIJING_{field.upper()}"


@cache
def environment() -> Environment:
    """The configuration of this process, read once.

    Raises `Misconfigured`.
    """
    try:
        return Environment()
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = str(first["loc"][0])
        field = name if name in Environment.model_fields else name.removeprefix("WEIJING_").lower()
        field = "database_url" if name == "DATABASE_URL" else field
        example = Environment.model_fields[field].description or ""
        raise Misconfigured(variable_of(field), first["msg"], example) from None


@cache
def keyring() -> crypto.Keyring:
    """The keys of this installation.

    Raises `Misconfigured`.
    """
    path = environment().secrets_path
    try:
        return crypto.load_keyring(path)
    except FileNotFoundError:
        problem = f"there is no secrets file at {path}; `weijing init` makes one"
        raise Misconfigured("WEIJING_SECRETS_FILE", problem, SECRETS_EXAMPLE) from None
    except (OSError, ValueError) as error:
        raise Misconfigured("WEIJING_SECRETS_FILE", str(error), SECRETS_EXAMPLE) from None


def database_url() -> str:
    """Where the data is: `DATABASE_URL`, or the embedded server if it is up.

    Raises `Misconfigured`.
    """
    url = environment().database_url or embedded_postgres.read_url(environment().var)
    if url:
        return url
    problem = "not set, and the embedded database is not up (`weijing db up` starts it)"
    raise Misconfigured("DATABASE_URL", problem, "postgresql://weijing:secret@127.0.0.1/weijing")


WECOM_FIELDS = ("wecom_corpid", "wecom_secret", "wecom_agentid")
CALLBACK_FIELDS = ("wecom_corpid", "wecom_token", "wecom_encoding_aes_key")


def require(fields: tuple[str, ...]) -> None:
    """Stop unless every one of `fields` is set.

    Raises `Misconfigured`.
    """
    for field in fields:
        if not getattr(environment(), field):
            example = Environment.model_fields[field].description or ""
            raise Misconfigured(variable_of(field), "not set", example)
