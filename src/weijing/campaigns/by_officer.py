"""Who has sent their share and how quickly, officer by officer and station by station."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.campaigns import households
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.moving import UNCONFIRMED, State
from weijing.campaigns.queries import HAS_CONFIRMED, Progress, figures, shares_in

FAILED = (
    Delivery.Result.NOT_FRIEND,
    Delivery.Result.OVER_QUOTA,
    Delivery.Result.UNUSABLE,
    Delivery.Result.WITHDRAWN,
)


@dataclass(frozen=True, slots=True)
class Line:
    """Of one officer, one station (`officer` None) or the whole campaign.

    `took`: the median time from being asked to confirming, of shares confirmed; None without any.
    """

    name: str
    station_id: int | None
    officer: Officer | None
    step: str  # waiting, coming, confirmed or ended; "" for more than one officer
    progress: Progress
    took: timedelta | None
    shares: Sequence[Share]

    @property
    def failed(self) -> int:
        return sum(self.progress.results[result] for result in FAILED)


def shares_with_officers(campaign: Campaign, scope: Scope) -> list[Share]:
    """What the lines are made of, read once."""
    return list(shares_in(campaign, scope).select_related("officer__station"))


def whole(shares: Sequence[Share]) -> Line:
    return Line("", None, None, "", figures(shares), _took(shares), shares)


def by_station(shares: Sequence[Share]) -> list[Line]:
    """The one with the most people first. Officers without a station come as one."""
    lines = _lines(shares, lambda share: share.officer.station_id)
    return sorted(lines, key=lambda line: (-line.progress.people, line.name))


def by_officer(shares: Sequence[Share]) -> list[Line]:
    """Who has not confirmed first, then who is still to be asked; the most people first."""
    lines = _lines(shares, lambda share: share.officer_id, each=True)
    return sorted(
        lines, key=lambda line: (_ORDER.get(line.step, 2), -line.progress.people, line.name)
    )


def homes(lines: Sequence[Line], *, county_id: int) -> list[int]:
    """Households reached, line by line. Costs most of all here: ask for the lines shown."""
    return households.reached([line.shares for line in lines], county_id=county_id)


def _lines(
    shares: Sequence[Share], key: Callable[[Share], Hashable], *, each: bool = False
) -> list[Line]:
    grouped: dict[Hashable, list[Share]] = {}
    for share in shares:
        grouped.setdefault(key(share), []).append(share)
    return [_line(group, each=each) for group in grouped.values()]


def _line(shares: Sequence[Share], *, each: bool) -> Line:
    officer = shares[0].officer
    station = officer.station.name if officer.station else "县局"
    return Line(
        name=officer.name if each else station,
        station_id=officer.station_id,
        officer=officer if each else None,
        step=_step(shares) if each else "",
        progress=figures(shares),
        took=_took(shares),
        shares=shares,
    )


_ORDER = {"waiting": 0, "coming": 1}


def _step(shares: Sequence[Share]) -> str:
    """`waiting`: for the officer's tap. Who has not been asked yet cannot have confirmed."""
    if any(share.state == State.ASKED and not share.stop for share in shares):
        return "waiting"
    states = {share.state for share in shares}
    if not states.isdisjoint(UNCONFIRMED):
        return "coming"
    return "confirmed" if states <= {State(state) for state in HAS_CONFIRMED} else "ended"


def _took(shares: Sequence[Share]) -> timedelta | None:
    seconds = [
        (share.confirmed_at - share.asked_at).total_seconds()
        for share in shares
        if share.confirmed_at and share.asked_at
    ]
    return timedelta(seconds=max(median(seconds), 0.0)) if seconds else None
