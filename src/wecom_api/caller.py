"""Calls with a token: renewed once when refused, repeated only when that is harmless."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_chain, wait_random

from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import Busy, SecretRefused, TokenRefused, Unsupported
from wecom_api.exchange import Call, Exchange
from wecom_api.reading import Json
from wecom_api.tokens import Credential
from wecom_api.transport import Upload

T = TypeVar("T")

# Doc 90313: -1 may be repeated three times.
BUSY_WAITS = wait_chain(wait_random(1, 3), wait_random(2, 4), wait_random(4, 8))
BUSY_ATTEMPTS = 4


class Caller:
    """What the topic modules call with."""

    def __init__(
        self,
        exchange: Exchange,
        token: Credential,
        capabilities: Collection[Capability],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._exchange = exchange
        self._token = token
        self._capabilities = frozenset(capabilities)
        self._sleep = sleep

    def call(
        self,
        endpoint: Endpoint,
        read: Callable[[Json], T],
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        upload: Upload | None = None,
        idempotency: Idempotency | None = None,
        not_after: float | None = None,
    ) -> T:
        """What `read` makes of the answer.

        `idempotency` overrides the endpoint's own where the body decides it. `not_after` is a
        point of `time.monotonic()`: past it nothing is sent (`TooLate`).

        Raises `WeComError`.
        """
        if endpoint.capability not in self._capabilities:
            raise Unsupported(endpoint.api, errmsg=f"no {endpoint.capability.value} here")
        call = Call(
            endpoint=endpoint,
            query=query or {},
            body=body,
            upload=upload,
            idempotency=idempotency or endpoint.idempotency,
            not_after=not_after,
        )
        if call.idempotency is not Idempotency.SAFE:
            return self._with_token(call, read)
        repeating = Retrying(
            retry=retry_if_exception_type(Busy),
            wait=BUSY_WAITS,
            stop=stop_after_attempt(BUSY_ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        answer: T = repeating(self._with_token, call, read)
        return answer

    def _with_token(self, call: Call, read: Callable[[Json], T]) -> T:
        token = self._token.current()
        try:
            try:
                return self._exchange.make(call, read, token=token)
            except TokenRefused:
                # WeCom may void a token at any time. It checks it first, so nothing happened.
                replacement = self._token.replacement(token)
                return self._exchange.make(call, read, token=replacement)
        except SecretRefused as refusal:
            self._token.give_up(refusal.errcode)
            raise
