"""One call and what it means: limits before, errors after. No tokens, no retries."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errcodes import RATE_LIMITED, error_for
from wecom_api.errors import (
    Misconfigured,
    Rejected,
    Throttled,
    TooLate,
    Unanswered,
    Unavailable,
    Unsupported,
    WeComError,
)
from wecom_api.limits import RateLimiter
from wecom_api.reading import Json, Unreadable
from wecom_api.transport import HttpAnswer, NoAnswer, NotSent, Transport, Upload

T = TypeVar("T")

logger = logging.getLogger("wecom_api")

WRONG_FORMAT = "Warning: wrong json format"  # the one errmsg that says something errcode does not

Observer = Callable[[str, int | None, float], None]
WarningHook = Callable[[str, str], None]


def log_warning(api: str, errmsg: str) -> None:
    logger.warning("%s: WeCom took our request but calls its JSON types wrong", api)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as its topic wants it, without the token.

    `not_after` is a point of `time.monotonic()`: the request leaves before it or not at all.
    """

    endpoint: Endpoint
    query: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    upload: Upload | None = None
    idempotency: Idempotency = Idempotency.SAFE
    not_after: float | None = None

    @property
    def api(self) -> str:
        return self.endpoint.api


class Exchange:
    """Makes single calls.

    `observe(api, errcode, seconds)` hears of each answer (errcode None: there was none);
    `warn(api, errmsg)` when WeCom corrects the types of our JSON.
    """

    def __init__(
        self,
        transport: Transport,
        limiter: RateLimiter,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        observe: Observer | None = None,
        warn: WarningHook = log_warning,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._clock = clock
        self._monotonic = monotonic
        self._sleep = sleep
        self._observe = observe
        self._warn = warn

    def make(self, call: Call, read: Callable[[Json], T], *, token: str | None = None) -> T:
        """What `read` makes of WeCom's answer. Raises `WeComError`."""
        self._wait_for_a_slot(call)
        started = self._monotonic()
        errcode: int | None = None
        try:
            answer = self._parse(call, self._send(call, token))
            errcode = _errcode(call, answer)
            if errcode:
                raise self._refusal(call, errcode, str(answer.get("errmsg", "")))
            self._listen_for_warnings(call, answer)
            return read(answer)
        except Unreadable as error:
            raise _lost(call, str(error)) from error
        finally:
            if self._observe:
                self._observe(call.api, errcode, self._monotonic() - started)

    def _wait_for_a_slot(self, call: Call) -> None:
        wait_seconds = self._limiter.acquire(call.api, now=self._clock())
        self._still_in_time(call, wait_seconds)
        if wait_seconds > 0:
            self._sleep(wait_seconds)
            self._still_in_time(call, 0.0)

    def _still_in_time(self, call: Call, wait_seconds: float) -> None:
        if call.not_after is not None and self._monotonic() + wait_seconds > call.not_after:
            raise TooLate(call.api, errmsg="the deadline passed before the request left")

    def _send(self, call: Call, token: str | None) -> HttpAnswer:
        query = dict(call.query)
        if token is not None:
            query["access_token"] = token
        try:
            return self._transport.send(
                call.endpoint.method,
                call.api,
                query=query,
                body=call.body,
                upload=call.upload,
                fresh_connection=call.idempotency is not Idempotency.SAFE,
            )
        except NotSent as error:
            raise Unavailable(call.api, errmsg=f"not sent: {error}") from error
        except NoAnswer as error:
            raise _lost(call, str(error)) from error

    def _parse(self, call: Call, answer: HttpAnswer) -> Json:
        if answer.status != 200:
            raise _http_error(call, answer.status)
        try:
            parsed = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise _lost(call, "the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise _lost(call, "the answer is not a JSON object")
        return parsed

    def _refusal(self, call: Call, errcode: int, errmsg: str) -> WeComError:
        if errcode == RATE_LIMITED:
            seconds = self._limiter.penalise(call.api, now=self._clock())
            return Throttled(call.api, errcode, errmsg, seconds)
        return error_for(call.api, errcode, errmsg, idempotency=call.idempotency)

    def _listen_for_warnings(self, call: Call, answer: Json) -> None:
        errmsg = str(answer.get("errmsg", ""))
        if WRONG_FORMAT in errmsg:
            self._warn(call.api, errmsg)


def _errcode(call: Call, answer: Json) -> int:
    """0 also when absent: some successes carry none."""
    errcode = answer.get("errcode")
    try:
        return int(errcode) if errcode is not None else 0
    except (TypeError, ValueError) as error:
        raise _lost(call, "errcode is not a number") from error


def _lost(call: Call, reason: str) -> WeComError:
    # A lost answer to a call that may be repeated is no reason for anyone to investigate.
    kind = Unavailable if call.idempotency is Idempotency.SAFE else Unanswered
    return kind(call.api, errmsg=reason)


def _http_error(call: Call, status: int) -> WeComError:
    """Business errors come with 200, so this is a proxy, another server or a broken one."""
    reason = f"HTTP {status}"
    if status == 429:
        return Throttled(call.api, errmsg=reason)
    if status in {404, 405, 410, 501}:
        return Unsupported(call.api, errmsg=reason)
    if status in {401, 403, 407} or 300 <= status < 400:
        return Misconfigured(call.api, errmsg=reason)
    if status in {400, 411, 413, 414, 415, 431}:
        return Rejected(call.api, errmsg=reason)
    return _lost(call, reason)
