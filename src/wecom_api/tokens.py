"""Access tokens and tickets: fetched by one, shared by all, renewed before they expire."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from wecom_api.errors import Rejected, SecretRefused, Unavailable

RENEW_BEFORE_SECONDS = 300.0
# Repeated wrong secrets get our address blocked for an hour (doc 90313): ask rarely.
REMEMBER_REFUSAL_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or the memory that WeCom refused to give one (`refused_errcode`).

    Times are Unix seconds. From `renew_at` on the token still works, but somebody should fetch
    the next one.
    """

    value: str
    expires_at: float
    renew_at: float
    refused_errcode: int | None = None

    @staticmethod
    def lasting(value: str, expires_in_seconds: float, now: float) -> Token:
        # WeCom may hand out the same token until it expires. Near its end "five minutes before"
        # is already past, and each call would fetch again; so wait half of what is left.
        life = max(1.0, expires_in_seconds)
        return Token(value, now + life, now + max(life - RENEW_BEFORE_SECONDS, life / 2))

    @staticmethod
    def refused(errcode: int | None, now: float) -> Token:
        until = now + REMEMBER_REFUSAL_SECONDS
        return Token("", until, until, refused_errcode=errcode or 0)


class TokenCache(Protocol):
    """Where tokens live. One per corp and deployment, shared by every process that calls."""

    def get(self, key: str) -> Token | None: ...

    def put(self, key: str, token: Token) -> None: ...

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Held by at most one caller per key, across all who share the cache; waits for it."""


class InMemoryTokenCache:
    """For one process; threads share it."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._making_a_lock = threading.Lock()

    def get(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        self._tokens[key] = token

    def lock(self, key: str) -> AbstractContextManager[object]:
        with self._making_a_lock:
            return self._locks[key]


class Credential:
    """One token or ticket, kept fresh.

    `fetch` asks WeCom and returns the value and its life in seconds.
    """

    def __init__(
        self,
        cache: TokenCache,
        key: str,
        fetch: Callable[[], tuple[str, float]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._key = key
        self._fetch = fetch
        self._clock = clock

    def current(self) -> str:
        """A value that should work now.

        Raises what `fetch` raises; `SecretRefused` without asking WeCom while a refusal is
        remembered.
        """
        token = self._usable()
        if token is not None and self._clock() < token.renew_at:
            return token.value
        with self._cache.lock(self._key):
            newer = self._usable()
            if newer is not None and self._clock() < newer.renew_at:
                return newer.value
            try:
                return self._renew()
            except Unavailable:
                if newer is None:
                    raise
                return newer.value  # early renewal failed; what we have still works

    def known(self) -> str | None:
        """The value in the cache, without ever asking WeCom; None when there is none that works."""
        try:
            token = self._usable()
        except SecretRefused:
            return None
        return token.value if token else None

    def replacement(self, refused: str) -> str:
        """Another value than the one WeCom has just refused; fetched once, however many ask."""
        with self._cache.lock(self._key):
            token = self._usable()
            if token is not None and token.value != refused:
                return token.value
            return self._renew()

    def give_up(self, errcode: int | None) -> None:
        """Remember that WeCom refuses us, so that nobody asks again for a while."""
        self._cache.put(self._key, Token.refused(errcode, self._clock()))

    def _usable(self) -> Token | None:
        token = self._cache.get(self._key)
        if token is None or token.expires_at <= self._clock():
            return None
        if token.refused_errcode is not None:
            raise SecretRefused("gettoken", token.refused_errcode, "refused a short while ago")
        return token

    def _renew(self) -> str:
        try:
            value, expires_in_seconds = self._fetch()
        except SecretRefused as refusal:
            self.give_up(refusal.errcode)
            raise
        except Rejected as refusal:
            # A number nobody knows, said of the token: the call that wants it was not refused.
            raise Unavailable(refusal.api, refusal.errcode, refusal.errmsg) from refusal
        self._cache.put(self._key, Token.lasting(value, expires_in_seconds, self._clock()))
        return value


def cache_key(kind: str, corpid: str, secret: str) -> str:
    """A key that tells apps apart without giving their secret away."""
    digest = hashlib.sha256(secret.encode()).hexdigest()[:16]
    return f"{kind}:{corpid}:{digest}"
