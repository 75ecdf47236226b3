"""All shares one officer has of a campaign, seen as one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.campaigns import deselecting, objecting, queries
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.moving import ENDED, State
from weijing.web.access import OfficerRequest

# A station's desk may hold contacts as well, and then has shares to send.
SENDERS = (*FIELD_ROLES, Role.STATION_COMMAND)
REASONS = {
    "no_contact": "没有好友",
    "officer_away": "民辅警不在岗",
    "no_consent": "没同意接收宣传",
    "received_today": "今天已收到",
    "week_full": "本周条数已满",
    "quota_full": "企业微信条数已满",
    "shares_account": "与家人同用一个微信",
}
NOT_SENT_TO = (Delivery.Result.WITHDRAWN, Delivery.Result.UNUSABLE)


@dataclass(frozen=True)
class OwnPart:
    """All shares one officer has of a campaign, seen as one."""

    campaign: Campaign
    shares: list[Share]

    @property
    def results(self) -> Counter[str]:
        """People by result. Shares not asked yet have no results, only people."""
        found: Counter[str] = Counter()
        for share in self.shares:
            found.update(share.results or {Delivery.Result.PENDING.value: share.people})
        return found

    @property
    def will_get_it(self) -> int:
        return sum(self.results.values()) - sum(self.results[out] for out in NOT_SENT_TO)

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Reasons with their people, the most frequent first."""
        counts: Counter[str] = Counter()
        for share in self.shares:
            counts.update({REASONS[reason]: n for reason, n in share.left_out.items()})
        counts["已退订"] += self.results[Delivery.Result.WITHDRAWN]
        counts["企业微信不收"] += self.results[Delivery.Result.UNUSABLE]
        return [(reason, n) for reason, n in counts.most_common() if n]

    @property
    def matched(self) -> int:
        return self.will_get_it + sum(n for _, n in self.left_out)

    @property
    def step(self) -> str:
        """coming, to_confirm, confirmed, refused, lapsed or cancelled: what the sheet is about."""
        states = {share.stop or share.state for share in self.shares}
        if states <= {State.CONFIRMED, State.FINISHED}:
            return "confirmed"
        if states <= {State.CONFIRMED, *ENDED}:
            return next(end for end in ("refused", "lapsed", "cancelled") if end in states)
        return "to_confirm" if State.ASKED in states else "coming"

    @property
    def all_results_in(self) -> bool:
        return all(share.state == State.FINISHED for share in self.shares)

    @property
    def asked_at(self) -> datetime | None:
        return max((share.asked_at for share in self.shares if share.asked_at), default=None)

    @property
    def confirmed_at(self) -> datetime | None:
        times = (share.confirmed_at for share in self.shares if share.confirmed_at)
        return max(times, default=None)

    @property
    def unexplained(self) -> int:
        """People whom the officer left out in WeCom without a reason."""
        return deselecting.unexplained(self.shares)

    @property
    def given_back(self) -> str:
        """The officer's own objection, while it is open."""
        return next(filter(None, map(objecting.reason_given, self.shares)), "")


def own_part(request: OfficerRequest, number: str) -> OwnPart:
    shares = list(queries.shares_of(request.user, number))
    if not shares:
        raise Http404
    return OwnPart(shares[0].campaign, shares)
