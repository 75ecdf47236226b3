"""After a restore our rows know less than WeCom: nobody may be asked for what was asked already."""

from datetime import timedelta

from tests.campaigns.fake_wecom import FakeWeCom
from weijing.campaigns import asking, reconciling, restoring
from weijing.campaigns.models import Share
from weijing.campaigns.moving import State


def _forgotten(share: Share) -> None:
    """As the backup has it, which was taken before the officer was asked."""
    Share.objects.filter(pk=share.pk).update(
        state=State.WAITING, attempt=0, msgid=None, intent_at=None, deadline_at=None,
        asked_at=None, due_at=share.campaign.released_at,
    )  # fmt: skip
    share.refresh_from_db()


def _look(share: Share, wecom: FakeWeCom) -> None:
    wecom.advance(11 * 60)
    share.refresh_from_db()
    reconciling.look(share, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]
    share.refresh_from_db()


def test_a_share_that_was_asked_for_since_the_backup_is_found_and_not_asked_again(
    share: Share, wecom: FakeWeCom
) -> None:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    _forgotten(share)
    wecom.advance(3600)

    assert restoring.after_restore(share.campaign.county, by=None, at=wecom.now) == 1
    share.refresh_from_db()
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    _look(share, wecom)

    assert len(wecom.tasks) == 1
    assert (share.state, share.msgid) == (State.ASKED, wecom.tasks[0].msgid)


def test_a_share_that_was_not_asked_for_goes_out_after_two_looks(
    share: Share, wecom: FakeWeCom
) -> None:
    restoring.after_restore(share.campaign.county, by=None, at=wecom.now)
    _look(share, wecom)
    assert share.state == State.UNSURE
    _look(share, wecom)

    assert share.state == State.WAITING
    assert share.due_at is not None
    assert share.due_at < wecom.now + timedelta(minutes=1)
