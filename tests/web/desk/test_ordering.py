"""Who must approve, what was said before: on the page where author and approver decide."""

from datetime import datetime, timedelta

import pytest

from tests.builders import give_tag, make_contact, make_officer, make_tag
from weijing.accounts.models import Role
from weijing.audiences import saving
from weijing.audit.models import AuditEntry
from weijing.campaigns import drafting, restoring
from weijing.campaigns.models import StrayTask
from weijing.campaigns.ordering import hours, rules, scheduling
from weijing.campaigns.reach import reach_of
from weijing.core import clock
from weijing.residents import audience_changes
from weijing.residents.models import Contact
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
    client.post(url, {"act": "release", "count_seen": "3", "any_hour": "on"})
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
    # 陈示例 lives in our township; the message went to her through another station's officer.
    guest = desk.residents["陈示例"]
    Contact.objects.filter(identity__resident=guest).delete()
    make_contact(desk.officers["金石桥镇"], guest, "wm-guest")
    audience_changes.people(desk.county.pk, [guest.pk])
    tag = make_tag(desk.county, "TRF01002", "校车")
    give_tag(guest, tag)
    before = desk.released(audience={"all": [{"tag": [tag.code]}]}, title="别家的事")
    assert before.shares.get().officer == desk.officers["金石桥镇"]
    mine = drafting.draft(
        by=local, at=clock.now(), title="同样的话", body=before.body,
        audience={"all": [{"division": [desk.county.code]}]},
    )  # fmt: skip
    said = page(desk, local, mine)
    assert "别的单位的群发" in said and before.number in said
    assert '两条都涉及 <b class="num">1</b> 人' in said
    assert "别家的事" not in said


def test_the_county_desk_settles_the_rules(desk):
    client = desk.client(desk.approver)
    assert "/desk/campaigns/rules/" in client.get("/desk/campaigns/").content.decode()
    form = {
        "station_people": "1,500", "similar_days": "7", "per_week": "3", "quota_mode": "week",
        "emergency_reserve": "2",
    }  # fmt: skip
    for said in ({"station_people": "x"}, {"per_week": "0"}, {"quota_mode": "year"}):
        wrong = client.post("/desk/campaigns/rules/", form | said)
        assert wrong.status_code == 422 and "没有保存" in wrong.content.decode()
    client.post("/desk/campaigns/rules/", form)
    settled = rules.rules_of(desk.county.pk)
    assert (settled.station_people, settled.similar_days) == (1500, 7)
    assert (settled.per_week, settled.quota_mode, settled.emergency_reserve) == (3, "week", 2)
    assert "李审核" in client.get("/desk/campaigns/rules/").content.decode()


@pytest.mark.parametrize("who", ["author", "chief", "admin"])
def test_nobody_else_settles_them(desk, who):
    client = desk.client(getattr(desk, who))
    assert client.get("/desk/campaigns/rules/").status_code == 403
    assert "/desk/campaigns/rules/" not in client.get("/desk/").content.decode()


WHEN = "%Y-%m-%dT%H:%M"


def at_ten(days):
    """Ten in the morning so many days ahead, past any holiday."""
    day = clock.now().astimezone(clock.COUNTY_TIME) + timedelta(days=days)
    return hours.next_open(day.replace(hour=10, minute=0, second=0, microsecond=0))


def test_the_approver_sets_a_time_and_both_may_take_it_back(desk):
    campaign = desk.submitted()
    assert "批准，到时下发" in page(desk, desk.approver, campaign)
    url, when = f"/desk/campaigns/{campaign.number}/review/", at_ten(1)
    client = desk.client(desk.approver)
    form = {"act": "schedule", "count_seen": "4", "when": when.strftime(WHEN)}
    assert client.post(url, form).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.state, campaign.scheduled_at) == ("scheduled", when)
    assert "取消定时" in page(desk, desk.author, campaign)
    listed = client.get("/desk/campaigns/").content.decode()
    assert "已定时" in listed and "自动下发" in listed and url in listed
    client.post(url, {"act": "unschedule"})
    campaign.refresh_from_db()
    assert campaign.state == "submitted"
    again = client.post(url, {"act": "unschedule"})
    assert again.status_code == 422 and "现在没有定时" in again.content.decode()


@pytest.mark.parametrize(
    ("when", "said"), [("", "请选一个日期和时间"), ("soon", "请选一个日期和时间"),
                       ("2020-01-01T10:00", "已经过了"), ("night", "不打扰群众")],
)  # fmt: skip
def test_a_bad_time_is_said_and_stays_in_the_field(desk, when, said):
    campaign = desk.submitted()
    if when == "night":
        when = at_ten(1).replace(hour=23).strftime(WHEN)
    answer = desk.client(desk.approver).post(
        f"/desk/campaigns/{campaign.number}/review/",
        {"act": "schedule", "count_seen": "4", "when": when},
    )
    assert answer.status_code == 422 and said in answer.content.decode()
    if when:
        assert f'value="{when}"' in answer.content.decode()


def test_taking_back_a_second_too_late_leads_to_the_progress(desk):
    campaign = desk.submitted()
    scheduling.schedule(campaign, by=desk.approver, at=clock.now(), when=at_ten(1))
    scheduling.release_due(desk.county.pk, campaign.pk, at=at_ten(1))
    answer = desk.client(desk.approver).post(
        f"/desk/campaigns/{campaign.number}/review/", {"act": "unschedule"}, follow=True
    )
    said = answer.content.decode()
    assert answer.redirect_chain == [(f"/desk/campaigns/{campaign.number}/progress/", 302)]
    assert "没有办成：这条群发已经下发" in said and "已退回起草人" not in said


AT_NIGHT = datetime(2026, 11, 24, 23, tzinfo=clock.COUNTY_TIME)


def test_at_night_it_goes_only_when_somebody_says_so(desk, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT_NIGHT)
    campaign = desk.submitted()
    said = page(desk, desk.approver, campaign)
    assert "现在就发" in said and "晚上 9 点到早上 8 点不打扰群众" in said
    client, url = desk.client(desk.approver), f"/desk/campaigns/{campaign.number}/review/"
    form = {"act": "release", "count_seen": "4"}
    refused = client.post(url, form)
    assert refused.status_code == 422 and "请勾选「现在就发」" in refused.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == "submitted"
    client.post(url, {**form, "any_hour": "on"})
    campaign.refresh_from_db()
    assert campaign.state == "released"
    entry = AuditEntry.objects.get(action="campaign.released")
    assert entry.details["at_quiet_time"] is True


def test_by_day_nobody_is_asked_about_the_hour(desk, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT_NIGHT.replace(hour=10))
    campaign = desk.submitted()
    assert "现在就发" not in page(desk, desk.approver, campaign)
    form = {"act": "release", "count_seen": "4"}
    desk.client(desk.approver).post(f"/desk/campaigns/{campaign.number}/review/", form)
    campaign.refresh_from_db()
    assert campaign.state == "released"


def test_neither_author_nor_station_sets_a_time(desk):
    campaign = desk.submitted()
    form = {"act": "schedule", "count_seen": "4", "when": at_ten(1).strftime(WHEN)}
    url = f"/desk/campaigns/{campaign.number}/review/"
    assert desk.client(desk.author).post(url, form).status_code == 403
    assert desk.client(desk.chief).post(url, form).status_code in (403, 404)


def test_a_scheduled_message_that_came_back_says_why_to_its_author(desk):
    campaign = desk.submitted()
    when = at_ten(1)
    scheduling.schedule(campaign, by=desk.approver, at=clock.now(), when=when)
    desk.author.role_grants.update(ended_at=clock.now())
    desk.author.role_grants.create(
        county=desk.county, role="campaign_approver", granted_at=clock.now()
    )
    scheduling.release_due(desk.county.pk, campaign.pk, at=when)
    said = page(desk, desk.approver, campaign)
    campaign.refresh_from_db()
    assert campaign.state == "draft" and "已退回起草人" in said
    assert "没有发出：起草人王示范已经没有起草权限" in said


def test_after_a_restore_the_approver_sees_what_went_out_meanwhile(desk):
    campaign = desk.submitted()
    StrayTask.objects.create(
        county=desk.county, msgid="m1", code="7K2QM", text=f"{campaign.body}\n〔隆警7K2QM〕",
        seen_at=clock.now(), was_sent=True,
    )  # fmt: skip
    restoring.after_restore(desk.county, by=None, at=clock.now())
    said = page(desk, desk.approver, campaign)
    assert "审批前请看" in said
    assert "这条可能已经发出" in said
    assert "7K2QM" in said
    assert "民辅警已经发出" in said
    listed = desk.client(desk.approver).get("/desk/campaigns/").content.decode()
    assert "全县群发已暂停" in listed


def test_a_task_of_other_words_is_not_shown_to_the_approver(desk):
    campaign = desk.submitted()
    StrayTask.objects.create(
        county=desk.county, msgid="m1", code="7K2QM", text="明天上午九点在村部打疫苗。",
        seen_at=clock.now(), was_sent=True,
    )  # fmt: skip
    assert "7K2QM" not in page(desk, desk.approver, campaign)


def test_a_saved_audience_that_was_changed_after_submission_goes_back_to_its_author(desk):
    """The approver reads what the name means, and presses; nothing goes out."""
    saving.save("标签(重型货车)", name="货车", by=desk.author, at=clock.now())
    campaign = drafting.draft(
        by=desk.author, at=clock.now(), title="货车", body="请慢行。——隆回县公安局",
        audience={"all": [{"saved": "货车"}]},
    )  # fmt: skip
    people = reach_of(campaign, at=clock.now()).reachable
    drafting.submit(campaign, by=desk.author, at=clock.now(), count_seen=people)
    assert "受众「货车」：有标签重型货车的群众" in page(desk, desk.approver, campaign)
    saving.save("标签(重型货车) 或 已联系", name="货车", by=desk.author, at=clock.now())
    answer = desk.client(desk.approver).post(
        f"/desk/campaigns/{campaign.number}/review/",
        {"act": "release", "count_seen": str(people), "any_hour": "on"}, follow=True,
    )  # fmt: skip
    assert "已退回起草人" in answer.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    assert "受众「货车」有人改过" in campaign.returned_reason
