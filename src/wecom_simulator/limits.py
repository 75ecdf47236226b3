"""How often one may call (doc 90312): fixed windows, and a block as long as the window exceeded."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from wecom_simulator.refusals import Refused

MINUTE, HOUR, DAY, MONTH = 60, 3_600, 86_400, 30 * 86_400

CORP_LIMITS = ((MINUTE, 10_000), (HOUR, 150_000))
IP_LIMITS = ((MINUTE, 20_000), (HOUR, 600_000))
DEBUG_LIMITS = ((MINUTE, 5),)
UPLOADIMG_LIMITS = ((DAY, 1_000), (MONTH, 3_000))
CORP_TICKET_LIMITS = ((HOUR, 400),)
APP_TICKET_LIMITS = ((HOUR, 100),)

Windows = tuple[tuple[int, int], ...]


class Limits:
    """Counters of the running windows; forgotten at a restart."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], tuple[int, float]] = {}
        self._blocked_until: dict[str, float] = {}
        self._flying: Counter[str] = Counter()
        self._changing: set[tuple[str, ...]] = set()
        self._wrong_secrets: Counter[str] = Counter()
        self._locked_out: dict[str, float] = defaultdict(float)

    def spend(
        self, key: str, windows: Windows, *, scale: float, now: float, amount: int = 1
    ) -> None:
        """Count one call. Raises `Refused` 45009, also while an earlier excess is punished."""
        if not scale:
            return
        if self._blocked_until.get(key, 0) > now:
            raise Refused(45009)
        for seconds, cap in windows:
            window = int(now // seconds)
            seen_window, count = self._counts.get((key, seconds), (window, 0))
            count = amount if seen_window != window else count + amount
            self._counts[(key, seconds)] = (window, count)
            if count > cap * scale:
                self._blocked_until[key] = now + seconds
                raise Refused(45009)

    def enter(self, api: str, cap: int) -> None:
        """Raises `Refused` 45033 when `cap` calls of this API are in flight."""
        if cap and self._flying[api] >= cap:
            raise Refused(45033)
        self._flying[api] += 1

    def leave(self, api: str) -> None:
        self._flying[api] -= 1

    @contextmanager
    def changing(self, thing: list[str]) -> Iterator[None]:
        """Held by one call at a time; nothing named is held by nobody. Raises `Refused` 45035."""
        key = tuple(thing)
        if not key:
            yield
            return
        if key in self._changing:
            raise Refused(45035)
        self._changing.add(key)
        try:
            yield
        finally:
            self._changing.remove(key)

    def note_wrong_secret(self, ip: str, *, until_lock_out: int, seconds: int, now: float) -> None:
        self._wrong_secrets[ip] += 1
        if until_lock_out and self._wrong_secrets[ip] >= until_lock_out:
            self._locked_out[ip] = now + seconds
            self._wrong_secrets[ip] = 0

    def check_not_locked_out(self, ip: str, now: float) -> None:
        """Raises `Refused` 45009. The docs name the hour (90313), not the code."""
        if self._locked_out.get(ip, 0) > now:
            raise Refused(45009, f"ip {ip} is blocked after wrong secrets")

    def reset(self) -> None:
        self._counts.clear()
        self._blocked_until.clear()
        self._wrong_secrets.clear()
        self._locked_out.clear()

    def shown(self) -> Iterator[tuple[str, float]]:
        yield from self._blocked_until.items()
        yield from self._locked_out.items()
