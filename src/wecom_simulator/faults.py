"""A plan of what goes wrong next, so that drills repeat exactly."""

from dataclasses import asdict, dataclass
from random import Random
from typing import Any

KINDS = (
    "not_arrived",  # the connection closes before anything is handled
    "arrived_no_reply",  # handled and kept, then the connection is cut
    "slow",  # waits delay_seconds, then handles
    "late_reply",  # handles, then waits delay_seconds before it answers
    "errcode",
    "http_500",
    "html",
    "cut_body",  # handled and kept; half of the answer, then the connection is cut
)


@dataclass
class Fault:
    """`times` calls of `api` ("*" = any) fail; `None` = until removed."""

    api: str
    kind: str
    times: int | None = 1
    probability: float = 1.0
    delay_seconds: float = 0.0  # real seconds
    errcode: int = -1
    effect: bool = False  # for errcode, http_500, html: is the call handled all the same?
    skip: int = 0  # let so many matching calls pass first
    hits: int = 0

    @property
    def handles(self) -> bool:
        """Whether the call takes effect in spite of the fault."""
        if self.kind == "not_arrived":
            return False
        return self.effect or self.kind not in ("errcode", "http_500", "html")


class FaultPlan:
    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._faults: list[Fault] = []

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Raises `ValueError` or `TypeError` for a fault that does not exist."""
        fault = Fault(**wanted)
        if fault.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._faults.append(fault)
        return fault

    def reseed(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311

    def clear(self) -> None:
        self._faults.clear()

    def shown(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._faults]

    def next(self, api: str) -> Fault | None:
        """The fault that this call meets, counted as used."""
        for fault in self._faults:
            if fault.api not in ("*", api) or fault.times == 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None
