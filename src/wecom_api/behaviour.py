"""How much members talk with residents, day by day (doc 92132)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wecom_api import checking
from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.checking import without_empty
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.errors import InvalidRequest
from wecom_api.reading import Json

GET_USER_BEHAVIOR_DATA = Endpoint(
    "POST", "externalcontact/get_user_behavior_data", Capability.CUSTOMER_CONTACT
)
LONGEST_PERIOD_DAYS = 30


@dataclass(frozen=True, slots=True)
class BehaviourDay:
    """`stat_time`: midnight in China, Unix seconds.

    `reply_percentage` and `avg_reply_time` (minutes) are None on a day without chats.
    """

    stat_time: int
    new_apply_cnt: int = 0
    new_contact_cnt: int = 0
    chat_cnt: int = 0
    message_cnt: int = 0
    reply_percentage: float | None = None
    avg_reply_time: float | None = None
    negative_feedback_cnt: int = 0

    @staticmethod
    def read(data: Json) -> BehaviourDay:
        return BehaviourDay(
            stat_time=r.number(data, "stat_time"),
            new_apply_cnt=r.number(data, "new_apply_cnt"),
            new_contact_cnt=r.number(data, "new_contact_cnt"),
            chat_cnt=r.number(data, "chat_cnt"),
            message_cnt=r.number(data, "message_cnt"),
            reply_percentage=r.optional_decimal(data, "reply_percentage"),
            avg_reply_time=r.optional_decimal(data, "avg_reply_time"),
            negative_feedback_cnt=r.number(data, "negative_feedback_cnt"),
        )


class Behaviour:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get_user_behavior_data(
        self,
        *,
        userid: Sequence[str] = (),
        partyid: Sequence[int] = (),
        start_time: int,
        end_time: int,
    ) -> tuple[BehaviourDay, ...]:
        """One series of days, summed over everyone named: for one officer's figures name one.

        Both times in Unix seconds, both days included, at most 30 days, at most 180 days back.
        """
        if not userid and not partyid:
            raise InvalidRequest(GET_USER_BEHAVIOR_DATA.api, errmsg="name members or departments")
        checking.at_most_items("userid", userid, 100)
        checking.at_most_items("partyid", partyid, 100)
        checking.ordered(start_time, end_time, at_most_days=LONGEST_PERIOD_DAYS)
        return self._caller.call(
            GET_USER_BEHAVIOR_DATA,
            lambda data: tuple(BehaviourDay.read(row) for row in r.rows(data, "behavior_data")),
            body=without_empty(
                userid=[*userid] or None,
                partyid=[*partyid] or None,
                start_time=start_time,
                end_time=end_time,
            ),
        )
