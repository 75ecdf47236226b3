"""An officer leaves people out in WeCom; why is noted here, before or afterwards."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.campaigns.fake_wecom import FakeWeCom
from wecom_api.group_messages import SendResult
from weijing.accounts.models import Officer
from weijing.audit.models import AuditEntry
from weijing.campaigns import asking, deselecting, receipts
from weijing.campaigns.models import Campaign, Delivery, Deselection, Share
from weijing.campaigns.reasons import why

State = Share.State


@pytest.fixture
def asked(share: Share, wecom: FakeWeCom) -> Share:
    asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    share.refresh_from_db()
    return share


def people_of(share: Share) -> list[int]:
    return list(share.deliveries.order_by("pk").values_list("pk", flat=True))


def note(
    share: Share, ids: list[int], *, by: Officer, reason: str = "told", words: str = ""
) -> int:
    assert share.asked_at is not None
    return deselecting.note(share.campaign, ids, reason=reason, words=words, by=by,
                            at=share.asked_at)  # fmt: skip


def came_back(share: Share, statuses: dict[int, int], at: datetime) -> None:
    """The officer has sent; WeCom says so of each delivery."""
    Share.objects.filter(pk=share.pk).update(state=State.CONFIRMED, confirmed_at=at)
    share.refresh_from_db()
    rows = Delivery.objects.in_bulk(list(statuses))
    receipts.take_results(
        share,
        [SendResult("luo", status, rows[pk].external_userid) for pk, status in statuses.items()],
        at=at + timedelta(hours=25),
    )
    share.refresh_from_db()


def reason_of(pk: int) -> str:
    delivery = Delivery.objects.select_related("share").get(pk=pk)
    return why(delivery, deselecting.reasons_of(delivery.county_id, [pk]).get(pk, ""))


def test_wecom_lets_the_officer_untick_people_but_not_when_life_is_in_danger(
    share: Share, wecom: FakeWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = []
    add = wecom.add_msg_template

    def watched(*, allow_select: bool, **call: object) -> object:
        allowed.append(allow_select)
        return add(**call)  # type: ignore[arg-type]

    monkeypatch.setattr(wecom, "add_msg_template", watched)
    for urgent in (False, True):
        Campaign.objects.update(is_urgent=urgent)
        Share.objects.update(state=State.WAITING, msgid=None)
        asking.ask(share, wecom=wecom, at=wecom.now, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    assert allowed == [True, False]


def test_a_reason_noted_before_stands_beside_the_result(asked: Share, officer: Officer) -> None:
    one, two, three = people_of(asked)
    assert note(asked, [one], by=officer, reason="moved", words="去了长沙") == 1
    assert reason_of(one) == "民辅警说不发：已搬走（去了长沙）"
    assert asked.asked_at is not None
    came_back(asked, {one: 0, two: 1, three: 1}, asked.asked_at)
    assert asked.state == State.FINISHED
    assert reason_of(one) == "民辅警没有勾选：已搬走（去了长沙）"
    assert deselecting.unexplained([asked]) == 0
    assert AuditEntry.objects.get(action="share.deselected").details == {
        "people": 1,
        "reason": "moved",
    }


def test_who_was_left_out_without_a_word_is_asked_for_afterwards(
    asked: Share, officer: Officer
) -> None:
    one, two, three = people_of(asked)
    assert deselecting.unexplained([asked]) == 0  # not sent yet: nobody is left out
    assert asked.asked_at is not None
    came_back(asked, {one: 0, two: 0, three: 1}, asked.asked_at)
    assert deselecting.unexplained([asked]) == 2
    assert {row.pk for row in deselecting.unsent([asked])} == {one, two}
    note(asked, [one, two, three], by=officer)  # of whom one has it
    assert deselecting.unexplained([asked]) == 0
    assert reason_of(three) == ""
    with pytest.raises(deselecting.NobodyLeftOut):
        note(asked, [three], by=officer)


def test_a_note_without_unticking_in_wecom_hides_nothing(asked: Share, officer: Officer) -> None:
    one, two, three = people_of(asked)
    note(asked, [one], by=officer)
    assert asked.asked_at is not None
    came_back(asked, {one: 1, two: 1, three: 1}, asked.asked_at)
    assert "没取消勾选" in reason_of(one)


def test_a_second_note_takes_the_place_of_the_first_and_may_be_taken_back(
    asked: Share, officer: Officer, at: datetime
) -> None:
    one, *_ = people_of(asked)
    note(asked, [one], by=officer)
    note(asked, [one], by=officer, reason="unfit")
    assert Deselection.objects.get().reason == "unfit"
    assert deselecting.take_back(asked.campaign, [one], by=officer, at=at) == 1
    assert not Deselection.objects.exists()
    assert reason_of(one) == "民辅警还没确认"


@pytest.mark.parametrize(("reason", "words"), [("", ""), ("other", " \0 "), ("because", "x")])
def test_nobody_is_left_out_without_a_reason(
    asked: Share, officer: Officer, reason: str, words: str
) -> None:
    with pytest.raises(deselecting.NoReason):
        note(asked, people_of(asked), by=officer, reason=reason, words=words)
    with pytest.raises(deselecting.NoReason):
        note(asked, [], by=officer)


def test_another_officer_leaves_out_nobody_of_mine(
    asked: Share, second_officer: Officer, at: datetime
) -> None:
    with pytest.raises(deselecting.NobodyLeftOut):
        note(asked, people_of(asked), by=second_officer)
    assert deselecting.take_back(asked.campaign, people_of(asked), by=second_officer, at=at) == 0


@pytest.mark.parametrize("state", [State.WAITING, State.CANCELLED, State.LAPSED, State.REFUSED])
def test_of_a_task_that_nobody_can_send_nobody_is_left_out(
    asked: Share, officer: Officer, state: str
) -> None:
    Share.objects.update(state=state)
    with pytest.raises(deselecting.NobodyLeftOut):
        note(asked, people_of(asked), by=officer)


def test_the_database_keeps_one_reason_a_person(asked: Share, officer: Officer) -> None:
    note(asked, people_of(asked)[:1], by=officer)
    first = Deselection.objects.get()
    first.pk += 1
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save(force_insert=True)
