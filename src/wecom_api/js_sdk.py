"""Tickets and signatures for pages that use WeCom's JS-SDK (doc 90506)."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.reading import Json
from wecom_api.tokens import Credential, TokenCache, cache_key

GET_JSAPI_TICKET = Endpoint("GET", "get_jsapi_ticket", Capability.JS_SDK)
TICKET_GET = Endpoint("GET", "ticket/get", Capability.JS_SDK)


@dataclass(frozen=True, slots=True)
class Signature:
    """What `ww.register`'s signature functions return to the SDK."""

    timestamp: int
    noncestr: str
    signature: str


def sign(ticket: str, url: str, *, noncestr: str, timestamp: int) -> Signature:
    """`url` as the browser shows it; what follows `#` does not count."""
    page = url.partition("#")[0]
    text = f"jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={page}"
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Signature(timestamp, noncestr, digest)


class JsSdk:
    def __init__(
        self,
        caller: Caller,
        *,
        corpid: str,
        secret: str,
        tokens: TokenCache,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._corp = Credential(
            tokens,
            cache_key("jsapi_ticket", corpid, secret),
            lambda: caller.call(GET_JSAPI_TICKET, _read_ticket),
            clock=clock,
        )
        self._agent = Credential(
            tokens,
            cache_key("agent_ticket", corpid, secret),
            lambda: caller.call(TICKET_GET, _read_ticket, query={"type": "agent_config"}),
            clock=clock,
        )

    def corp_ticket(self) -> str:
        """Cached, shared, renewed in time. WeCom gives out 400 an hour per corp."""
        return self._corp.current()

    def agent_ticket(self) -> str:
        return self._agent.current()

    def keep_tickets(self) -> None:
        """Have both in the cache, renewed in time, for those who only look there."""
        self.corp_ticket()
        self.agent_ticket()

    def known_signatures(self, url: str) -> tuple[Signature, Signature] | None:
        """For getConfigSignature and getAgentConfigSignature, from cached tickets alone.

        None while one of them is missing: a page does not wait for WeCom.
        """
        corp, agent = self._corp.known(), self._agent.known()
        if corp is None or agent is None:
            return None
        return self._sign(corp, url), self._sign(agent, url)

    def config_signature(self, url: str) -> Signature:
        """For getConfigSignature."""
        return self._sign(self.corp_ticket(), url)

    def agent_config_signature(self, url: str) -> Signature:
        """For getAgentConfigSignature."""
        return self._sign(self.agent_ticket(), url)

    def _sign(self, ticket: str, url: str) -> Signature:
        return sign(ticket, url, noncestr=secrets.token_hex(8), timestamp=int(self._clock()))


def _read_ticket(data: Json) -> tuple[str, float]:
    return r.needed(data, "ticket"), float(r.number(data, "expires_in", 7200))
