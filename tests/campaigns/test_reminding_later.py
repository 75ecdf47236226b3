"""Reminders that go by themselves at the times somebody chose."""

from datetime import datetime, timedelta

import pytest

from weijing.accounts.models import Officer, RoleGrant
from weijing.audit.models import AuditEntry
from weijing.campaigns import reminding, reminding_later
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.stopping import NotRunning
from weijing.core.errors import PermissionDenied

HOUR = timedelta(hours=1)


@pytest.fixture
def running(share: Share, at: datetime) -> Campaign:
    """The officer has been asked and has not confirmed."""
    Share.objects.filter(pk=share.pk).update(state="asked", msgid="m", asked_at=at, due_at=None)
    return share.campaign


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def test_a_chosen_reminder_goes_once_at_its_time(
    running: Campaign, author: Officer, at: datetime
) -> None:
    reminding_later.plan(running, by=author, at=at, when=[at + 2 * HOUR, at + HOUR])
    assert reminding_later.planned(fresh(running)) == [at + HOUR, at + 2 * HOUR]
    assert reminding_later.counties() == [running.county_id]
    county = running.county_id
    assert reminding_later.remind_due(county, at=at + HOUR - timedelta(seconds=1)) == 0
    assert reminding_later.remind_due(county, at=at + HOUR) == 1
    assert reminding_later.remind_due(county, at=at + HOUR) == 0
    assert reminding_later.planned(fresh(running)) == [at + 2 * HOUR]
    assert reminding.given(fresh(running)) == [(at + HOUR).isoformat()]
    entry = AuditEntry.objects.get(action="campaign.reminded")
    assert (entry.actor, entry.details["officers"]) == (author, 1)


def test_a_reminder_at_once_leaves_the_planned_ones(
    running: Campaign, author: Officer, at: datetime
) -> None:
    reminding_later.plan(running, by=author, at=at, when=[at + HOUR])
    reminding.remind(running, by=author, at=at)
    assert reminding_later.planned(fresh(running)) == [at + HOUR]
    assert reminding.reminders_left(fresh(running), at=at) == 2


def test_new_times_stand_instead_of_the_old_and_none_takes_them_back(
    running: Campaign, author: Officer, at: datetime
) -> None:
    for when in ([at + HOUR], [at + 2 * HOUR], []):
        reminding_later.plan(running, by=author, at=at, when=when)
        assert reminding_later.planned(fresh(running)) == when
    assert reminding_later.counties() == []


def test_three_in_a_day_is_the_most(running: Campaign, author: Officer, at: datetime) -> None:
    reminding.remind(running, by=author, at=at)
    when = [at + n * HOUR for n in (1, 2, 3)]
    with pytest.raises(reminding.RemindedEnough):
        reminding_later.plan(fresh(running), by=author, at=at, when=when)
    reminding_later.plan(fresh(running), by=author, at=at, when=when[:2])
    assert len(reminding_later.planned(fresh(running))) == 2


@pytest.mark.parametrize("hours", [0, -1, 12, 24, 30])
def test_past_times_nights_and_what_lies_beyond_the_end_are_refused(
    running: Campaign, author: Officer, at: datetime, hours: int
) -> None:
    with pytest.raises(reminding_later.BadReminder):
        reminding_later.plan(running, by=author, at=at, when=[at + hours * HOUR])
    assert fresh(running).reminders == []


def test_when_nobody_waits_any_more_none_is_given_or_used_up(
    running: Campaign, author: Officer, at: datetime
) -> None:
    reminding_later.plan(running, by=author, at=at, when=[at + HOUR])
    Share.objects.update(state="confirmed", confirmed_at=at)
    assert reminding_later.remind_due(running.county_id, at=at + HOUR) == 0
    assert fresh(running).reminders == []
    skipped = AuditEntry.objects.get(action="campaign.reminder_skipped")
    assert skipped.details == {"because": "NobodyWaits"}


def test_whoever_lost_the_right_meanwhile_reminds_nobody(
    running: Campaign, author: Officer, at: datetime
) -> None:
    reminding_later.plan(running, by=author, at=at, when=[at + HOUR])
    RoleGrant.objects.filter(officer=author).update(ended_at=at)
    assert reminding_later.remind_due(running.county_id, at=at + HOUR) == 0
    assert not AuditEntry.objects.filter(action="campaign.reminded").exists()


def test_a_message_that_is_over_plans_and_gives_none(
    running: Campaign, author: Officer, at: datetime
) -> None:
    reminding_later.plan(running, by=author, at=at, when=[at + HOUR])
    Campaign.objects.update(state="cancelled", ended_at=at)
    assert reminding_later.remind_due(running.county_id, at=at + HOUR) == 0
    with pytest.raises(NotRunning):
        reminding_later.plan(running, by=author, at=at, when=[at + HOUR])


def test_only_who_may_remind_plans(running: Campaign, officer: Officer, at: datetime) -> None:
    with pytest.raises(PermissionDenied):
        reminding_later.plan(running, by=officer, at=at, when=[at + HOUR])
