import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections

from tests.campaigns.conftest import BODY
from tests.campaigns.fake_wecom import MISCONFIGURED, UNAVAILABLE, FakeWeCom, ReplyLost
from wecom_api import Rejected, Throttled
from wecom_api.errors import NobodyToSendTo
from weijing.accounts.models import Officer
from weijing.campaigns import approving, asking, pausing, sweeping
from weijing.campaigns.attending import attend
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.residents.models import Resident
from weijing.territory.models import County


def ask(share: Share, wecom: FakeWeCom) -> Share:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    share.refresh_from_db()
    return share


def test_the_officer_is_asked_with_the_reference_in_the_text(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    ask(share, wecom)

    [task] = wecom.tasks
    assert task.text == f"{BODY}\n〔隆警{share.code}〕"
    assert task.sender == "luo"
    assert sorted(task.external_userids) == sorted(f"wm{p.pk}" for p in people)
    assert (share.state, share.msgid, share.attempt) == (Share.State.ASKED, task.msgid, 1)


def test_asking_again_makes_no_second_call(share: Share, wecom: FakeWeCom) -> None:
    ask(share, wecom)
    ask(share, wecom)
    assert wecom.add_calls == 1


def test_a_lost_answer_is_not_asked_again(share: Share, wecom: FakeWeCom) -> None:
    wecom.answer_with = [ReplyLost()]
    ask(share, wecom)
    ask(share, wecom)

    assert share.state == Share.State.UNSURE
    assert wecom.add_calls == 1


@pytest.mark.parametrize("error", [UNAVAILABLE, Throttled(errcode=45009, retry_after_seconds=60)])
def test_what_certainly_did_not_happen_is_tried_later(
    share: Share, wecom: FakeWeCom, error: Exception
) -> None:
    wecom.answer_with = [error]
    ask(share, wecom)
    assert share.state == Share.State.WAITING
    assert share.due_at is not None
    assert share.due_at > wecom.now
    if isinstance(error, Throttled):
        assert share.due_at >= wecom.now + timedelta(seconds=60)
    ask(share, wecom)
    assert (share.state, share.failures, share.note) == (Share.State.ASKED, 0, "")


def test_five_failures_show_it_to_a_person_and_it_goes_on_by_itself(
    share: Share, wecom: FakeWeCom
) -> None:
    wecom.answer_with = [UNAVAILABLE] * 5
    for _ in range(4):
        assert not ask(share, wecom).needs_person
    assert ask(share, wecom).needs_person
    assert share.due_at is not None

    ask(share, wecom)
    assert (share.state, share.needs_person) == (Share.State.ASKED, False)


def test_a_wrong_secret_waits_and_says_so(share: Share, wecom: FakeWeCom) -> None:
    wecom.answer_with = [MISCONFIGURED]
    ask(share, wecom)
    assert share.state == Share.State.WAITING
    assert share.needs_person
    assert "48002" in share.note
    assert share.due_at is not None


def test_a_refusal_ends_the_share_with_its_code(share: Share, wecom: FakeWeCom) -> None:
    wecom.answer_with = [Rejected(errcode=40201)]
    ask(share, wecom)
    assert (share.state, share.due_at, share.needs_person) == (Share.State.REFUSED, None, True)
    assert "40201" in share.note


def test_people_whom_wecom_cannot_reach_get_that_result(share: Share, wecom: FakeWeCom) -> None:
    wecom.answer_with = [NobodyToSendTo(errcode=41048)]
    ask(share, wecom)
    assert share.results == {"unusable": 3}


def test_a_bug_while_asking_leaves_the_share_to_be_looked_for(
    share: Share, wecom: FakeWeCom
) -> None:
    wecom.answer_with = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        ask(share, wecom)
    share.refresh_from_db()
    assert share.state == Share.State.ASKING
    wecom.advance(21)
    attend(share.county_id, share.pk, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]
    share.refresh_from_db()
    assert share.state == Share.State.UNSURE


def test_a_worker_past_its_deadline_makes_no_call(share: Share, wecom: FakeWeCom) -> None:
    wecom.before_add = lambda: wecom.advance(21)
    ask(share, wecom)
    assert wecom.tasks == []
    assert share.state == Share.State.WAITING


def test_a_stale_worker_changes_nothing(share: Share, wecom: FakeWeCom, approver: Officer) -> None:
    """It stands still before its call while others give the share up and ask again."""

    def others() -> None:
        wecom.before_add = lambda: None
        wecom.advance(30)
        attend(share.county_id, share.pk, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]
        for _ in range(2):
            wecom.advance(1000)
            attend(share.county_id, share.pk, wecom=wecom, at=wecom.now)  # type: ignore[arg-type]
        attend(share.county_id, share.pk, wecom=wecom, at=wecom.now,  # type: ignore[arg-type]
               monotonic=wecom.monotonic)  # fmt: skip

    wecom.before_add = others
    ask(share, wecom)

    assert len(wecom.tasks) == 1
    assert (share.state, share.attempt, share.msgid) == (Share.State.ASKED, 2, "msg0")


def test_a_late_answer_settles_the_doubt(share: Share, wecom: FakeWeCom) -> None:
    wecom.answer_with = [ReplyLost()]
    ask(share, wecom)
    from wecom_api.group_messages import AddedMessage

    assert asking.asked(share, 1, AddedMessage("msg0"), at=wecom.now)
    share.refresh_from_db()
    assert share.state == Share.State.ASKED


def test_the_answer_to_an_earlier_attempt_is_refused(share: Share, wecom: FakeWeCom) -> None:
    from wecom_api.group_messages import AddedMessage

    ask(share, wecom)
    assert not asking.asked(share, 0, AddedMessage("another"), at=wecom.now)
    share.refresh_from_db()
    assert share.msgid == "msg0"


def test_who_opts_out_before_the_intent_never_receives(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    Resident.objects.filter(pk=people[0].pk).update(consents=["contact"])
    ask(share, wecom)
    assert f"wm{people[0].pk}" not in wecom.tasks[0].external_userids
    assert share.results == {"withdrawn": 1, "pending": 2}


def test_when_all_opt_out_nobody_is_asked(
    share: Share, wecom: FakeWeCom, people: list[Resident]
) -> None:
    Resident.objects.update(consents=[])
    ask(share, wecom)
    assert (share.state, wecom.add_calls) == (Share.State.CANCELLED, 0)


def test_a_paused_county_asks_nobody_and_goes_on_afterwards(
    share: Share, wecom: FakeWeCom, county: County, approver: Officer
) -> None:
    pausing.pause(county, by=approver, at=wecom.now, reason="演练")
    ask(share, wecom)
    assert (share.state, wecom.add_calls) == (Share.State.WAITING, 0)
    assert share.due_at == wecom.now

    pausing.resume(county, by=approver, at=wecom.now)
    assert ask(share, wecom).state == Share.State.ASKED


def test_after_the_last_hour_nobody_is_asked(share: Share, wecom: FakeWeCom) -> None:
    wecom.advance(25 * 3600)
    ask(share, wecom)
    assert (share.state, wecom.add_calls) == (Share.State.LAPSED, 0)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    @pytest.fixture
    def wecom(self, at: datetime) -> FakeWeCom:
        return FakeWeCom(at)

    def test_two_workers_make_one_call(self, share: Share, wecom: FakeWeCom) -> None:
        run_together(lambda: ask(Share.objects.get(pk=share.pk), wecom), times=4)
        share.refresh_from_db()
        assert (wecom.add_calls, share.state, share.attempt) == (1, Share.State.ASKED, 1)

    def test_two_sweeps_hand_a_share_out_once(
        self, share: Share, released: Campaign, at: datetime
    ) -> None:
        taken: list[int] = []
        run_together(
            lambda: taken.extend(sweeping.take_due(share.county_id, at=at).share_ids), times=4
        )
        assert taken == [share.pk]

    def test_taking_consent_back_waits_for_the_intent_or_wins(
        self, share: Share, wecom: FakeWeCom, people: list[Resident]
    ) -> None:
        """Whoever has taken it back before the intent commits does not receive."""
        resident = people[0]
        held, let_go = threading.Event(), threading.Event()
        withdrawn_at: list[bool] = []

        def take_back() -> None:
            held.wait(10)
            Resident.objects.filter(pk=resident.pk).update(consents=["contact"])
            withdrawn_at.append(let_go.is_set())
            connections.close_all()

        thread = threading.Thread(target=take_back)
        thread.start()
        original = asking._recipients

        def slow(share: Share) -> list[str]:
            found = original(share)
            held.set()
            thread.join(0.5)  # it cannot finish: our intent holds the row
            let_go.set()
            return found

        asking._recipients = slow
        try:
            ask(share, wecom)
        finally:
            asking._recipients = original
            thread.join()
        assert withdrawn_at == [True]  # after the intent: he was told "from the next one on"
        assert len(wecom.tasks[0].external_userids) == 3


def run_together(act: Callable[[], object], *, times: int) -> None:
    ready = threading.Barrier(times)
    errors: list[BaseException] = []

    def run() -> None:
        ready.wait()
        try:
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_release_and_its_deliveries_agree(released: Campaign, share: Share) -> None:
    assert Delivery.objects.filter(share=share, result="pending").count() == share.people
    assert approving  # the fixture went through the real release
