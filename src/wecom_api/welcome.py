"""The one message a new contact gets without a tap (doc 92137)."""

from __future__ import annotations

from collections.abc import Sequence

from wecom_api import attachments as parts
from wecom_api import checking
from wecom_api import reading as r
from wecom_api.attachments import Attachment
from wecom_api.caller import Caller
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency

SEND_WELCOME_MSG = Endpoint(
    "POST",
    "externalcontact/send_welcome_msg",
    Capability.CUSTOMER_CONTACT,
    Idempotency.UNIQUE,
)


class Welcome:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def send_welcome_msg(
        self,
        welcome_code: str,
        *,
        text: str = "",
        attachments: Sequence[Attachment] = (),
        not_after: float | None = None,
    ) -> None:
        """Greet, once, within 20 seconds of the event that brought the code.

        `not_after` is a point of `time.monotonic()`.
        Raises `WelcomeTooLate`, `AlreadyWelcomed`, `AnotherAppIsWelcoming`, `Unanswered`.
        """
        checking.present("welcome_code", welcome_code)
        body = {"welcome_code": welcome_code, **parts.content(text, attachments)}
        self._caller.call(SEND_WELCOME_MSG, r.nothing, body=body, not_after=not_after)
