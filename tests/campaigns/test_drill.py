"""Training with routine messages: the same steps, nothing that leaves or counts."""

from collections.abc import Callable
from datetime import datetime

import pytest

from weijing.accounts.models import Officer
from weijing.campaigns import approving, drafting
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.reach import reach_of


@pytest.fixture
def drill(draft: Campaign, author: Officer, at: datetime) -> Campaign:
    drafting.edit(draft, by=author, at=at, is_drill=True)
    drafting.submit(draft, by=author, at=at, count_seen=3)
    return Campaign.objects.get(pk=draft.pk)


def test_a_drill_takes_no_messages_of_the_day_from_anybody(
    drill: Campaign, author: Officer, approver: Officer, at: datetime,
    configure: Callable[..., None],
) -> None:  # fmt: skip
    configure(wecom_base_url="http://127.0.0.1:18092")
    assert approving.release(drill, by=approver, at=at) == 3
    real = drafting.draft(by=author, at=at, title="真", body="文", audience=drill.audience)
    assert reach_of(real, at=at).reachable == 3


def test_with_the_real_wecom_no_drill_is_let_go(
    drill: Campaign, approver: Officer, at: datetime, configure: Callable[..., None]
) -> None:
    configure(wecom_base_url="https://qyapi.weixin.qq.com")
    with pytest.raises(approving.DrillWouldLeave, match="真实的企业微信"):
        approving.release(drill, by=approver, at=at)
    assert not Share.objects.exists()
