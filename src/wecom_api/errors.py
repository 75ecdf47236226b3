"""What may go wrong with WeCom, sorted by what the caller does next.

Unavailable    nothing happened, or repeating is harmless: try again later
Unanswered     it may have happened: look before anyone repeats it
Rejected       refused: record the code, do not repeat
Misconfigured  secret, address or permission: nobody's retry helps, alarm a person
"""

from __future__ import annotations


class WeComError(Exception):
    """A call that did not succeed.

    `errcode` is WeCom's number, or None when no answer could be read. `errmsg` is for people:
    WeCom changes its wording, so nothing may depend on it.
    """

    def __init__(self, api: str = "", errcode: int | None = None, errmsg: str = "") -> None:
        super().__init__(api, errcode, errmsg)
        self.api = api
        self.errcode = errcode
        self.errmsg = errmsg

    def __str__(self) -> str:
        code = "" if self.errcode is None else f" errcode {self.errcode}"
        return f"{self.api or 'wecom'}:{code} {self.errmsg}".rstrip()


# --- try again later ------------------------------------------------------------------------


class Unavailable(WeComError):
    """Nothing happened, or the call is safe to repeat: try again later."""


class Throttled(Unavailable):
    """Too many calls. Nothing happened; wait `retry_after_seconds`, then go slower."""

    def __init__(
        self,
        api: str = "",
        errcode: int | None = None,
        errmsg: str = "",
        retry_after_seconds: float = 60.0,
    ) -> None:
        super().__init__(api, errcode, errmsg)
        self.args = (api, errcode, errmsg, retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class TooLate(Unavailable):
    """The caller's deadline passed before the request left. Nothing was sent."""


class Busy(Unavailable):
    """WeCom answered -1 to a call that is safe to repeat, more than three times."""


class Conflict(Unavailable):
    """Somebody changed the same pair or message at the same moment. Serialise, then repeat."""


class StillDispatching(Unavailable):
    """A mass message made a moment ago cannot be read yet. This is not 'there is none'."""


class AnotherAppIsWelcoming(Unavailable):
    """May be repeated while the 20 seconds of the welcome code last."""


# --- it may have happened -------------------------------------------------------------------


class Unanswered(WeComError):
    """The request left and no answer we can trust came back: look before repeating."""


# --- refused --------------------------------------------------------------------------------


class Rejected(WeComError):
    """WeCom refused. Nothing happened, and asking again gives the same answer."""


class InvalidRequest(Rejected, ValueError):
    """We refused it ourselves, before any call: it breaks a documented limit."""


class DefectOfOurs(Rejected):
    """WeCom calls a parameter wrong: our own checks should have caught it."""


class AnswerTooBig(Rejected):
    """Narrow the query."""


class OutOfScope(Rejected):
    """The object is outside what the app may see."""


class UnknownMember(Rejected):
    """No such userid: the member has left; synchronise again."""


class UnknownDepartment(Rejected):
    pass


class UnknownCustomer(Rejected):
    """The external_userid is not of this corp, or its follower is not visible."""


class NotAFollower(Rejected):
    """There is no such relation between member and customer (any more)."""


class SignInExpired(Rejected):
    """The code or ticket was used, has expired or never was: send the person to sign in again."""


class InvalidMedia(Rejected):
    """The media_id is unknown or older than three days: upload again, repeat once."""


class MediaRefused(Rejected):
    """Wrong type or size of a file."""


class MemberUnfit(Rejected):
    """The member has left, is blocked, full, or not verified by real name: an operator's matter."""


class TransferRefused(Rejected):
    pass


class TransferRunning(Rejected):
    """Already under way: wait for its result."""


class TransferredTooOften(Rejected):
    """Twice in 90 days: not before the window ends."""


class TagRefused(Rejected):
    pass


class TagNameTaken(TagRefused):
    pass


class UnknownTag(TagRefused):
    pass


class TooManyTags(TagRefused):
    """The corp's library or this customer is full."""


class ContactWayRefused(Rejected):
    pass


class UnknownMessage(Rejected):
    """No mass message has this msgid."""


class NobodyToSendTo(Rejected):
    """No recipient is left of those named."""


class Cancelled(Rejected):
    """The mass message has been cancelled."""


class RemindedTooOften(Rejected):
    """Three reminders a day per mass message."""


class WelcomeTooLate(Rejected):
    """The welcome code is older than 20 seconds, or was never valid."""


class AlreadyWelcomed(Rejected):
    """A chat or another app's welcome came first: the resident has been greeted."""


class ConsentMissing(Rejected):
    """The customer has not agreed to the message archive."""


class AttachmentRefused(Rejected):
    pass


class ContentForbidden(Rejected):
    """Spam or forbidden words: show it to the author, never send it again unchanged."""


class SensitiveWordRuleRefused(Rejected):
    pass


class MomentRefused(Rejected):
    pass


class CardRefused(Rejected):
    """Wrong task_id, or a response_code already used or older than 72 hours."""


class RecallTooLate(Rejected):
    """24 hours are over."""


class RecipientsRefused(Rejected):
    pass


class AllRecipientsInvalid(RecipientsRefused):
    pass


class CustomerServiceRefused(Rejected):
    """A 微信客服 call: wrong state, window, account or count."""


# --- somebody must change the configuration -------------------------------------------------


class Misconfigured(WeComError):
    """Secret, address, permission or edition: alarm a person, do not repeat."""


class SecretRefused(Misconfigured):
    """WeCom rejects the secret, the corp or the app. Repeated, it gets our address blocked."""


class TokenRefused(Misconfigured):
    """A token fetched a moment ago was refused again."""


class UntrustedAddress(Misconfigured):
    """Our address is not in 企业可信IP."""


class NotPermitted(Misconfigured):
    """The app lacks the permission for this call."""


class Unsupported(Misconfigured):
    """This edition of WeCom does not have the call."""
