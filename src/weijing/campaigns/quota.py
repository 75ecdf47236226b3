"""How much of WeCom's limit per resident is left: whoever sends, the county or an officer alone.

WeCom counts every mass message a resident gets, by calendar month, by week or by day, as the
corp's administrator has set it; it neither tells nor lets us set it, so a county says which.
What we keep free of it is for emergencies: an ordinary message stops earlier than WeCom would.
(developer.work.weixin.qq.com/document/path/92135)
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from pyroaring import BitMap

from weijing.campaigns.ordering.models import CampaignRules

WEEK_DAYS = 7
Mode = CampaignRules.QuotaMode


@dataclass(frozen=True, slots=True)
class Window:
    """The first day that counts, and how many messages a resident may get from then on."""

    since: date
    most: int


def window(mode: str, *, on: date) -> Window:
    """As WeCom counts. It does not say where its week begins: any seven days keep within it."""
    if mode == Mode.DAY:
        return Window(on, 1)
    if mode == Mode.WEEK:
        return Window(on - timedelta(days=WEEK_DAYS - 1), 7)
    return Window(on.replace(day=1), monthrange(on.year, on.month)[1])


def most_allowed(rules: CampaignRules, *, on: date, urgent: bool) -> int:
    """Of WeCom's limit, how many a message of this kind may use up; one at least."""
    most = window(rules.quota_mode, on=on).most
    return most if urgent else max(1, most - rules.emergency_reserve)


class Counter:
    """How often each person occurs, in bitmaps: the n-th says whose count has the bit 2 ** n."""

    def __init__(self, bits: Iterable[BitMap] = ()) -> None:
        self._bits = list(bits)

    def copy(self) -> "Counter":
        return Counter(self._bits)

    def add(self, people: BitMap) -> None:
        """Each of them once more."""
        carry = people
        for n, bit in enumerate(self._bits):
            if not carry:
                return
            self._bits[n], carry = bit ^ carry, bit & carry
        if carry:
            self._bits.append(BitMap(carry))

    def at_least(self, number: int) -> BitMap:
        """Who occurs so often. `number` is one at least."""
        if number >> len(self._bits):
            return BitMap()
        same: BitMap | None = None  # everybody, to begin with
        more = BitMap()
        for n in reversed(range(len(self._bits))):
            here = self._bits[n] if same is None else same & self._bits[n]
            if number >> n & 1:
                same = here
            else:
                more |= here  # they stay in `same` as well, which changes nothing
        return more if same is None else more | same
