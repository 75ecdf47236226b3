"""What was accepted, by id; what each phone shows. Kept in memory: it is only practised here."""

from dataclasses import dataclass, field
from typing import Any

ACCEPTED, DELIVERED, FAILED = "accepted", "delivered", "failed"
MOST_AT_ONCE = 100
MOBILE_DIGITS = 11


@dataclass
class Message:
    id: str
    to: str
    text: str
    state: str
    reason: str
    at: float
    sent: int = 1  # how often the client has sent this id


@dataclass
class Mailbox:
    """`delivery_seconds` after acceptance a message is on the phone, unless the number is off."""

    delivery_seconds: float = 1.0
    switched_off: set[str] = field(default_factory=set)  # numbers that get nothing
    refused: set[str] = field(default_factory=set)  # numbers the gateway does not take
    messages: dict[str, Message] = field(default_factory=dict)

    def accept(self, id: str, to: str, text: str, *, at: float) -> Message:
        """An id it has is the same message: nothing is sent again."""
        known = self.messages.get(id)
        if known is not None:
            known.sent += 1
            return known
        state, reason = ACCEPTED, ""
        if len(to) != MOBILE_DIGITS or not to.isdigit():
            state, reason = FAILED, "号码格式不对"
        elif to in self.refused:
            state, reason = FAILED, "号码在黑名单"
        message = Message(id, to, text, state, reason, at)
        self.messages[id] = message
        return message

    def state_of(self, id: str, *, at: float) -> Message | None:
        message = self.messages.get(id)
        if message is None or message.state != ACCEPTED:
            return message
        if at < message.at + self.delivery_seconds:
            return message
        if message.to in self.switched_off:
            message.state, message.reason = FAILED, "手机关机"
        else:
            message.state = DELIVERED
        return message

    def truth(self, *, at: float) -> list[dict[str, Any]]:
        rows = [self.state_of(id, at=at) for id in self.messages]
        return [vars(row) for row in rows if row is not None]
