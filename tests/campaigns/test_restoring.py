"""After a restore our rows know less than WeCom: nobody may be asked for what was asked already."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from django.db import transaction

from tests.campaigns.fake_wecom import UNAVAILABLE, FakeWeCom
from wecom_api import Unavailable
from weijing.accounts.models import Officer
from weijing.campaigns import (
    approving,
    asking,
    backoff,
    pausing,
    reconciling,
    restoring,
    strays,
    sweeping,
)
from weijing.campaigns.commands import campaigns as command
from weijing.campaigns.models import Campaign, CampaignPause, Restore, Share, StrayTask
from weijing.campaigns.moving import State
from weijing.campaigns.ordering import repeating, scheduling
from weijing.core import env, line
from weijing.territory.models import County

LATER = timedelta(hours=4)


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


def _ask_everybody(wecom: FakeWeCom) -> None:
    for share in Share.objects.select_related("campaign", "officer"):
        asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]


def _all_hold(county: County, wecom: FakeWeCom) -> None:
    restoring.look(county, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]


@pytest.fixture
def gone_since_the_backup(
    submitted: Campaign, approver: Officer, wecom: FakeWeCom, at: datetime
) -> Callable[[bool], Campaign]:
    """Approved, gone out and asked for; then the database is as it was before that."""

    def go(is_scheduled: bool) -> Campaign:
        if is_scheduled:
            scheduling.schedule(submitted, by=approver, at=at, when=at + LATER)
            submitted.refresh_from_db()
        backup = transaction.savepoint()
        wecom.now = at + LATER
        if is_scheduled:
            scheduling.release_due(submitted.county_id, submitted.pk, at=wecom.now)
        else:
            approving.release(submitted, by=approver, at=wecom.now)
        _ask_everybody(wecom)
        transaction.savepoint_rollback(backup)
        submitted.refresh_from_db()
        assert (len(wecom.tasks), Share.objects.count()) == (1, 0)
        return submitted

    return go


def test_a_share_that_was_asked_for_since_the_backup_is_found_and_not_asked_again(
    share: Share, wecom: FakeWeCom
) -> None:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    _forgotten(share)
    wecom.advance(3600)

    assert restoring.after_restore(share.campaign.county, by=None, at=wecom.now).shares == 1
    share.refresh_from_db()
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    _look(share, wecom)

    assert len(wecom.tasks) == 1
    assert (share.state, share.msgid) == (State.ASKED, wecom.tasks[0].msgid)
    _all_hold(share.campaign.county, wecom)
    assert not StrayTask.objects.exists()  # its code is known


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


def test_a_scheduled_message_that_has_gone_out_does_not_go_by_itself_again(
    gone_since_the_backup: Callable[[bool], Campaign], wecom: FakeWeCom, county: County
) -> None:
    campaign = gone_since_the_backup(True)
    wecom.confirm(wecom.tasks[0].msgid)
    assert restoring.after_restore(county, by=None, at=wecom.now).schedules == 1
    wecom.advance(60)
    assert scheduling.due(county.pk, at=wecom.now) == []
    assert not scheduling.release_due(county.pk, campaign.pk, at=wecom.now)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.SUBMITTED
    assert "可能已经发出" in campaign.returned_reason
    assert not Share.objects.exists()


@pytest.mark.parametrize("is_scheduled", [True, False])
def test_who_approves_it_again_sees_that_it_has_gone_out(
    gone_since_the_backup: Callable[[bool], Campaign],
    is_scheduled: bool,
    wecom: FakeWeCom,
    county: County,
) -> None:
    campaign = gone_since_the_backup(is_scheduled)
    wecom.confirm(wecom.tasks[0].msgid)
    restoring.after_restore(county, by=None, at=wecom.now)
    campaign.refresh_from_db()
    assert "可能已经发出" in campaign.returned_reason
    wecom.advance(16 * 60)
    _all_hold(county, wecom)
    (found,) = repeating.forgotten(campaign, at=wecom.now)
    assert found.was_sent
    assert found.msgid == wecom.tasks[0].msgid


def test_what_officers_have_not_confirmed_yet_is_taken_back_in_wecom(
    gone_since_the_backup: Callable[[bool], Campaign], wecom: FakeWeCom, county: County
) -> None:
    gone_since_the_backup(True)
    restoring.after_restore(county, by=None, at=wecom.now)
    _all_hold(county, wecom)
    assert wecom.tasks[0].cancelled
    assert not StrayTask.objects.get().was_sent


def test_asking_goes_on_only_after_a_look_that_shows_everything(
    share: Share, wecom: FakeWeCom, county: County
) -> None:
    restoring.after_restore(county, by=None, at=wecom.now)
    assert pausing.is_paused(county.pk)
    _all_hold(county, wecom)  # too early: WeCom's list may lag
    with pytest.raises(pausing.NotLookedYet):
        pausing.resume(county, by=None, at=wecom.now)
    wecom.advance((backoff.doubt_lasts() + backoff.between_looks()).total_seconds())
    wecom.faults.list_fails = 1.0
    with pytest.raises(Unavailable):
        _all_hold(county, wecom)
    with pytest.raises(pausing.NotLookedYet):
        pausing.resume(county, by=None, at=wecom.now)
    wecom.faults.list_fails = 0.0
    _all_hold(county, wecom)
    assert pausing.resume(county, by=None, at=wecom.now)


def test_the_look_reaches_back_to_what_the_rows_know(
    gone_since_the_backup: Callable[[bool], Campaign], wecom: FakeWeCom, county: County
) -> None:
    """A backup of last week, restored today: WeCom's tasks of the whole week are looked at."""
    gone_since_the_backup(False)
    wecom.advance(6 * 24 * 3600)
    restoring.after_restore(county, by=None, at=wecom.now)
    _all_hold(county, wecom)
    assert StrayTask.objects.get().code


def test_an_earlier_pause_stays_and_needs_the_look_as_well(
    county: County, approver: Officer, wecom: FakeWeCom
) -> None:
    pausing.pause(county, by=approver, at=wecom.now, reason="核实")
    restoring.after_restore(county, by=None, at=wecom.now)
    assert CampaignPause.objects.get().reason == "核实"
    with pytest.raises(pausing.NotLookedYet):
        pausing.resume(county, by=approver, at=wecom.now)


def test_the_command_line_leads_through_it(
    gone_since_the_backup: Callable[[bool], Campaign],
    wecom: FakeWeCom,
    county: County,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone_since_the_backup(True)
    monkeypatch.setattr(env.environment(), "county", county.code)
    monkeypatch.setattr(line, "wecom", lambda county_id: wecom)
    monkeypatch.setattr("weijing.core.clock.now", lambda: wecom.now)
    run = CliRunner().invoke
    said = run(command, ["after-restore"]).output
    assert "1 scheduled messages wait for approval again" in said
    assert "1 tasks of ours in WeCom that no row knows" in said
    assert "台风将至" in run(command, ["strays"]).output
    assert "RESTORED" in run(command, ["status"]).output
    refused = run(command, ["resume"])
    assert (refused.exit_code, CampaignPause.objects.count()) == (1, 1)
    wecom.advance(16 * 60)
    _all_hold(county, wecom)
    assert "Resumed" in run(command, ["resume"]).output
    assert Restore.objects.get().looked_at == wecom.now


def test_wecom_may_be_down_when_the_backup_comes_back(
    county: County, wecom: FakeWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env.environment(), "county", county.code)

    def down(county_id: int) -> FakeWeCom:
        raise UNAVAILABLE

    monkeypatch.setattr(line, "wecom", down)
    run = CliRunner().invoke
    assert "could not be read" in run(command, ["after-restore"]).output
    assert pausing.is_paused(county.pk)
    assert run(command, ["resume"]).exit_code == 1
    assert "Resumed" in run(command, ["resume", "--without-look"]).output


def test_a_task_keeps_the_words_by_which_a_person_knows_it(
    share: Share, wecom: FakeWeCom, county: County
) -> None:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    text = wecom.tasks[0].text
    strays.cancel(county.pk, "msg0", code="22222", share=None, wecom=wecom, at=wecom.now,  # type: ignore[arg-type]
                  text=text)  # fmt: skip
    assert StrayTask.objects.get().text == text


def test_paused_shares_are_left_alone_and_all_due_when_asking_goes_on(
    share: Share, wecom: FakeWeCom, county: County
) -> None:
    pausing.pause(county, by=None, at=wecom.now, reason="核实")
    assert sweeping.take_due(county.pk, at=wecom.now).share_ids == []
    wecom.advance(3_600)
    assert sweeping.take_due(county.pk, at=wecom.now).share_ids == []
    pausing.resume(county, by=None, at=wecom.now)
    assert sweeping.take_due(county.pk, at=wecom.now).share_ids == [share.pk]
