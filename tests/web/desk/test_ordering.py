"""Who must approve, what was said before: on the page where author and approver decide."""

import pytest

from tests.builders import make_officer
from weijing.accounts.models import Role
from weijing.campaigns import drafting
from weijing.campaigns.models import Campaign
from weijing.campaigns.ordering import rules
from weijing.core import clock
from weijing.territory.models import Station


def page(desk, officer, campaign):
    answer = desk.client(officer).get(f"/desk/campaigns/{campaign.number}/review/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def local(desk):
    station = Station.objects.get(county=desk.county, name="小沙江派出所")
    return make_officer(desk.county, "local", Role.CAMPAIGN_AUTHOR, station=station)


@pytest.fixture
def small(desk, local):
    """Of a station, to its own three people."""
    campaign = drafting.draft(
        by=local, at=clock.now(), title="今晚有雨", body="今晚有雨，请慢行。——小沙江派出所",
        audience={"all": [{"division": [desk.place("小沙江镇").code]}]},
    )  # fmt: skip
    drafting.submit(campaign, by=local, at=clock.now(), count_seen=3)
    return campaign


def test_the_head_of_the_station_finds_and_approves_its_small_message(desk, small):
    client = desk.client(desk.chief)
    assert "等您审批" in client.get("/desk/campaigns/").content.decode()
    assert "由<b>派出所</b>审批即可" in page(desk, desk.chief, small)
    url = f"/desk/campaigns/{small.number}/review/"
    client.post(url, {"act": "release", "count_seen": "3"})
    small.refresh_from_db()
    assert (small.state, small.released_by) == ("released", desk.chief)


def test_a_message_for_the_county_desk_says_why(desk, small):
    rules.change(by=desk.approver, at=clock.now(), station_people=1, similar_days=14)
    said = page(desk, desk.chief, small)
    assert "由<b>县局</b>审批：发给 3 人，超过派出所能批的 1 人" in said
    assert "批准，下发给" not in said
    assert "等您审批" not in desk.client(desk.chief).get("/desk/campaigns/").content.decode()
    assert "批准，下发给" in page(desk, desk.approver, small)


def test_author_and_approver_see_what_was_said_before(desk):
    before = desk.released()
    again = desk.draft()
    said = page(desk, desk.author, again)
    assert "有些人会两次收到相近的内容" in said
    assert before.number in said and "文字相同" in said


def test_of_another_stations_message_the_title_stays_theirs(desk, local):
    before = desk.released(audience={"all": [{"division": [desk.place("金石桥镇").code]}]},
                           title="别家的事")  # fmt: skip
    Campaign.objects.filter(pk=before.pk).update(drafted_by=desk.author)
    mine = drafting.draft(
        by=local, at=clock.now(), title="同样的话", body=before.body,
        audience={"all": [{"division": [desk.county.code]}]},
    )  # fmt: skip
    assert "别家的事" not in page(desk, local, mine)


def test_the_county_desk_settles_the_rules(desk):
    client = desk.client(desk.approver)
    assert "/desk/campaigns/rules/" in client.get("/desk/campaigns/").content.decode()
    wrong = client.post("/desk/campaigns/rules/", {"station_people": "x", "similar_days": "3"})
    assert wrong.status_code == 422 and "没有保存" in wrong.content.decode()
    client.post("/desk/campaigns/rules/", {"station_people": "1,500", "similar_days": "7"})
    settled = rules.rules_of(desk.county.pk)
    assert (settled.station_people, settled.similar_days) == (1500, 7)
    assert "李审核" in client.get("/desk/campaigns/rules/").content.decode()


@pytest.mark.parametrize("who", ["author", "chief", "admin"])
def test_nobody_else_settles_them(desk, who):
    client = desk.client(getattr(desk, who))
    assert client.get("/desk/campaigns/rules/").status_code == 403
    assert "/desk/campaigns/rules/" not in client.get("/desk/").content.decode()
