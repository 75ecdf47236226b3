"""One person submits, another approves; then everybody sees how far it is."""

from datetime import timedelta

import pytest

from weijing.audit.models import AuditEntry
from weijing.campaigns import tallying
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.core import clock
from weijing.web.desk.campaigns import progress, reviewing


def review(desk, officer, campaign, **data):
    url = f"/desk/campaigns/{campaign.number}/review/"
    client = desk.client(officer)
    return client.post(url, data) if data else client.get(url)


def state(campaign):
    campaign.refresh_from_db()
    return campaign.state


def test_the_author_checks_and_submits_what_they_saw(desk):
    campaign = desk.draft()
    said = review(desk, desk.author, campaign).content.decode()
    assert "提交审批：发给" in said and "罗**" in said and "罗样例" not in said
    assert AuditEntry.objects.filter(purpose="campaign.review", actor=desk.author).exists()
    review(desk, desk.author, campaign, act="submit", count_seen="4")
    assert state(campaign) == "submitted" and campaign.submitted_count == 4


def test_a_count_that_changed_is_shown_again_instead_of_submitted(desk):
    campaign = desk.draft()
    answer = review(desk, desk.author, campaign, act="submit", count_seen="9")
    assert answer.status_code == 422
    assert "人数从 9 变为 4，请再看一眼" in answer.content.decode()
    assert state(campaign) == "draft"


def test_an_author_never_approves_their_own(desk):
    campaign = desk.submitted()
    desk.author.role_grants.create(
        county=desk.county, role="campaign_approver", granted_at=clock.now()
    )
    assert "批准，下发给" not in review(desk, desk.author, campaign).content.decode()
    answer = review(desk, desk.author, campaign, act="release", count_seen="4", any_hour="on")
    assert answer.status_code == 403
    assert state(campaign) == "submitted"


def test_another_person_approves_and_lands_on_the_progress(desk):
    campaign = desk.submitted()
    assert "批准，下发给" in review(desk, desk.approver, campaign).content.decode()
    answer = review(desk, desk.approver, campaign, act="release", count_seen="4", any_hour="on")
    assert answer["Location"] == f"/desk/campaigns/{campaign.number}/progress/"
    assert state(campaign) == "released" and campaign.shares.count() == 3


def test_a_second_tap_says_it_has_gone_out(desk):
    campaign = desk.released()
    answer = desk.client(desk.approver).post(
        f"/desk/campaigns/{campaign.number}/review/",
        {"act": "release", "count_seen": "4", "any_hour": "on"}, follow=True,
    )  # fmt: skip
    assert answer.redirect_chain == [(f"/desk/campaigns/{campaign.number}/progress/", 302)]
    assert "没有办成：这条群发已经下发" in answer.content.decode()


def test_a_station_may_look_but_not_approve(desk):
    campaign = desk.released()
    assert (
        desk.client(desk.chief).get(f"/desk/campaigns/{campaign.number}/progress/").status_code
        == 200
    )
    answer = review(desk, desk.chief, campaign, act="release", count_seen="4", any_hour="on")
    assert answer.status_code == 403


def test_the_approver_gives_it_back_with_a_reason(desk):
    campaign = desk.submitted()
    empty = review(desk, desk.approver, campaign, act="return", reason=" ")
    assert empty.status_code == 422 and "请写明退回的原因" in empty.content.decode()
    review(desk, desk.approver, campaign, act="return", reason="请写明绕行路线")
    assert state(campaign) == "draft"
    said = desk.client(desk.author).get(f"/desk/campaigns/{campaign.number}/edit/")
    assert "请写明绕行路线" in said.content.decode()


def test_above_ten_thousand_people_the_number_is_typed(desk, monkeypatch):
    monkeypatch.setattr(reviewing, "TYPE_THE_COUNT_ABOVE", 3)
    campaign = desk.submitted()
    assert "请照写人数" in review(desk, desk.approver, campaign).content.decode()
    for typed in ({}, {"typed": "5"}, {"typed": "四"}):
        data = {"act": "release", "count_seen": "4", "any_hour": "on", **typed}
        assert review(desk, desk.approver, campaign, **data).status_code == 422
        assert state(campaign) == "submitted"
    review(desk, desk.approver, campaign, act="release", count_seen="4", any_hour="on", typed=" 4 ")
    assert state(campaign) == "released"


def test_an_unknown_act_does_nothing(desk):
    campaign = desk.submitted()
    assert review(desk, desk.approver, campaign, act="explode").status_code == 404


def test_a_draft_is_its_authors_own_business(desk):
    campaign = desk.draft(title="悄悄写的")
    assert review(desk, desk.approver, campaign).status_code == 404
    for officer, sees in ((desk.author, True), (desk.approver, False)):
        said = desk.client(officer).get("/desk/campaigns/").content.decode()
        assert ("悄悄写的" in said) == sees


def test_what_waits_for_approval_stands_first(desk):
    campaign = desk.submitted()
    said = desk.client(desk.approver).get("/desk/campaigns/").content.decode()
    assert "等您审批" in said
    assert f"/desk/campaigns/{campaign.number}/review/" in said
    assert "等您审批" not in desk.client(desk.author).get("/desk/campaigns/").content.decode()


def follow(desk, officer, campaign, page="progress", **headers):
    url = f"/desk/campaigns/{campaign.number}/{page}/"
    answer = desk.client(officer).get(url, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def settle(campaign, *, officer, result="sent"):
    """What WeCom would have told us: the officer confirmed, everybody has a result."""
    share = campaign.shares.get(officer=officer)
    Delivery.objects.filter(share=share).update(result=result, sent_at=clock.now())
    Share.objects.filter(pk=share.pk).update(
        state="finished", msgid=f"m{share.pk}", confirmed_at=clock.now(), ended_at=clock.now(),
        due_at=None,
    )  # fmt: skip
    tallying.tally(share)


def test_progress_counts_officers_people_and_stations(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"])
    said = follow(desk, desk.approver, campaign)
    assert "1 / 3 名民辅警" in said and "2 / 4 人" in said
    assert "小沙江派出所" in said and "金石桥派出所" in said


def test_a_station_sees_only_its_own_part(desk):
    campaign = desk.released()
    said = follow(desk, desk.chief, campaign)
    assert "小沙江派出所" in said and "金石桥派出所" not in said
    names = follow(desk, desk.chief, campaign, "results")
    assert "罗**" in names and "肖**" not in names


def test_a_campaign_of_another_station_does_not_exist(desk):
    campaign = desk.released(audience={"all": [{"division": [desk.place("金石桥镇").code]}]})
    for page in ("progress", "results", "review"):
        url = f"/desk/campaigns/{campaign.number}/{page}/"
        assert desk.client(desk.chief).get(url).status_code == 404


def test_the_page_asks_every_five_seconds_then_thirty_and_at_the_end_no_more(desk):
    campaign = desk.released()
    assert 'hx-trigger="every 5s"' in follow(desk, desk.author, campaign)
    Campaign.objects.update(released_at=clock.now() - progress.QUICK_FOR)
    assert 'hx-trigger="every 30s"' in follow(desk, desk.author, campaign)
    Campaign.objects.update(state="finished", ended_at=clock.now())
    last = follow(desk, desk.author, campaign, **{"HX-Request": "true"})
    assert "every" not in last and "<html" not in last


def test_reminding_says_how_many_times_are_left(desk):
    campaign = desk.released()
    for share in campaign.shares.all():
        Share.objects.filter(pk=share.pk).update(
            state="asked", asked_at=clock.now(), msgid=f"m{share.pk}"
        )
    assert '今天还能提醒 <span class="num">3</span> 次' in follow(desk, desk.author, campaign)
    client = desk.client(desk.author)
    for _ in range(3):
        client.post(f"/desk/campaigns/{campaign.number}/reminders/")
    assert "请打电话联系" in follow(desk, desk.author, campaign)
    fourth = client.post(f"/desk/campaigns/{campaign.number}/reminders/")
    assert fourth.status_code == 422


def test_reminding_nobody_uses_up_no_reminder(desk):
    campaign = desk.released()
    said = follow(desk, desk.author, campaign)
    assert 'disabled>提醒未确认的 <span class="num">0</span> 人' in said
    answer = desk.client(desk.author).post(f"/desk/campaigns/{campaign.number}/reminders/")
    assert answer.status_code == 422 and "没有提醒，也没有用掉次数" in answer.content.decode()
    campaign.refresh_from_db()
    assert campaign.reminders == []
    # Two parts of one officer are one officer, on the button and in the answer.
    share = campaign.shares.get(officer=desk.officers["桃李村"])
    Share.objects.filter(pk=share.pk).update(state="asked", asked_at=clock.now(), msgid="m1")
    Share.objects.create(
        county=desk.county, campaign=campaign, officer=share.officer, part=1, code="twopart",
        people=1, state="asked", asked_at=clock.now(), msgid="m2", results={"pending": 1},
    )  # fmt: skip
    assert '提醒未确认的 <span class="num">1</span> 人' in follow(desk, desk.author, campaign)
    client = desk.client(desk.author)
    client.post(f"/desk/campaigns/{campaign.number}/reminders/")
    told = client.get(f"/desk/campaigns/{campaign.number}/progress/").content.decode()
    assert "已提醒 1 名没确认的民辅警" in told


def test_stopping_ends_the_campaign_for_those_who_have_not_confirmed(desk):
    campaign = desk.released()
    url = f"/desk/campaigns/{campaign.number}/stop/"
    assert desk.client(desk.chief).post(url).status_code == 403
    assert desk.client(desk.author).get(url).status_code == 405
    desk.client(desk.author).post(url)
    assert state(campaign) == "cancelled"


@pytest.mark.parametrize(("decision", "becomes"), [("again", "waiting"), ("give-up", "cancelled")])
def test_a_doubtful_share_is_decided_by_a_person(desk, decision, becomes):
    campaign = desk.released()
    share = campaign.shares.get(officer=desk.officers["桃李村"])
    Share.objects.filter(pk=share.pk).update(state="unsure", needs_person=True)
    assert "没有，再派一次" in follow(desk, desk.approver, campaign)
    assert "没有，再派一次" not in follow(desk, desk.chief, campaign)
    data = {"share": share.pk, "decision": decision}
    url = f"/desk/campaigns/{campaign.number}/decisions/"
    assert desk.client(desk.chief).post(url, data).status_code == 403
    desk.client(desk.approver).post(url, data)
    share.refresh_from_db()
    assert share.state == becomes
    twice = desk.client(desk.approver).post(url, data)
    assert twice.status_code == 422


@pytest.mark.parametrize(
    "data", [{}, {"share": "x", "decision": "again"}, {"share": "1", "decision": "again"}]
)
def test_a_decision_about_nothing_is_404(desk, data):
    campaign = desk.released()
    url = f"/desk/campaigns/{campaign.number}/decisions/"
    assert desk.client(desk.approver).post(url, data).status_code == 404


def test_results_filter_and_every_name_shown_is_noted(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"], result="not_friend")
    said = follow(desk, desk.approver, campaign, "results")
    assert "陈**" in said  # pending ones first, as nothing was sent
    missed = desk.client(desk.approver).get(
        f"/desk/campaigns/{campaign.number}/results/?result=not_friend"
    )
    assert "罗**" in missed.content.decode() and "陈**" not in missed.content.decode()
    noted = AuditEntry.objects.filter(purpose="campaign.results")
    assert desk.residents["罗样例"].pk in set(noted.values_list("object_id", flat=True))


def test_a_campaign_that_has_not_gone_out_has_no_progress(desk):
    campaign = desk.submitted()
    url = f"/desk/campaigns/{campaign.number}/progress/"
    assert desk.client(desk.author).get(url).status_code == 404


def test_nothing_confirmed_yet_says_how_long_ago_it_went_out(desk):
    campaign = desk.released()
    Campaign.objects.update(released_at=clock.now() - timedelta(minutes=3))
    assert "还没有民辅警确认（下发 3 分钟）" in follow(desk, desk.author, campaign)
