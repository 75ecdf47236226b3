"""Messages from the app to members, never to residents (docs 90236, 94888)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import InvalidRequest
from wecom_api.reading import Json

SEND = Endpoint("POST", "message/send", Capability.APP_MESSAGES, Idempotency.UNIQUE)
SEND_CARD = Endpoint("POST", "message/send", Capability.TEMPLATE_CARDS, Idempotency.UNIQUE)
UPDATE_CARD = Endpoint(
    "POST", "message/update_template_card", Capability.TEMPLATE_CARDS, Idempotency.UNIQUE
)

EVERYONE = "@all"
DEFAULT_DUPLICATE_CHECK_SECONDS = 1800
LONGEST_DUPLICATE_CHECK_SECONDS = 4 * 3600
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
MEDIA_TYPES = ("image", "voice", "video", "file")
LIST_LIMITS = {
    "horizontal_content_list": 6,
    "jump_list": 3,
    "vertical_content_list": 4,
    "button_list": 6,
    "select_list": 3,
}
CARD_TYPES = (
    "text_notice",
    "news_notice",
    "button_interaction",
    "vote_interaction",
    "multiple_interaction",
)
NOTICE_CARDS = CARD_TYPES[:2]
CARDS_WITH_TASK_ID = CARD_TYPES[2:]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """WeCom writes the invalid userids in lower case.

    `response_code` updates a card once, within 72 hours. Nobody is told when WeCom drops a
    message because the member got more than 30 in a minute.
    """

    msgid: str = ""
    invaliduser: tuple[str, ...] = ()
    invalidparty: tuple[str, ...] = ()
    invalidtag: tuple[str, ...] = ()
    unlicenseduser: tuple[str, ...] = ()
    response_code: str = ""

    @staticmethod
    def read(data: Json) -> SentMessage:
        return SentMessage(
            msgid=r.text(data, "msgid"),
            invaliduser=r.joined(data, "invaliduser"),
            invalidparty=r.joined(data, "invalidparty"),
            invalidtag=r.joined(data, "invalidtag"),
            unlicenseduser=r.joined(data, "unlicenseduser"),
            response_code=r.text(data, "response_code"),
        )


@dataclass(frozen=True, slots=True)
class Recipients:
    """Members, departments, tags; `Recipients(("@all",))` is everyone in the app's scope."""

    touser: Sequence[str] = ()
    toparty: Sequence[int] = ()
    totag: Sequence[int] = ()

    def as_json(self) -> dict[str, Any]:
        if not self.touser and not self.toparty and not self.totag:
            raise InvalidRequest(SEND.api, errmsg="no recipients")
        checking.at_most_items("touser", self.touser, 1000)
        checking.at_most_items("toparty", self.toparty, 100)
        checking.at_most_items("totag", self.totag, 100)
        named = {
            "touser": "|".join(self.touser),
            "toparty": "|".join(map(str, self.toparty)),
            "totag": "|".join(map(str, self.totag)),
        }
        return {name: value for name, value in named.items() if value}


class AppMessages:
    """`duplicate_check_seconds`: WeCom drops the same message within that time, which makes the
    call safe to repeat; 0 switches it off, and a lost answer is then `Unanswered`.
    """

    def __init__(self, caller: Caller, agentid: int) -> None:
        self._caller = caller
        self._agentid = agentid

    def text(
        self,
        to: Recipients,
        content: str,
        *,
        duplicate_check_seconds: int = DEFAULT_DUPLICATE_CHECK_SECONDS,
    ) -> SentMessage:
        checking.present("content", content)
        checking.at_most_bytes("content", content, 2048)  # WeCom would cut it off silently
        return self._send(SEND, to, "text", {"content": content}, duplicate_check_seconds)

    def media(
        self,
        to: Recipients,
        type: str,
        media_id: str,
        *,
        duplicate_check_seconds: int = DEFAULT_DUPLICATE_CHECK_SECONDS,
    ) -> SentMessage:
        """`type` is image, voice, video or file; `media_id` from `media.upload`.

        Raises `InvalidRequest`, `InvalidMedia`.
        """
        if type not in MEDIA_TYPES:
            raise InvalidRequest(SEND.api, errmsg=f"type is one of {', '.join(MEDIA_TYPES)}")
        checking.present("media_id", media_id)
        return self._send(SEND, to, type, {"media_id": media_id}, duplicate_check_seconds)

    def textcard(
        self,
        to: Recipients,
        *,
        title: str,
        description: str,
        url: str,
        btntxt: str | None = None,
        duplicate_check_seconds: int = DEFAULT_DUPLICATE_CHECK_SECONDS,
    ) -> SentMessage:
        checking.present("title", title)
        checking.present("description", description)
        checking.at_most_chars("title", title, 128)
        checking.at_most_chars("description", description, 512)
        checking.at_most_chars("btntxt", btntxt or "", 4)
        checking.at_most_bytes("url", url, 2048)
        if "://" not in url:
            raise InvalidRequest(SEND.api, errmsg="url needs its scheme")
        card = without_empty(title=title, description=description, url=url, btntxt=btntxt)
        return self._send(SEND, to, "textcard", card, duplicate_check_seconds)

    def template_card(
        self,
        to: Recipients,
        card: Mapping[str, Any],
        *,
        duplicate_check_seconds: int = DEFAULT_DUPLICATE_CHECK_SECONDS,
    ) -> SentMessage:
        """`card` in WeCom's own words (doc 90236), `card_type` included.

        Raises `InvalidRequest`, `CardRefused`.
        """
        check_card(card)
        return self._send(SEND_CARD, to, "template_card", card, duplicate_check_seconds)

    def update_template_card(
        self,
        to: Recipients,
        response_code: str,
        *,
        replace_name: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> tuple[str, ...]:
        """Change a card already sent: its buttons go dead as `replace_name`, or it becomes `card`.

        A response_code works once, within 72 hours. Returns the userids who could not be reached.
        """
        checking.present("response_code", response_code)
        if (replace_name is None) == (card is None):
            raise InvalidRequest(UPDATE_CARD.api, errmsg="give replace_name or card")
        if card is not None:
            check_card(card)
        everyone = tuple(to.touser) == (EVERYONE,)
        to.as_json()  # checks the limits
        body = without_empty(
            userids=None if everyone else [*to.touser] or None,
            partyids=[*to.toparty] or None,
            tagids=[*to.totag] or None,
            atall=1 if everyone else None,
            agentid=self._agentid,
            response_code=response_code,
            button=None if replace_name is None else {"replace_name": replace_name},
            template_card=None if card is None else dict(card),
        )
        return self._caller.call(UPDATE_CARD, _read_invalid, body=body)

    def _send(
        self,
        endpoint: Endpoint,
        to: Recipients,
        msgtype: str,
        content: Mapping[str, Any],
        duplicate_check_seconds: int,
    ) -> SentMessage:
        checking.within(
            "duplicate_check_seconds", duplicate_check_seconds, 0, LONGEST_DUPLICATE_CHECK_SECONDS
        )
        body = {
            **to.as_json(),
            "msgtype": msgtype,
            "agentid": self._agentid,
            msgtype: dict(content),
        }
        if duplicate_check_seconds:
            body["enable_duplicate_check"] = 1
            body["duplicate_check_interval"] = duplicate_check_seconds
        return self._caller.call(
            endpoint,
            SentMessage.read,
            body=body,
            idempotency=Idempotency.SAFE if duplicate_check_seconds else Idempotency.UNIQUE,
        )


def check_card(card: Mapping[str, Any]) -> None:
    """The hard limits of a template card. Raises `InvalidRequest`."""
    card_type = card.get("card_type")
    if card_type not in CARD_TYPES:
        raise InvalidRequest(SEND.api, errmsg=f"card_type is one of {', '.join(CARD_TYPES)}")
    task_id = card.get("task_id", "")
    if not task_id and (card_type in CARDS_WITH_TASK_ID or "action_menu" in card):
        raise InvalidRequest(SEND.api, errmsg=f"{card_type} needs a task_id")
    if task_id and not TASK_ID.fullmatch(task_id):
        raise InvalidRequest(SEND.api, errmsg="task_id is up to 128 of letters, digits, _ - @")
    if card_type in NOTICE_CARDS and not card.get("card_action"):
        raise InvalidRequest(SEND.api, errmsg=f"{card_type} needs a card_action")
    for name, limit in LIST_LIMITS.items():
        checking.at_most_items(name, card.get(name, ()), limit)
    if "action_menu" in card:
        actions = card["action_menu"].get("action_list", ())
        checking.within("entries of action_list", len(actions), 1, 3)


def _read_invalid(data: Json) -> tuple[str, ...]:
    # A list by the documentation, a joined string from older servers.
    if isinstance(data.get("invaliduser"), str):
        return r.joined(data, "invaliduser")
    return r.texts(data, "invaliduser")
