"""Why somebody did not get a message, in words for the desk: what it is, and what to do."""

from weijing.campaigns.models import Delivery
from weijing.campaigns.moving import State

Result = Delivery.Result

NOT_SENT = {
    State.WAITING: "还没派到民辅警",
    State.ASKING: "还没派到民辅警",
    State.UNSURE: "正在核对任务有没有派到",
    State.ASKED: "民辅警还没确认",
    State.CONFIRMED: "民辅警已确认，结果还没回来",
    State.FINISHED: "民辅警发送时没有勾选",
    State.REFUSED: "企业微信没收下任务，没有发",
    State.CANCELLED: "任务已停止，没有发",
    State.LAPSED: "民辅警过了截止时间没确认",
}
NEVER_ASKED = "到截止时间还没派到民辅警，没有发"
REASONS = {
    Result.SENT: "",
    Result.NOT_FRIEND: "不再是好友，上门重新加",
    Result.OVER_QUOTA: "企业微信里的条数已满，打电话告知",
    Result.UNUSABLE: "企业微信不收，请核对好友关系",
    Result.WITHDRAWN: "审批后退订，没有发",
}


def why(delivery: Delivery, noted: str = "") -> str:
    """In one line; "" when it was sent. Reads `delivery.share`.

    `noted`: why the officer leaves the person out (`deselecting.reasons_of`).
    """
    if noted and delivery.result == Result.SENT:
        return f"民辅警记下不发（{noted}），发送时没取消勾选"
    if delivery.result == Result.PENDING:
        if noted and delivery.share.state == State.ASKED:
            return f"民辅警说不发：{noted}"
        if noted and delivery.share.state in (State.CONFIRMED, State.FINISHED):
            return f"民辅警没有勾选：{noted}"
        if delivery.share.state == State.LAPSED and delivery.share.asked_at is None:
            return NEVER_ASKED
        return NOT_SENT[State(delivery.share.state)]
    return REASONS[Result(delivery.result)]
