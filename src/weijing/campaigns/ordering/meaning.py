"""What an audience meant when approval was asked for: a saved one may read otherwise by now."""

import json
from typing import Any

from weijing.audiences.expression import BadExpression, canonical, parse
from weijing.audiences.standing_on import names_in, saved_under, written_out
from weijing.campaigns.models import Campaign
from weijing.core.errors import DomainError


class AudienceChanged(DomainError):
    """Its author has to look at it again."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"还没有发出：提交以后，条件用到的受众「{'」「'.join(names)}」有人改过或删了，"
            "要由起草人看过再提交。"
        )


def meaning_of(campaign: Campaign) -> Any:
    """The tree with the saved audiences written out, in its canonical order.

    Raises `BadExpression`.
    """
    node = parse(campaign.audience, county_id=campaign.county_id, topic=campaign.topic)
    return json.loads(canonical(written_out(node)))


def check_unchanged(campaign: Campaign) -> None:
    """Saved audiences below it cannot change from here to the commit; others cannot at all.

    What was handed in before meanings were kept is taken for changed. Raises `AudienceChanged`.
    """
    names = names_in(campaign.audience)
    if not names:
        return
    saved_under(campaign.audience, campaign.county_id, hold=True)
    try:
        is_the_same = meaning_of(campaign) == campaign.audience_meant
    except BadExpression as bad:
        raise AudienceChanged(sorted(names)) from bad
    if not is_the_same:
        raise AudienceChanged(sorted(names))
