"""The officer's day, and a campaign as the officer meets it."""

from datetime import timedelta

import pytest

from tests.builders import make_household, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.campaigns.models import Delivery, Share
from weijing.core import clock
from weijing.sync.models import BehaviourDay


def text(answer):
    return answer.content.decode()


def sheet(beat, number="QF-1124-01"):
    return text(beat.client.get(f"/o/campaigns/{number}/"))


def test_the_strip_counts_households_of_my_grid_only(beat):
    beat.friend("罗样例", "1")
    make_household(beat.place("2组"), "2")
    make_household(beat.place("1组", "红星村"), "3")
    page = text(beat.client.get("/o/today/"))
    assert "桃李村网格" in page
    assert "1 / 2" in page
    assert "还有" in page


def test_a_day_with_nothing_to_do_names_the_households_left(beat):
    make_household(beat.place(), "1")
    assert "今天的事都办完了，还有 1 户没联系" in text(beat.client.get("/o/today/"))


def test_a_day_with_nothing_to_do_and_all_reached_just_says_so(beat):
    beat.friend("罗样例", "1")
    page = text(beat.client.get("/o/today/"))
    assert "今天的事都办完了" in page
    assert "全部联系上了" in page


def test_new_contacts_are_counted_with_the_longest_wait(beat):
    beat.stranger("山里人家", days_ago=2)
    beat.stranger("云淡风轻")
    beat.stranger("别人的", officer=beat.neighbour)
    page = text(beat.client.get("/o/today/"))
    assert ">2</span>" in page
    assert "最早的已等 2 天" in page


def test_the_month_is_weighed_by_chats_and_only_mine(beat):
    for officer, day, messages, chats, minutes in [
        (beat.officer, 0, 100, 10, 5.0),
        (beat.neighbour, 0, 9_999, 10, 1.0),
    ]:
        BehaviourDay.objects.create(
            county=beat.county, officer=officer, day=clock.today() - timedelta(days=day),
            message_cnt=messages, chat_cnt=chats, avg_reply_time_minutes=minutes,
            reply_percentage=98.0,
        )  # fmt: skip
    page = text(beat.client.get("/o/today/"))
    assert ">100<" in page
    assert "9,999" not in page
    assert "98.0%" in page


def test_without_a_grid_the_day_says_whom_to_ask(county, client):
    officer = make_officer(county, "new", Role.VILLAGE_AUXILIARY)
    client.force_login(officer, backend="weijing.accounts.signing_in.PasswordBackend")
    for page in ("today", "grid", "grid/unlinked", "contacts", "me"):
        answer = client.get(f"/o/{page}/")
        assert answer.status_code == 200, page
    assert "你还没有分配网格" in text(client.get("/o/today/"))


def test_a_desk_without_a_beat_cannot_open_field_pages(county, client):
    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    client.force_login(author, backend="weijing.accounts.signing_in.PasswordBackend")
    for page in ("today/", "contacts/", "grid/", "me/", "campaigns/QF-1124-01/"):
        assert client.get(f"/o/{page}").status_code == 403, page


def test_the_sheet_says_how_many_of_mine_and_who_is_left_out(beat):
    people = [beat.friend(f"罗样例{n}", str(n)) for n in "12"]
    beat.share(people, left_out={"received_today": 4, "no_consent": 2})
    page = sheet(beat)
    assert '去企业微信发给 <span class="num">2</span> 人' in page
    assert '你名下 <span class="num">8</span> 人符合条件' in page
    assert '今天已收到 <span class="num">4</span>' in page
    assert '没同意接收宣传 <span class="num">2</span>' in page


def test_the_sheet_shows_the_message_with_its_reference_code(beat):
    beat.share([beat.friend("罗样例", "1")])
    assert "〔隆警7K2QM〕" in sheet(beat)


def test_a_task_not_yet_in_wecom_offers_no_button_to_send(beat):
    beat.share([beat.friend("罗样例", "1")], state="waiting")
    page = sheet(beat)
    assert "还没派到你的企业微信" in page
    assert "data-back-to-wecom" not in page


def test_who_withdrew_in_between_is_not_counted_as_getting_it(beat):
    people = [beat.friend(f"罗样例{n}", str(n)) for n in "12"]
    beat.share(people, results={"pending": 1, "withdrawn": 1})
    page = sheet(beat)
    assert '发给 <span class="num">1</span> 人' in page
    assert '已退订 <span class="num">1</span>' in page


def test_nobody_left_needs_no_action(beat):
    beat.share([beat.friend("罗样例", "1")], results={"withdrawn": 1})
    assert "你名下没有符合条件的人，不用操作" in sheet(beat)


def test_after_confirming_the_results_lead_to_the_doors(beat):
    people = [beat.friend(f"罗样例{n}", str(n)) for n in "12"]
    share = beat.share(
        people,
        state="finished",
        confirmed_at=clock.now(),
        results={"sent": 1, "not_friend": 1},
    )
    Delivery.objects.filter(share=share, resident=people[1]).update(result="not_friend")
    page = sheet(beat)
    assert "人已发出" in page
    assert "上门清单" in page
    doors = text(beat.client.get("/o/campaigns/QF-1124-01/people/?result=not_friend"))
    assert "桃李村 1组 2号" in doors
    assert "1号" not in doors.split("<main")[1].replace("2号", "")
    assert f'href="/o/contacts/{people[1].pk}/"' in doors


@pytest.mark.parametrize(
    ("state", "words"),
    [("refused", "没有收下"), ("lapsed", "过了截止时间"), ("cancelled", "已停止")],
)
def test_an_ended_task_says_what_happened_and_asks_nothing(beat, state, words):
    beat.share([beat.friend("罗样例", "1")], state=state)
    page = sheet(beat)
    assert words in page
    assert "data-back-to-wecom" not in page


def test_a_campaign_without_a_share_of_mine_does_not_exist(beat):
    beat.share([beat.friend("罗样例", "1")], officer=beat.neighbour)
    for path in ("", "people/"):
        assert beat.client.get(f"/o/campaigns/QF-1124-01/{path}").status_code == 404
    answer = beat.client.post("/o/campaigns/QF-1124-01/objections/", {"reason": "x"})
    assert answer.status_code == 404


def test_the_list_of_people_is_masked_and_every_reading_noted(beat):
    people = [beat.friend(f"罗样例{n}", str(n), phone=f"1380000041{n}") for n in "12"]
    beat.share(people)
    page = text(beat.client.get("/o/campaigns/QF-1124-01/people/"))
    assert "罗**" in page
    assert "罗样例" not in page
    seen = AuditEntry.objects.filter(action="record.viewed", purpose="campaign.confirm")
    assert set(seen.values_list("object_id", flat=True)) == {person.pk for person in people}


def test_who_lives_in_another_grid_is_listed_without_an_address(beat):
    elsewhere = beat.place("1组", "红星村")
    home = make_household(elsewhere, "77")
    beat.share([make_resident(elsewhere, "胡示范", household=home)])
    page = text(beat.client.get("/o/campaigns/QF-1124-01/people/"))
    assert "77号" not in page
    assert "住址不在你的网格" in page


def test_a_wrong_message_goes_back_to_the_desk_with_the_reason(beat):
    share = beat.share([beat.friend("罗样例", "1")])
    answer = beat.client.post(
        "/o/campaigns/QF-1124-01/objections/", {"reason": " 时间写成了\n昨天 "}
    )
    assert answer.status_code == 302
    share.refresh_from_db()
    assert share.needs_person
    assert share.note == "民辅警退回：时间写成了 昨天"
    assert AuditEntry.objects.get(action="share.given_back").actor == beat.officer
    assert "你已退回：时间写成了 昨天" in sheet(beat)


def test_giving_back_without_a_reason_asks_for_it_and_keeps_the_sheet_open(beat):
    share = beat.share([beat.friend("罗样例", "1")])
    answer = beat.client.post("/o/campaigns/QF-1124-01/objections/", {"reason": "  "})
    assert answer.status_code == 422
    assert "请写明哪里有误" in text(answer)
    share.refresh_from_db()
    assert not share.needs_person


@pytest.mark.parametrize("state", ["waiting", "confirmed", "finished", "cancelled"])
def test_only_a_task_waiting_for_me_can_be_given_back(beat, state):
    confirmed_at = clock.now() if state in ("confirmed", "finished") else None
    share = beat.share([beat.friend("罗样例", "1")], state=state, confirmed_at=confirmed_at)
    answer = beat.client.post("/o/campaigns/QF-1124-01/objections/", {"reason": "时间不对"})
    assert answer.status_code == 422
    assert not Share.objects.get(pk=share.pk).needs_person


def test_several_shares_of_one_campaign_are_one_row_and_one_sheet(beat):
    first = beat.share([beat.friend("罗样例", "1")])
    Share.objects.create(
        county=beat.county, campaign=first.campaign, officer=beat.officer, part=1, code="AAAAA",
        state="asked", msgid="msg-2", people=1,
    )  # fmt: skip
    page = text(beat.client.get("/o/today/"))
    assert page.count("强降雨山区行车提醒</span>") == 1
    assert '发给你的 <span class="num">2</span> 人' in page
    assert '发给 <span class="num">2</span> 人' in sheet(beat)


def test_no_page_asks_the_database_more_than_thirty_times(beat, django_assert_max_num_queries):
    people = [beat.friend(f"罗样例{n}", str(n)) for n in range(1, 25)]
    beat.share(people)
    for n in range(5):
        beat.stranger(f"网友{n}")
    label = f"/o/contacts/{beat.strangers[0].pk}/label/"
    for path in (
        "/o/today/", "/o/campaigns/QF-1124-01/", "/o/campaigns/QF-1124-01/people/", "/o/contacts/",
        "/o/contacts/?q=罗", label, "/o/grid/", "/o/grid/unlinked/", "/o/me/", "/s/contact/",
    ):  # fmt: skip
        with django_assert_max_num_queries(30):
            assert beat.client.get(path).status_code == 200, path
