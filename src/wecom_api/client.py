"""One app of one corp, with everything we may ask WeCom through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from wecom_api import reading as r
from wecom_api.app_messages import AppMessages
from wecom_api.behaviour import Behaviour
from wecom_api.caller import Caller
from wecom_api.contact_ways import ContactWays
from wecom_api.customers import Customers
from wecom_api.departments import Departments
from wecom_api.editions import CAPABILITIES, PATHS, Capability, Edition
from wecom_api.endpoints import Endpoint
from wecom_api.exchange import Call, Exchange, Observer, WarningHook, log_warning
from wecom_api.group_messages import GroupMessages
from wecom_api.js_sdk import JsSdk
from wecom_api.limits import InMemoryRateLimiter, RateLimiter
from wecom_api.media import Media
from wecom_api.members import Members
from wecom_api.pictures import Pictures
from wecom_api.reading import Json
from wecom_api.sign_in import AUTHORIZE_URL, QR_URL, SignIn
from wecom_api.tags import Tags
from wecom_api.tokens import Credential, InMemoryTokenCache, TokenCache, cache_key
from wecom_api.transport import Transport
from wecom_api.welcome import Welcome

GETTOKEN = Endpoint("GET", "gettoken", Capability.ADDRESS_BOOK)


class WeCom:
    """`wecom.customers.get(external_userid)`, `wecom.group_messages.task(msgid)` and so on.

    Every call raises only `WeComError`s (see `errors`). Threads may share one client. `tokens`
    and `limiter` should be shared by all processes of a corp; the defaults serve one process.
    `capabilities` replaces what the `edition` is known to have. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        *,
        corpid: str,
        secret: str,
        agentid: int,
        transport: Transport | None = None,
        tokens: TokenCache | None = None,
        limiter: RateLimiter | None = None,
        edition: Edition = Edition.SAAS,
        capabilities: Collection[Capability] | None = None,
        authorize_url: str = AUTHORIZE_URL,
        qr_url: str = QR_URL,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        observe: Observer | None = None,
        warn: WarningHook = log_warning,
    ) -> None:
        self.corpid = corpid
        self.agentid = agentid
        self.edition = edition
        self.transport = transport or Transport(paths=PATHS[edition])
        tokens = tokens or InMemoryTokenCache()
        exchange = Exchange(
            self.transport,
            limiter or InMemoryRateLimiter(),
            clock=clock,
            monotonic=monotonic,
            sleep=sleep,
            observe=observe,
            warn=warn,
        )
        self._token = Credential(
            tokens,
            cache_key("access_token", corpid, secret),
            lambda: exchange.make(_gettoken(corpid, secret), _read_token),
            clock=clock,
        )
        caller = Caller(
            exchange,
            self._token,
            CAPABILITIES[edition] if capabilities is None else capabilities,
            sleep=sleep,
        )
        self.departments = Departments(caller)
        self.members = Members(caller)
        self.customers = Customers(caller)
        self.tags = Tags(caller)
        self.contact_ways = ContactWays(caller)
        self.group_messages = GroupMessages(caller)
        self.welcome = Welcome(caller)
        self.behaviour = Behaviour(caller)
        self.media = Media(caller)
        self.pictures = Pictures(self.transport)
        self.app_messages = AppMessages(caller, agentid)
        self.sign_in = SignIn(
            caller, corpid=corpid, agentid=agentid, authorize_url=authorize_url, qr_url=qr_url
        )
        self.js_sdk = JsSdk(caller, corpid=corpid, secret=secret, tokens=tokens, clock=clock)

    def check(self) -> None:
        """Get a token, from the cache or from WeCom: raises what stands in the way."""
        self._token.current()

    def close(self) -> None:
        self.transport.close()


def _gettoken(corpid: str, secret: str) -> Call:
    return Call(GETTOKEN, query={"corpid": corpid, "corpsecret": secret})


def _read_token(data: Json) -> tuple[str, float]:
    return r.needed(data, "access_token"), float(r.number(data, "expires_in", 7200))
