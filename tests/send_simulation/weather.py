"""What may go wrong with one call, and how often, in the weather of one schedule."""

from dataclasses import dataclass
from random import Random
from typing import Any

NOT_SENT = "not_sent"  # no connection: proven that nothing happened
LATE = "late"  # takes effect, but the answer comes after we stopped waiting
ERRCODE = "errcode"

ADD = "externalcontact/add_msg_template"
DISPATCHING = 41063
MEDIA_UNKNOWN = 40_007
DISPATCHED = frozenset(
    f"externalcontact/{name}"
    for name in (
        "get_groupmsg_list_v2", "get_groupmsg_task", "get_groupmsg_send_result",
        "cancel_groupmsg_send",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """`effect`: WeCom did it all the same."""

    kind: str
    effect: bool = False
    errcode: int = -1
    after_seconds: float = 0.0

    def fault(self) -> dict[str, Any]:
        """As the simulator's own fault plan wants it."""
        return {"kind": self.kind, "effect": self.effect, "errcode": self.errcode}

    def __str__(self) -> str:
        code = f" {self.errcode}" if self.kind == ERRCODE else ""
        return f"{self.kind}{code}{' but done' if self.effect else ''}"


# The mix of reliability.md, finding 6, with the faults F9 and F10 in it. Rates per call: they rank
# what we do about faults, they predict nothing.
RATES: tuple[tuple[float, Trouble], ...] = (
    (0.04, Trouble(NOT_SENT)),
    (0.06, Trouble("not_arrived")),
    (0.06, Trouble("arrived_no_reply")),
    (0.04, Trouble(LATE)),
    (0.02, Trouble("cut_body")),
    (0.01, Trouble("http_500")),
    (0.02, Trouble("http_500", effect=True)),
    (0.01, Trouble("html")),
    (0.01, Trouble("html", effect=True)),
    (0.03, Trouble(ERRCODE, errcode=-1)),
    (0.02, Trouble(ERRCODE, errcode=-1, effect=True)),
    (0.01, Trouble(ERRCODE, errcode=99_999)),  # no page knows it
    (0.01, Trouble(ERRCODE, errcode=99_999, effect=True)),
    (0.02, Trouble(ERRCODE, errcode=45_009)),
    (0.01, Trouble(ERRCODE, errcode=45_033)),
    (0.01, Trouble(ERRCODE, errcode=42_001)),
    (0.01, Trouble(ERRCODE, errcode=40_014)),
    (0.005, Trouble(ERRCODE, errcode=48_002)),
    (0.005, Trouble(ERRCODE, errcode=60_020)),
)
_WITHOUT_TOKEN = frozenset({42_001, 40_014, 48_002, 60_020})


@dataclass(frozen=True, slots=True)
class Weather:
    """`roughness` multiplies the rates. The others: chance per boundary of a worker's way."""

    roughness: float = 0.0
    dispatching: float = 0.0  # 41063 where a task is read, also long after it was made
    killed: float = 0.0
    stalled: float = 0.0
    database_lost: float = 0.0
    longest_stall_seconds: float = 900.0
    others_every_seconds: float = 1e9  # during a stall; at its end in any case
    media_forgotten: float = 0.0  # per call that names an upload: WeCom does not know it

    def trouble(self, api: str, random: Random) -> Trouble | None:
        if api in DISPATCHED and random.random() < self.dispatching:
            return Trouble(ERRCODE, errcode=DISPATCHING)
        if api == ADD and self.media_forgotten and random.random() < self.media_forgotten:
            return Trouble(ERRCODE, errcode=MEDIA_UNKNOWN)
        drawn = random.random()
        for rate, trouble in RATES:
            drawn -= rate * self.roughness
            if drawn < 0:
                return _fitting(trouble, api, random)
        return None


def _fitting(trouble: Trouble, api: str, random: Random) -> Trouble | None:
    if api == "gettoken" and trouble.errcode in _WITHOUT_TOKEN:
        return None
    if trouble.kind == LATE:
        return Trouble(LATE, after_seconds=random.uniform(0, 15))
    return trouble


CALM = Weather()
