from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.campaigns.fake_wecom import FakeWeCom, ReplyLost, Task
from wecom_api import Unanswered
from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.campaigns import backoff, duplicates, reconciling, stopping
from weijing.campaigns.attending import attend
from weijing.campaigns.models import Share, StrayTask
from weijing.core.errors import PermissionDenied
from weijing.territory.models import County

State = Share.State


@pytest.fixture
def unsure(share: Share, wecom: FakeWeCom) -> Share:
    """Asked, the task made, the answer lost."""
    wecom.answer_with = [ReplyLost()]
    return step(share, wecom)


@pytest.fixture
def nowhere(share: Share, wecom: FakeWeCom) -> Share:
    """Asked, no task made, no answer."""
    wecom.answer_with = [Unanswered()]
    return step(share, wecom)


def step(share: Share, wecom: FakeWeCom, seconds: float = 0) -> Share:
    wecom.advance(seconds)
    attend(share.county_id, share.pk, wecom=wecom, at=wecom.now,  # type: ignore[arg-type]
           monotonic=wecom.monotonic)  # fmt: skip
    share.refresh_from_db()
    return share


def wait_for_look(share: Share, wecom: FakeWeCom) -> Share:
    assert share.due_at is not None
    return step(share, wecom, max(0.0, (share.due_at - wecom.now).total_seconds()))


def test_the_first_look_waits_for_deadline_answer_and_list(unsure: Share) -> None:
    # 20 s for the request, 15 s for its answer, 600 s for the list
    assert unsure.intent_at is not None
    assert unsure.due_at == unsure.intent_at + timedelta(seconds=20 + 15 + 600)


def test_before_that_nobody_looks(unsure: Share, wecom: FakeWeCom) -> None:
    step(unsure, wecom, 600)
    assert wecom.list_calls == 0


def test_one_hit_is_adopted(unsure: Share, wecom: FakeWeCom) -> None:
    wait_for_look(unsure, wecom)
    assert (unsure.state, unsure.msgid, len(wecom.tasks)) == (State.ASKED, "msg0", 1)


def test_a_list_that_cannot_be_read_is_no_look(nowhere: Share, wecom: FakeWeCom) -> None:
    wecom.faults.list_fails = 1.0
    for _ in range(8):
        wait_for_look(nowhere, wecom)
    assert (nowhere.state, nowhere.looks) == (State.UNSURE, 0)
    assert nowhere.needs_person  # five failures are shown
    assert nowhere.due_at is not None


def test_two_empty_looks_five_minutes_apart_ask_again(nowhere: Share, wecom: FakeWeCom) -> None:
    wait_for_look(nowhere, wecom)
    first = wecom.now
    assert (nowhere.state, nowhere.looks) == (State.UNSURE, 1)
    step(nowhere, wecom, 60)  # too soon: does not count
    assert nowhere.looks == 1
    wait_for_look(nowhere, wecom)
    assert wecom.now >= first + timedelta(minutes=5)
    assert nowhere.state == State.WAITING
    assert wait_for_look(nowhere, wecom).state == State.ASKED
    assert len(wecom.tasks) == 1


def test_many_people_are_left_to_a_person(
    nowhere: Share, wecom: FakeWeCom, approver: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "SMALL", 2)
    wait_for_look(nowhere, wecom)
    wait_for_look(nowhere, wecom)
    assert (nowhere.state, nowhere.needs_person) == (State.UNSURE, True)
    assert wecom.add_calls == 1

    reconciling.decide_again(nowhere, by=approver, at=wecom.now)
    step(nowhere, wecom)
    assert (nowhere.state, nowhere.needs_person, len(wecom.tasks)) == (State.ASKED, False, 1)
    assert AuditEntry.objects.filter(action="share.decided_again", actor=approver).exists()


def test_a_person_may_give_up(
    nowhere: Share, wecom: FakeWeCom, author: Officer, officer: Officer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(reconciling, "SMALL", 2)
    with pytest.raises(reconciling.NothingToDecide):
        reconciling.decide_give_up(nowhere, by=author, at=wecom.now)
    wait_for_look(nowhere, wecom)
    wait_for_look(nowhere, wecom)
    with pytest.raises(PermissionDenied):
        reconciling.decide_give_up(nowhere, by=officer, at=wecom.now)
    reconciling.decide_give_up(nowhere, by=author, at=wecom.now)
    nowhere.refresh_from_db()
    assert (nowhere.state, nowhere.due_at) == (State.CANCELLED, None)


def test_while_a_person_thinks_a_late_task_is_still_found(
    unsure: Share, wecom: FakeWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "SMALL", 2)
    wecom.list_lag["msg0"] = 3600  # far beyond the bound
    for _ in range(2):
        wait_for_look(unsure, wecom)
    assert unsure.needs_person
    for _ in range(10):
        wait_for_look(unsure, wecom)
    assert (unsure.state, unsure.msgid, unsure.needs_person) == (State.ASKED, "msg0", False)


def test_of_two_the_older_stays_and_a_person_hears_of_it(unsure: Share, wecom: FakeWeCom) -> None:
    copy(wecom)
    wait_for_look(unsure, wecom)
    assert (unsure.msgid, unsure.needs_person) == ("msg0", True)
    assert [t.cancelled for t in wecom.tasks] == [False, True]
    assert StrayTask.objects.get().msgid == "msg1"


def test_of_two_the_one_already_sent_stays(unsure: Share, wecom: FakeWeCom) -> None:
    copy(wecom)
    wecom.confirm("msg1")
    wait_for_look(unsure, wecom)
    assert unsure.msgid == "msg1"
    assert [t.cancelled for t in wecom.tasks] == [True, False]


def test_a_task_of_another_sender_is_not_ours(unsure: Share, wecom: FakeWeCom) -> None:
    wecom.tasks[0].sender = "somebody"
    wait_for_look(unsure, wecom)
    assert (unsure.state, unsure.needs_person, unsure.msgid) == (State.UNSURE, True, None)


def test_spaces_in_the_reference_do_not_hide_it(unsure: Share, wecom: FakeWeCom) -> None:
    wecom.tasks[0].text = wecom.tasks[0].text.replace("隆警", " 隆警 ").replace("〕", " 〕")
    assert wait_for_look(unsure, wecom).state == State.ASKED


def copy(wecom: FakeWeCom, **changes: Any) -> Task:
    """A second task with the first one's words, a second later."""
    wecom.advance(1)
    first = wecom.tasks[0]
    new = Task(
        f"msg{len(wecom.tasks)}", first.sender, first.external_userids, first.text, wecom.now
    )
    for name, value in changes.items():
        setattr(new, name, value)
    wecom.tasks.append(new)
    return new


class TestDuplicateSweep:
    @pytest.fixture
    def sweep(self, county: County, wecom: FakeWeCom) -> Callable[[], int]:
        return lambda: duplicates.sweep(county, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]

    def test_a_second_task_is_cancelled_before_it_is_confirmed(
        self, share: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        step(share, wecom)
        copy(wecom)
        assert sweep() == 1
        assert [t.cancelled for t in wecom.tasks] == [False, True]
        share.refresh_from_db()
        assert share.needs_person
        assert sweep() == 0

    def test_a_code_we_do_not_know_is_cancelled(
        self, share: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        step(share, wecom)
        copy(wecom, text="别的\n〔隆警ZZZZZ〕")
        assert sweep() == 1
        assert StrayTask.objects.get().share is None

    def test_a_task_of_a_given_up_share_is_cancelled(
        self, unsure: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        Share.objects.update(state=State.CANCELLED, due_at=None, ended_at=wecom.now)
        assert sweep() == 1
        assert wecom.tasks[0].cancelled

    def test_a_task_that_turns_up_before_we_ask_again_is_adopted(
        self, unsure: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        Share.objects.update(state=State.WAITING)
        assert sweep() == 0
        unsure.refresh_from_db()
        assert (unsure.state, unsure.msgid) == (State.ASKED, "msg0")

    def test_a_share_in_doubt_is_left_to_its_own_look(
        self, unsure: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        assert sweep() == 0
        assert not wecom.tasks[0].cancelled

    def test_other_messages_of_the_corp_are_left_alone(
        self, share: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        step(share, wecom)
        copy(wecom, text="一条没有编号的通知")
        copy(wecom, text="邻县的〔武警7K2QM〕")
        assert sweep() == 0
        assert not any(t.cancelled for t in wecom.tasks)

    def test_what_was_sent_meanwhile_is_recorded_as_sent(
        self, share: Share, wecom: FakeWeCom, sweep: Callable[[], int]
    ) -> None:
        step(share, wecom)
        copy(wecom)
        wecom.confirm("msg1")
        sweep()
        stray = StrayTask.objects.get()
        assert (stray.was_sent, stray.cancelled_at) == (True, None)


def test_a_stopped_share_in_doubt_ends_after_two_empty_looks(
    nowhere: Share, wecom: FakeWeCom, approver: Officer, at: datetime
) -> None:
    stopping.stop(nowhere.campaign, by=approver, at=wecom.now)
    nowhere.refresh_from_db()
    for _ in range(2):
        step(nowhere, wecom, 1000)
    assert nowhere.state == State.CANCELLED


def test_a_stopped_share_ends_also_when_its_list_could_not_be_read_for_long(
    nowhere: Share, wecom: FakeWeCom, approver: Officer
) -> None:
    stopping.stop(nowhere.campaign, by=approver, at=wecom.now)
    nowhere.refresh_from_db()
    wecom.faults.list_fails = 1.0
    for _ in range(8):
        step(nowhere, wecom, 1000)
    assert nowhere.needs_person
    wecom.faults.list_fails = 0.0
    for _ in range(2):
        step(nowhere, wecom, 1000)
    assert (nowhere.state, nowhere.due_at) == (State.CANCELLED, None)


def test_a_stopped_share_that_is_found_is_cancelled_in_wecom(
    unsure: Share, wecom: FakeWeCom, approver: Officer
) -> None:
    stopping.stop(unsure.campaign, by=approver, at=wecom.now)
    unsure.refresh_from_db()
    step(unsure, wecom, 1000)
    assert unsure.state == State.ASKED
    step(unsure, wecom)
    assert (unsure.state, wecom.tasks[0].cancelled) == (State.CANCELLED, True)


def test_waiting_times_have_a_shortest_and_a_longest() -> None:
    now = datetime.fromisoformat("2026-11-24T02:00:00+00:00")
    assert backoff.next_poll(now, at=now) == now + timedelta(seconds=5)
    assert backoff.next_poll(now - timedelta(days=3), at=now) == now + timedelta(minutes=10)
    for failures in range(1, 60):
        assert now < backoff.after_failure(failures, at=now) <= now + timedelta(minutes=6)
