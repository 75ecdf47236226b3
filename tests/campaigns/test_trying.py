"""试发: to the author's own WeCom, marked, never to a resident."""

from datetime import timedelta

import pytest

from tests.campaigns.fake_wecom import MISCONFIGURED, FakeWeCom
from tests.campaigns.over_http import client
from tests.campaigns.pictures import picture
from tests.wecom_simulator.running import Simulator
from weijing.campaigns import drafting
from weijing.campaigns.content import attaching, trying
from weijing.campaigns.content.models import TrialSend
from weijing.core.errors import PermissionDenied

pytestmark = pytest.mark.django_db


@pytest.fixture
def simulator(tmp_path):
    one = Simulator(tmp_path / "wecom")
    yield one
    one.stop()


def test_the_author_gets_words_and_pictures_in_their_own_wecom_and_nobody_else(
    draft, author, simulator, at
):
    simulator.member(author.wecom_userid)
    drafting.edit(draft, by=author, at=at, body="{民警姓名}提醒您" + "防汛" * 400)
    attaching.attach_file(draft, "路.png", picture("PNG"), by=author, at=at)
    attaching.attach_link(draft, title="要点", url="https://www.hunan.gov.cn/", description="",
                          by=author, at=at)  # fmt: skip
    trying.ask(draft, by=author, at=at)
    for _ in range(2):
        trial = TrialSend.objects.get()
        trying.send(trial, wecom=client(simulator, timeout_seconds=10), at=at)
    trial = TrialSend.objects.get()
    assert trial.sent_at == at and trial.problem == ""
    inbox = simulator.truth(f"inbox?userid={author.wecom_userid}")["messages"][::-1]
    said = "".join(one["content"].get("content", "") for one in inbox[:2])
    assert "试发" in said and f"{author.name}提醒您" in said and said.count("防汛") == 400
    assert [one["msgtype"] for one in inbox] == ["text", "text", "image", "text"]
    assert simulator.truth("mass")["messages"] == []


def test_a_file_that_wecom_does_not_have_is_named_with_its_own_problem(draft, author, at):
    attaching.attach_file(draft, "路.png", picture("PNG"), by=author, at=at)
    trying.ask(draft, by=author, at=at)
    wecom = FakeWeCom(at, media_answers=[MISCONFIGURED])
    trying.send(TrialSend.objects.get(), wecom=wecom, at=at)
    trial = TrialSend.objects.get()
    assert "路.png" in trial.problem
    assert "密钥或权限" in trial.problem
    assert trial.sent_at is None


def test_a_trial_that_came_to_nothing_says_so_and_does_not_arrive_hours_later(draft, author, at):
    trial = trying.ask(draft, by=author, at=at)
    assert trying.problem_of(trial, at=at + timedelta(minutes=4)) == ""
    late = at + timedelta(minutes=6)
    assert trying.problem_of(trial, at=late) == trying.NOT_REACHED
    wecom = FakeWeCom(late)
    trying.send(trial, wecom=wecom, at=late)
    trial.refresh_from_db()
    assert (trial.problem, wecom.cards) == (trying.NOT_REACHED, [])


def test_only_the_author_tries_and_not_without_end(draft, author, approver, at):
    with pytest.raises(PermissionDenied):
        trying.ask(draft, by=approver, at=at)
    for _ in range(trying.AT_MOST):
        trying.ask(draft, by=author, at=at)
    with pytest.raises(trying.CannotTry, match="一小时"):
        trying.ask(draft, by=author, at=at)


def test_who_has_no_wecom_is_told_so(draft, author, at):
    author.wecom_userid = ""
    with pytest.raises(trying.CannotTry, match="没有绑定"):
        trying.ask(draft, by=author, at=at)


def test_a_text_is_cut_between_characters():
    assert trying.pieces("字字a", 4) == ["字", "字a"]
    assert all(len(one.encode()) <= 2048 for one in trying.pieces("字" * 2000, 2048))
