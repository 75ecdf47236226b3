"""The whole way over real HTTP, with a WeCom that loses, cuts, delays and refuses."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.builders import division, make_contact, make_resident
from tests.campaigns.conftest import BODY, EVERYONE
from tests.campaigns.over_http import Stage, client, people_known_to
from tests.wecom_simulator.running import Simulator
from wecom_simulator.settings import Settings
from weijing.accounts.models import Officer
from weijing.campaigns import (
    approving,
    drafting,
    duplicates,
    notifying,
    queries,
    reminding,
    stopping,
)
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.residents.models import Contact, Resident
from weijing.territory.models import County

State = Share.State
ASK = "externalcontact/add_msg_template"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("wecom"), "--clock", "frozen=2026-11-24T10:00")
    yield one
    one.stop()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    """One process for all tests; each begins the day after, so that none sees another's tasks."""
    process.admin("settings", **asdict(Settings()))
    process.admin("faults", "DELETE")
    process.admin("calls", "DELETE")
    process.advance(26 * 3600)
    return process


@pytest.fixture
def stage(simulator: Simulator, county: County, configure: Callable[..., None]) -> Stage:
    configure(wecom_list_lag_seconds=60)
    return Stage(simulator, county, client(simulator))


@pytest.fixture
def at(simulator: Simulator) -> datetime:
    return Stage(simulator, None, None).now  # type: ignore[arg-type]


@pytest.fixture
def ready(stage: Stage, share: Share) -> Share:
    """Released; the simulator knows the same officers and people."""
    people_known_to(stage.simulator, stage.county)
    return share


def test_from_release_to_the_last_result(
    stage: Stage, county: County, author: Officer, approver: Officer, officer: Officer,
    second_officer: Officer, people: list[Resident],
) -> None:  # fmt: skip
    place = division(county, "小沙江镇", "红星村", "1组")
    others = [make_resident(place, f"阳{n}", consents=("publicity",)) for n in range(4)]
    for other in others:
        make_contact(second_officer, other)
    people_known_to(stage.simulator, county)
    at = stage.now
    campaign = drafting.draft(by=author, at=at, title="台风", body=BODY, audience=EVERYONE)
    drafting.submit(campaign, by=author, at=at, count_seen=7)
    approving.release(campaign, by=approver, at=at, at_any_hour=True)

    asked = stage.until(State.ASKED)
    stage.advance(10)  # WeCom dispatches
    gone = Contact.objects.get(identity__resident=others[0])
    stage.simulator.admin("acts/resident-deletes", userid="yang",
                          external_userid=gone.identity.external_userid)  # fmt: skip
    assert stage.confirm("yang") == {"messages": 1, "sent": 3, "not_a_friend": 1, "over_quota": 0}
    stage.confirm("luo")
    finished = stage.until(State.FINISHED)

    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.FINISHED
    assert [len(stage.messages(s)) for s in asked] == [1, 1]
    by_name = {s.officer.username: s.results for s in finished}
    assert by_name == {"luo": {"sent": 3}, "yang": {"sent": 3, "not_friend": 1}}
    truth = {
        r["external_userid"]: r["result"]
        for s in finished
        for r in stage.simulator.truth(f"mass/{s.msgid}")["recipients"]
    }
    ours = dict(Delivery.objects.values_list("external_userid", "result"))
    assert ours.keys() == truth.keys()
    assert ours[gone.identity.external_userid] == "not_friend"
    progress = queries.progress(campaign)
    assert (progress.sent, progress.people, progress.officers_confirmed) == (6, 7, 2)
    assert Delivery.objects.filter(result="sent", sent_at=None).count() == 0


def test_who_has_received_today_is_left_out_of_the_next(
    stage: Stage, ready: Share, author: Officer
) -> None:
    stage.until(State.ASKED)
    stage.advance(10)
    stage.confirm("luo")
    stage.until(State.FINISHED)
    from weijing.campaigns.reach import reach

    assert reach(EVERYONE, county_id=stage.county.pk, at=stage.now).left_out["received_today"] == 3
    tomorrow = stage.now + timedelta(days=1)
    assert reach(EVERYONE, county_id=stage.county.pk, at=tomorrow).reachable == 3


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "not_arrived"},
        {"kind": "arrived_no_reply"},
        {"kind": "cut_body"},
        {"kind": "html", "effect": True},
        {"kind": "http_500"},
        {"kind": "http_500", "effect": True},
        {"kind": "errcode", "errcode": -1},
        {"kind": "errcode", "errcode": -1, "effect": True},
        {"kind": "errcode", "errcode": 45009},
        {"kind": "errcode", "errcode": 45033},
        {"kind": "errcode", "errcode": 42001},
        {"kind": "errcode", "errcode": 40014},
        {"kind": "errcode", "errcode": 999_999, "effect": True},
        {"kind": "slow", "delay_seconds": 1.0},
        {"kind": "late_reply", "delay_seconds": 1.0},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_whatever_fails_the_officer_is_asked_exactly_once(
    stage: Stage, ready: Share, fault: dict[str, Any]
) -> None:
    stage.simulator.admin("faults", api=ASK, **fault)

    stage.tick()
    time.sleep(fault.get("delay_seconds", 0))  # what is late arrives while nobody listens
    [share] = stage.until(State.ASKED)

    assert stage.simulator.admin("faults", "GET")["faults"][0]["hits"] == 1
    assert [m["msgid"] for m in stage.messages(share)] == [share.msgid]
    stage.advance(10)
    assert stage.confirm("luo")["messages"] == 1
    [share] = stage.until(State.FINISHED)
    assert share.results == {"sent": 3}


def test_the_list_may_lag_and_answer_41063(stage: Stage, ready: Share) -> None:
    stage.simulator.admin("settings", list_lag_seconds=50.0)
    stage.simulator.admin("faults", api=ASK, kind="arrived_no_reply")
    stage.simulator.admin(
        "faults", api="externalcontact/get_groupmsg_list_v2", kind="errcode", errcode=41063,
        times=2,
    )  # fmt: skip
    [share] = stage.until(State.ASKED)
    assert [m["msgid"] for m in stage.messages(share)] == [share.msgid]


def test_wecom_that_is_away_for_an_hour_is_waited_for(stage: Stage, ready: Share) -> None:
    away = client(stage.simulator)
    stage.simulator.admin("faults", api="gettoken", kind="not_arrived", times=None)
    stage.wecom = away
    start = stage.now
    while stage.now < start + timedelta(hours=1):
        stage.advance(300)
        stage.tick()
    ready.refresh_from_db()
    assert (ready.state, ready.needs_person) == (State.WAITING, True)
    stage.simulator.admin("faults", "DELETE")
    [share] = stage.until(State.ASKED)
    assert (share.needs_person, len(stage.messages(share))) == (False, 1)


def test_what_is_not_confirmed_in_time_lapses_in_wecom_too(stage: Stage, ready: Share) -> None:
    [share] = stage.until(State.ASKED)
    stage.advance(25 * 3600)
    stage.until(State.LAPSED)
    stage.tick()

    assert stage.messages(share)[0]["cancelled"]
    assert stage.confirm("luo")["messages"] == 0
    campaign = Campaign.objects.get()
    assert campaign.state == Campaign.State.LAPSED
    assert Delivery.objects.filter(result="pending").count() == 3


def test_stopping_stops_who_has_not_confirmed(
    stage: Stage, ready: Share, approver: Officer, officer: Officer
) -> None:
    stage.until(State.ASKED)
    stage.advance(10)
    assert stopping.stop(ready.campaign, by=approver, at=stage.now) == 1
    with pytest.raises(stopping.NotRunning):
        stopping.stop(ready.campaign, by=approver, at=stage.now)
    stage.until(State.CANCELLED)
    assert stage.confirm("luo")["messages"] == 0


def test_an_officer_quicker_than_the_stop_has_sent(
    stage: Stage, ready: Share, approver: Officer
) -> None:
    stage.until(State.ASKED)
    stage.advance(10)
    stage.confirm("luo")
    stopping.stop(ready.campaign, by=approver, at=stage.now)
    [share] = stage.until(State.FINISHED)
    assert share.results == {"sent": 3}


def test_a_task_stopped_in_wecoms_own_console_ends(stage: Stage, ready: Share) -> None:
    [share] = stage.until(State.ASKED)
    stage.advance(10)
    assert share.msgid is not None
    stage.wecom.group_messages.cancel(share.msgid)
    [share] = stage.until(State.CANCELLED)
    assert "企业微信" in share.note


def test_three_reminders_a_day_reach_wecom(stage: Stage, ready: Share, author: Officer) -> None:
    stage.until(State.ASKED)
    stage.advance(10)
    for left in (3, 2, 1):
        ready.campaign.refresh_from_db()
        assert reminding.reminders_left(ready.campaign, at=stage.now) == left
        assert reminding.remind(ready.campaign, by=author, at=stage.now) == 1
        ready.campaign.refresh_from_db()
        reminding.remind_shares(ready.campaign, wecom=stage.wecom)
        reminding.remind_shares(ready.campaign, wecom=stage.wecom)  # the job ran twice
        stage.advance(60)
    with pytest.raises(reminding.RemindedEnough):
        reminding.remind(ready.campaign, by=author, at=stage.now)
    calls = stage.simulator.admin("calls", "GET")["calls"]
    assert calls["externalcontact/remind_groupmsg_send"] == {"0": 3}
    later = stage.now + timedelta(hours=24)
    assert reminding.reminders_left(ready.campaign, at=later) == 3


def test_a_duplicate_made_behind_our_back_is_cancelled(stage: Stage, ready: Share) -> None:
    [share] = stage.until(State.ASKED)
    stage.advance(5)
    text = stage.messages(share)[0]["text"]
    stage.wecom.group_messages.add_msg_template(
        sender="luo", external_userids=[f"wm{p.pk}" for p in Resident.objects.all()], text=text
    )
    stage.advance(10)
    assert duplicates.sweep(stage.county, wecom=stage.wecom, at=stage.now) == 1
    assert stage.confirm("luo")["messages"] == 1


def test_the_officer_gets_one_card(
    stage: Stage, ready: Share, configure: Callable[..., None]
) -> None:
    configure(public_url="https://weijing.example.gov.cn")
    [share] = stage.until(State.ASKED)
    notifying.notify(share, wecom=stage.wecom, at=stage.now)
    share.refresh_from_db()
    notifying.notify(share, wecom=stage.wecom, at=stage.now)
    assert share.notified_at is not None
    assert stage.simulator.admin("calls", "GET")["calls"]["message/send"] == {"0": 1}


def test_results_come_in_any_letter_case(stage: Stage, ready: Share) -> None:
    stage.simulator.admin("settings", lower_case_userids=True)
    Officer.objects.filter(pk=ready.officer_id).update(wecom_userid="LUO")
    stage.until(State.ASKED)
    stage.advance(10)
    stage.confirm("luo")
    [share] = stage.until(State.FINISHED)
    assert share.results == {"sent": 3}


def test_results_that_never_come_are_not_waited_for_longer_than_a_day(
    stage: Stage, ready: Share
) -> None:
    [share] = stage.until(State.ASKED)
    stage.advance(10)
    stage.confirm("luo")
    stage.simulator.admin(
        "faults", api="externalcontact/get_groupmsg_send_result", kind="errcode", errcode=-1,
        times=None,
    )  # fmt: skip
    confirmed_at = stage.now
    [share] = stage.until(State.FINISHED, ticks=500)
    assert share.results == {"pending": 3}
    assert timedelta(hours=24) <= stage.now - confirmed_at <= timedelta(hours=25)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_of_its_call_asks_once(stage: Stage, ready: Share) -> None:
    """kill -9 for real, with the request already under way."""
    stage.simulator.admin("faults", api=ASK, kind="late_reply", delay_seconds=3.0)
    script = (
        "import django; django.setup()\n"
        "from datetime import datetime\n"
        "from wecom_api import Transport, WeCom\n"
        "from weijing.campaigns.attending import attend\n"
        f"wecom = WeCom(corpid={stage.simulator.facts['corpid']!r},"
        f" secret={stage.simulator.facts['secret']!r},"
        f" agentid={stage.simulator.facts['agentid']!r},"
        f" transport=Transport({stage.simulator.facts['base_url']!r}, 10))\n"
        f"attend({stage.county.pk}, {ready.pk}, wecom=wecom,"
        f" at=datetime.fromisoformat({stage.now.isoformat()!r}))\n"
    )
    settings = connection.settings_dict
    url = (
        f"postgresql://{settings['USER']}:{settings['PASSWORD']}"
        f"@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "DATABASE_URL": url}
    )
    deadline = time.monotonic() + 30
    while not stage.messages(ready) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(10) == -signal.SIGKILL
    ready.refresh_from_db()
    assert (ready.state, ready.msgid) == (State.ASKING, None)

    [share] = stage.until(State.ASKED)
    assert [m["msgid"] for m in stage.messages(share)] == [share.msgid]
