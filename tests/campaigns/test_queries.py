from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from django.db.models import F

from tests.builders import make_officer
from tests.campaigns.fake_wecom import FakeWeCom
from wecom_api.group_messages import SendResult
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.campaigns import by_officer, lapsing, policies, queries, receipts, sweeping, tasks
from weijing.campaigns.attending import attend
from weijing.campaigns.commands import campaigns as command
from weijing.campaigns.models import Campaign, CampaignPause, Share
from weijing.campaigns.moving import LIVE, STEPS, move
from weijing.core import env
from weijing.residents.models import Resident
from weijing.territory.models import County, Station

State = Share.State


def step(share: Share, wecom: FakeWeCom) -> Share:
    attend(share.county_id, share.pk, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    share.refresh_from_db()
    return share


def test_progress_counts_people_by_result(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    step(share, wecom)
    wecom.confirm("msg0")
    step(share, wecom)
    mixed = [
        SendResult("luo", status, f"wm{p.pk}", send_time=int(wecom.now.timestamp()))
        for status, p in zip((1, 2, 3), people, strict=True)
    ]
    receipts.take_results(share, mixed, at=wecom.now)

    found = queries.progress(share.campaign)
    assert found.results == {
        "pending": 0, "sent": 1, "not_friend": 1, "over_quota": 1, "unusable": 0, "withdrawn": 0
    }  # fmt: skip
    assert (found.officers, found.officers_confirmed, found.done_percent) == (1, 1, 100.0)
    [row] = by_officer.by_station([share])
    assert (row.name, row.progress.sent) == ("小沙江派出所", 1)


def test_people_the_officer_left_out_stay_unsent_and_it_ends(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    step(share, wecom)
    wecom.confirm("msg0")
    step(share, wecom)
    Share.objects.filter(pk=share.pk).update(state=State.CONFIRMED, ended_at=None)
    share.refresh_from_db()
    assert share.confirmed_at is not None
    late = share.confirmed_at + receipts.RESULTS_WITHIN
    Share.objects.get(pk=share.pk).deliveries.update(result="pending", sent_at=None)
    results = [SendResult("luo", n == 0, f"wm{person.pk}") for n, person in enumerate(people)]
    receipts.take_results(share, results, at=late)
    assert (share.state, share.results) == (State.FINISHED, {"pending": 2, "sent": 1})


def test_people_of_a_lost_fail_list_end_as_unusable(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    step(share, wecom)
    wecom.confirm("msg0")
    Share.objects.filter(pk=share.pk).update(state=State.CONFIRMED, confirmed_at=wecom.now)
    share.refresh_from_db()
    late = wecom.now + receipts.RESULTS_WITHIN
    listed = [SendResult("luo", 1, f"wm{people[0].pk}"), SendResult("luo", 0, f"wm{people[1].pk}")]
    receipts.take_results(share, listed, at=late)
    assert share.results == {"sent": 1, "pending": 1, "unusable": 1}


def test_an_officer_sees_what_waits_for_them(
    share: Share, wecom: FakeWeCom, officer: Officer, second_officer: Officer
) -> None:
    step(share, wecom)
    assert list(queries.waiting_for(officer)) == [share]
    assert list(queries.waiting_for(second_officer)) == []
    assert list(queries.shares_of(officer, share.campaign.number)) == [share]


def test_everyone_sees_the_campaigns_that_concern_them(
    share: Share, county: County, officer: Officer, second_officer: Officer, author: Officer,
    at: datetime,
) -> None:  # fmt: skip
    admin = make_officer(county, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    desk = {
        name: make_officer(county, name, Role.STATION_COMMAND, station=Station.objects.get(name=n))
        for name, n in (("near", "小沙江派出所"), ("far", "金石桥派出所"))
    }

    def sees(who: Officer) -> bool:
        return queries.running(scope_of(who, at=at)).exists()

    assert [sees(w) for w in (author, officer, desk["near"])] == [True, True, True]
    assert [sees(w) for w in (second_officer, desk["far"], admin)] == [False, False, False]
    assert not policies.can_stop(admin, share.campaign, at=at)


def test_a_share_without_a_time_is_found_by_the_second_sweep(share: Share, at: datetime) -> None:
    Share.objects.update(due_at=None)
    assert sweeping.take_due(share.county_id, at=at).share_ids == []
    assert sweeping.find_forgotten(share.county_id, at=at) == 1
    assert sweeping.take_due(share.county_id, at=at).share_ids == [share.pk]


def test_a_job_that_dies_gives_its_share_back_after_a_minute(share: Share, at: datetime) -> None:
    assert sweeping.take_due(share.county_id, at=at).share_ids == [share.pk]
    assert sweeping.take_due(share.county_id, at=at).share_ids == []
    later = at + sweeping.LEASE
    assert sweeping.take_due(share.county_id, at=later).share_ids == [share.pk]


def test_the_sweep_puts_jobs_into_the_queue(share: Share, at: datetime) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    assert sweeping.hand_out(share.county_id, at=at) == 1
    job = ProcrastinateJob.objects.get(task_name="campaigns.attend")
    assert job.args == {"county_id": share.county_id, "share_id": share.pk}
    assert tasks.attend.name == "campaigns.attend"
    assert sweeping.counties_with_work() == [share.county_id]


def test_time_runs_out_for_every_unconfirmed_state(share: Share, at: datetime) -> None:
    end = at + timedelta(hours=24)
    for state in ("waiting", "asking", "unsure", "asked", "confirmed"):
        Share.objects.update(state=state, stop="", msgid="m", due_at=None)
        assert lapsing.lapse(share.county_id, at=end - timedelta(seconds=1)) == 0
        assert lapsing.lapse(share.county_id, at=end) == (state != "confirmed")


def test_every_waiting_state_has_a_way_out(share: Share) -> None:
    reached: set[str] = set()
    for state in LIVE:
        reached |= STEPS[state]
        assert STEPS[state] - {state}
    assert reached == set(State.values)
    with pytest.raises(ValueError, match="does not go"):
        move(share, State.WAITING, to=State.FINISHED)


def test_the_kill_switch_works_from_the_command_line(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env.environment(), "county", county.code)
    run = CliRunner().invoke
    assert run(command, ["pause", "--reason", "演练"]).exit_code == 0
    assert CampaignPause.objects.get(county=county).reason == "演练"
    assert "PAUSED" in run(command, ["status"]).output
    assert "Resumed" in run(command, ["resume"]).output
    assert "not paused" in run(command, ["resume"]).output
    assert Campaign.objects.count() == 0


def test_results_come_in_however_many_wait_to_be_asked_for(
    share: Share, second_officer: Officer, at: datetime
) -> None:
    rows = [
        Share(county=second_officer.county, campaign=share.campaign, officer=second_officer,
              part=part, code=f"{part:05}", people=1, due_at=at - timedelta(hours=1))
        for part in range(20)
    ]  # fmt: skip
    Share.objects.bulk_create(rows)
    Share.objects.filter(pk=share.pk).update(state=State.ASKED, msgid="m", due_at=at)
    taken = sweeping.take_due(share.county_id, at=at, limit=10).share_ids
    assert len(taken) == 10
    assert share.pk in taken
    Share.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=State.CONFIRMED, msgid=F("code"), due_at=at
    )
    later = at + sweeping.LEASE
    Share.objects.filter(pk=share.pk).update(state=State.WAITING, msgid=None, due_at=later)
    taken = sweeping.take_due(share.county_id, at=later, limit=10).share_ids
    assert len(taken) == 10
    assert taken[0] == share.pk
