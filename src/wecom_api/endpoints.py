"""What we know of a WeCom call before we make it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from wecom_api.editions import Capability


class Idempotency(Enum):
    """What a lost answer costs."""

    SAFE = "safe"  # a read, or a write that may be repeated without harm
    READBACK = "readback"  # do not repeat; another call can tell whether it happened
    UNIQUE = "unique"  # do not repeat; nothing can tell


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`api` is the path below /cgi-bin/; it also names the call in limits, logs and errors."""

    method: Literal["GET", "POST"]
    api: str
    capability: Capability
    idempotency: Idempotency = Idempotency.SAFE
