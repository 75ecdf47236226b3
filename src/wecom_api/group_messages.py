"""企业群发: mass messages that members confirm in WeCom (docs 92135, 93338, 97610, 97611).

`add_msg_template` makes a task for a member. Nothing reaches a resident until that member taps
send; WeCom does not tell us when, so tasks and results are polled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wecom_api import attachments as parts
from wecom_api import checking
from wecom_api import reading as r
from wecom_api.attachments import Attachment
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint, Idempotency
from wecom_api.errors import InvalidRequest
from wecom_api.paging import pages
from wecom_api.reading import Json

_AREA = Capability.MASS_MESSAGES
ADD_MSG_TEMPLATE = Endpoint("POST", "externalcontact/add_msg_template", _AREA, Idempotency.READBACK)
LIST_V2 = Endpoint("POST", "externalcontact/get_groupmsg_list_v2", _AREA)
TASK = Endpoint("POST", "externalcontact/get_groupmsg_task", _AREA)
SEND_RESULT = Endpoint("POST", "externalcontact/get_groupmsg_send_result", _AREA)
REMIND = Endpoint("POST", "externalcontact/remind_groupmsg_send", _AREA, Idempotency.UNIQUE)
CANCEL = Endpoint("POST", "externalcontact/cancel_groupmsg_send", _AREA)

MAX_RECIPIENTS = 10_000  # per call, doc 92135
MAX_CHATS = 2_000
MAX_TAGS = 100  # per list
LONGEST_PERIOD_DAYS = 31

BY_CORP, BY_MEMBER, BY_ANYONE = 0, 1, 2  # filter_type, create_type

TASK_NOT_SENT, TASK_SENT = 0, 2  # MemberTask.status
NOT_SENT, SENT, NOT_A_FRIEND, OVER_QUOTA = 0, 1, 2, 3  # SendResult.status


@dataclass(frozen=True, slots=True)
class AddedMessage:
    """`fail_list`: recipients whom WeCom found invalid or unreachable when the task was made."""

    msgid: str
    fail_list: tuple[str, ...] = ()

    @staticmethod
    def read(data: Json) -> AddedMessage:
        return AddedMessage(r.needed(data, "msgid"), r.texts(data, "fail_list"))


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """`creator` is empty for messages made by the API. `create_time` in Unix seconds.

    `attachments` as WeCom gives them.
    """

    msgid: str
    create_time: int = 0
    create_type: int = BY_CORP
    creator: str = ""
    text: str = ""
    attachments: tuple[Json, ...] = ()

    @staticmethod
    def read(data: Json) -> GroupMessage:
        return GroupMessage(
            msgid=r.needed(data, "msgid"),
            create_time=r.number(data, "create_time"),
            create_type=r.number(data, "create_type"),
            creator=r.text(data, "creator"),
            text=r.text(r.part(data, "text"), "content"),
            attachments=tuple(r.rows(data, "attachments")),
        )


@dataclass(frozen=True, slots=True)
class MemberTask:
    """One member's part. `send_time` (Unix seconds) only when sent."""

    userid: str
    status: int = TASK_NOT_SENT
    send_time: int | None = None

    @staticmethod
    def read(data: Json) -> MemberTask:
        return MemberTask(
            userid=r.needed(data, "userid"),
            status=r.number(data, "status"),
            send_time=r.optional_number(data, "send_time"),
        )


@dataclass(frozen=True, slots=True)
class SendResult:
    """One recipient. 'Sent' is not 'read': WeCom has no read receipt."""

    userid: str
    status: int = NOT_SENT
    external_userid: str = ""
    chat_id: str = ""
    send_time: int | None = None

    @staticmethod
    def read(data: Json) -> SendResult:
        return SendResult(
            userid=r.text(data, "userid"),
            status=r.number(data, "status"),
            external_userid=r.text(data, "external_userid"),
            chat_id=r.text(data, "chat_id"),
            send_time=r.optional_number(data, "send_time"),
        )


class GroupMessages:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def add_msg_template(
        self,
        *,
        sender: str | None = None,
        external_userids: Sequence[str] = (),
        text: str = "",
        attachments: Sequence[Attachment] = (),
        tag_filter: Sequence[Sequence[str]] = (),
        chat_ids: Sequence[str] = (),
        chat_type: str = "single",
        allow_select: bool = False,
        not_after: float | None = None,
    ) -> AddedMessage:
        """Ask members to send a message. WeCom has no idempotency key: never repeat it blindly.

        Without `sender` each customer's task goes to the member who last chatted with them.
        `tag_filter` is lists of tag ids: any within a list, all lists. Past `not_after`, a point of
        `time.monotonic()`, nothing is sent (`TooLate`).

        Raises `Unanswered` when it may have happened (look with `list_v2`), `NobodyToSendTo`,
        `InvalidRequest`, other `Rejected`, `Unavailable`, `Misconfigured`.
        """
        body: dict[str, Any] = {"chat_type": chat_type, **parts.content(text, attachments)}
        if chat_type == "group":
            body |= _to_chats(sender, chat_ids, external_userids or tag_filter)
        elif chat_type == "single":
            body |= _to_customers(sender, external_userids, tag_filter, chat_ids)
            if allow_select:
                body["allow_select"] = True
        else:
            raise InvalidRequest(ADD_MSG_TEMPLATE.api, errmsg="chat_type is single or group")
        return self._caller.call(
            ADD_MSG_TEMPLATE, AddedMessage.read, body=body, not_after=not_after
        )

    def list_v2(
        self,
        *,
        start_time: int,
        end_time: int,
        chat_type: str = "single",
        filter_type: int = BY_ANYONE,
        creator: str | None = None,
    ) -> tuple[GroupMessage, ...]:
        """Every message of the period (Unix seconds, at most a month): all pages or an error.

        A message made a moment ago may be missing.
        """
        checking.ordered(start_time, end_time, at_most_days=LONGEST_PERIOD_DAYS)
        body = without_empty(
            chat_type=chat_type,
            start_time=start_time,
            end_time=end_time,
            filter_type=filter_type,
            creator=creator,
            limit=100,
        )
        return tuple(GroupMessage.read(row) for row in self._all(LIST_V2, body, "group_msg_list"))

    def task(self, msgid: str) -> tuple[MemberTask, ...]:
        """Who was asked, and who has sent. Raises `StillDispatching`, `Cancelled`."""
        checking.present("msgid", msgid)
        body = {"msgid": msgid, "limit": 1000}
        return tuple(MemberTask.read(row) for row in self._all(TASK, body, "task_list"))

    def send_result(self, msgid: str, userid: str) -> tuple[SendResult, ...]:
        """What became of each recipient of one member. Raises `StillDispatching`, `Cancelled`."""
        checking.present("msgid", msgid)
        checking.present("userid", userid)
        body = {"msgid": msgid, "userid": userid, "limit": 1000}
        return tuple(SendResult.read(row) for row in self._all(SEND_RESULT, body, "send_list"))

    def remind(self, msgid: str) -> None:
        """Ask again those who have not sent. Raises `RemindedTooOften` (three in 24 hours)."""
        checking.present("msgid", msgid)
        self._caller.call(REMIND, r.nothing, body={"msgid": msgid})

    def cancel(self, msgid: str) -> None:
        """Stop those who have not sent. What was sent cannot be taken back.

        Raises `Cancelled` when it already was, which may be our own first try.
        """
        checking.present("msgid", msgid)
        self._caller.call(CANCEL, r.nothing, body={"msgid": msgid})

    def _all(self, endpoint: Endpoint, body: dict[str, Any], name: str) -> list[Json]:
        def fetch(cursor: str) -> tuple[list[Json], str]:
            return self._caller.call(
                endpoint,
                lambda data: (r.rows(data, name), r.text(data, "next_cursor")),
                body={**body, "cursor": cursor} if cursor else body,
            )

        return [row for page, _ in pages(endpoint.api, fetch) for row in page]


def _to_customers(
    sender: str | None,
    external_userids: Sequence[str],
    tag_filter: Sequence[Sequence[str]],
    chat_ids: Sequence[str],
) -> dict[str, Any]:
    if chat_ids:
        raise InvalidRequest(ADD_MSG_TEMPLATE.api, errmsg="chat_ids belong to chat_type group")
    if not sender and not external_userids and not tag_filter:
        raise InvalidRequest(ADD_MSG_TEMPLATE.api, errmsg="name a sender, customers or tags")
    if external_userids and tag_filter:
        # WeCom would silently ignore the tags.
        raise InvalidRequest(ADD_MSG_TEMPLATE.api, errmsg="customers or tags, not both")
    checking.at_most_items("external_userids", external_userids, MAX_RECIPIENTS)
    for tag_list in tag_filter:
        checking.present("tag_list", tag_list)
        checking.at_most_items("tag_list", tag_list, MAX_TAGS)
    group_list = [{"tag_list": [*tag_list]} for tag_list in tag_filter]
    return without_empty(
        sender=sender or None,
        external_userid=[*external_userids] or None,
        tag_filter={"group_list": group_list} if group_list else None,
    )


def _to_chats(
    sender: str | None, chat_ids: Sequence[str], customers_or_tags: Sequence[object]
) -> dict[str, Any]:
    if not sender or customers_or_tags:
        raise InvalidRequest(ADD_MSG_TEMPLATE.api, errmsg="to groups: a sender, no customers")
    checking.at_most_items("chat_ids", chat_ids, MAX_CHATS)
    return without_empty(sender=sender, chat_id_list=[*chat_ids] or None)
