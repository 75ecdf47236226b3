"""Our line to a short-message gateway: a small port, and one client for it over HTTP.

Every message has an id of ours, which the gateway keeps: sent again it is the same message. So
whatever is not answered may be repeated, and nobody gets it twice. `docs/howto/sms-gateway.md`.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from weijing.core.env import environment

MOST_AT_ONCE = 100
TIMEOUT_SECONDS = 10.0
ACCEPTED, DELIVERED, FAILED = "accepted", "delivered", "failed"


class NotAnswered(Exception):
    """The gateway is away, too busy, or its answer got lost. Send it again, with the same ids."""


class NotConfigured(Exception):
    """No address, or a key that the gateway does not accept."""


@dataclass(frozen=True)
class Text:
    """`id` is the idempotency key; `to` eleven digits."""

    id: str
    to: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What the gateway says of one message: accepted, delivered or failed, and why."""

    state: str
    reason: str = ""


class Gateway(Protocol):
    """What a gateway must be able to do; at most `MOST_AT_ONCE` at a time."""

    def send(self, texts: Sequence[Text]) -> dict[str, Outcome]:
        """Outcomes by id. Raises `NotAnswered`, `NotConfigured`."""

    def states(self, ids: Sequence[str]) -> dict[str, Outcome]:
        """What became of them by now. Raises `NotAnswered`, `NotConfigured`."""


class HttpGateway:
    """Signed JSON: the HMAC-SHA256 of time and body, in hex, with the shared key."""

    def __init__(
        self, base_url: str, secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._base, self._secret, self._clock = base_url.rstrip("/"), secret.encode(), clock

    def send(self, texts: Sequence[Text]) -> dict[str, Outcome]:
        assert len(texts) <= MOST_AT_ONCE
        rows = [{"id": one.id, "to": one.to, "text": one.text} for one in texts]
        return self._post("messages", {"messages": rows})

    def states(self, ids: Sequence[str]) -> dict[str, Outcome]:
        assert len(ids) <= MOST_AT_ONCE
        return self._post("reports", {"ids": list(ids)})

    def check(self) -> None:
        """Whether it is there and knows our key. Raises `NotAnswered`, `NotConfigured`."""
        self._post("reports", {"ids": []})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Outcome]:
        content = json.dumps(body, ensure_ascii=False).encode()
        at = str(int(self._clock()))
        signature = hmac.new(self._secret, f"{at}\n".encode() + content, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Time": at,
            "X-Signature": signature.hexdigest(),
        }
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
                answer = http.post(f"{self._base}/{path}", content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NotAnswered(type(error).__name__) from error
        return _outcomes(answer)


def _outcomes(answer: httpx.Response) -> dict[str, Outcome]:
    if answer.status_code in (401, 403):
        raise NotConfigured(f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        raise NotAnswered(f"HTTP {answer.status_code}")
    try:
        rows = answer.json()["results"]
        found = {str(row["id"]): Outcome(row["state"], row.get("reason", "")) for row in rows}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAnswered("an answer that is not JSON as agreed") from error
    if any(one.state not in (ACCEPTED, DELIVERED, FAILED) for one in found.values()):
        raise NotAnswered("an unknown state")
    return found


def gateway() -> HttpGateway:
    """The one of this installation. Raises `NotConfigured`."""
    settings = environment()
    if not settings.sms_base_url or not settings.sms_secret:
        raise NotConfigured("WEIJING_SMS_BASE_URL and WEIJING_SMS_SECRET are not set")
    return HttpGateway(settings.sms_base_url, settings.sms_secret)
