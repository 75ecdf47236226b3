"""Hundreds of fault schedules: nobody is asked twice, nobody is forgotten.

`WEIJING_SEEDS=10000 pytest tests/campaigns/test_fault_schedules.py` for a long run.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from tests.builders import beat_of, division, make_contact, make_resident
from tests.campaigns.conftest import BODY, EVERYONE
from tests.campaigns.fake_wecom import FakeWeCom
from tests.campaigns.fault_schedules import HARSH, Crashes, Scheduler, Verdict, run
from weijing.accounts.models import Officer
from weijing.campaigns import approving, asking, backoff, drafting
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.moving import State, move
from weijing.residents.models import Resident
from weijing.territory.models import County

SEEDS = int(os.environ.get("WEIJING_SEEDS", "300"))
# Far more than a planted bug needs: the search ends at the first schedule that shows it.
CONTROL_SEEDS = 1_000


@pytest.fixture
def two_shares(
    county: County, author: Officer, approver: Officer, officer: Officer,
    second_officer: Officer, people: list[Resident], at: datetime,
) -> Campaign:  # fmt: skip
    assert beat_of(county, "小沙江镇", "红星村")
    place = division(county, "小沙江镇", "红星村", "1组")
    make_contact(second_officer, make_resident(place, "阳一", consents=("publicity",)))
    campaign = drafting.draft(
        by=author, at=at, title="题", body=BODY, audience=EVERYONE, confirm_hours=168
    )
    drafting.submit(campaign, by=author, at=at, count_seen=4)
    approving.release(campaign, by=approver, at=at)
    campaign.refresh_from_db()
    return campaign


def test_nobody_is_asked_twice_and_nobody_is_forgotten(two_shares: Campaign) -> None:
    verdicts = [run(two_shares, seed) for seed in range(SEEDS)]

    assert [v for v in verdicts if v.duplicated] == []
    assert [v for v in verdicts if v.lost] == []
    # The schedules do what they say: without these the two lines above would prove nothing.
    assert sum(v.steps > 4 for v in verdicts) > SEEDS / 4
    assert all(set(v.states) == {State.ASKED} for v in verdicts)


def controls(campaign: Campaign, **faults: Any) -> Iterator[Verdict]:
    return (run(campaign, seed, faults=replace(HARSH, **faults)) for seed in range(CONTROL_SEEDS))


class TestPlantedBugsAreCaught:
    """A check that cannot fail proves nothing."""

    def test_asking_again_after_an_error(
        self, two_shares: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ask_again(intent: asking.Intent) -> None:
            move(intent.share, State.ASKING, to=State.WAITING, due_at=intent.share.intent_at)

        monkeypatch.setattr(asking, "_become_unsure", ask_again)
        assert any(v.duplicated for v in controls(two_shares))

    def test_marking_before_sending(
        self, two_shares: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def believe(share: Share) -> None:
            move(share, State.ASKING, to=State.ASKED, msgid=f"believed-{share.pk}")

        monkeypatch.setattr(asking, "_become_unsure", lambda intent: believe(intent.share))
        monkeypatch.setattr(
            asking, "give_up_waiting_for_worker", lambda share, *, at: believe(share)
        )
        assert any(v.lost for v in controls(two_shares))

    def test_looking_before_the_list_can_show_it(
        self, two_shares: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(backoff, "first_look", lambda share: share.deadline_at)
        monkeypatch.setattr(backoff, "between_looks", lambda: timedelta(seconds=1))
        assert any(v.duplicated for v in controls(two_shares, longest_list_lag_seconds=900))

    def test_calling_without_a_deadline(
        self, two_shares: Campaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asking, "CALL_WITHIN_SECONDS", 1e9)
        verdicts = controls(two_shares, pause=0.5, longest_pause_seconds=5_000)
        assert any(v.duplicated for v in verdicts)


def story(campaign: Campaign, crashes: Crashes) -> tuple[FakeWeCom, list[str]]:
    """Asked, confirmed, counted, with a worker that dies where `crashes` says."""
    assert campaign.released_at is not None
    wecom = FakeWeCom(campaign.released_at)
    wecom.boundary = crashes.boundary
    scheduler = Scheduler(County.objects.get(pk=campaign.county_id), wecom, crashes)
    for _ in range(60):
        shares = Share.objects.filter(campaign=campaign)
        if all(share.state == State.FINISHED for share in shares):
            break
        for task in wecom.tasks:
            wecom.confirm(task.msgid)
        scheduler.to_the_next_due_time(campaign)
        scheduler.tick()
    return wecom, sorted(share.state for share in Share.objects.filter(campaign=campaign))


def boundaries(campaign: Campaign) -> int:
    """How many there are when nothing goes wrong."""
    crashes = Crashes()
    with transaction.atomic():
        story(campaign, crashes)
        transaction.set_rollback(True)
    return crashes.seen


def crash_at(campaign: Campaign, *numbers: int) -> tuple[list[int], list[str]]:
    """Tasks made per share, and the states at the end; rolled back."""
    with transaction.atomic():
        wecom, states = story(campaign, Crashes(at=set(numbers)))
        codes = Share.objects.filter(campaign=campaign).values_list("code", flat=True)
        tasks = [sum(code in t.text for t in wecom.tasks) for code in codes]
        transaction.set_rollback(True)
    return tasks, states


def test_a_crash_at_any_boundary_asks_once_and_finishes(share: Share) -> None:
    campaign = share.campaign
    total = boundaries(campaign)
    assert total >= 18

    for number in range(1, total + 1):
        assert crash_at(campaign, number) == ([1], ["finished"]), f"boundary {number}"


def test_two_crashes_on_the_way_to_wecom_ask_once(share: Share) -> None:
    campaign = share.campaign
    for first in range(1, 11):
        for second in range(first + 1, first + 11):
            found = crash_at(campaign, first, second)
            assert found == ([1], ["finished"]), f"boundaries {first}, {second}"
