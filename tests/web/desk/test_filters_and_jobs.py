"""Lists filtered by their address, kept under a name, changed as a whole, watched and undone."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from tests.builders import give_tag, make_officer, make_tag
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents.bulk import ordering, pieces
from weijing.residents.finding import filtering
from weijing.residents.finding.filters import Filters
from weijing.residents.models import BulkPiece, BulkWork, Favourite, Resident, SavedView
from weijing.tags.models import TagAssignment
from weijing.territory.models import Station

HTMX = {"HX-Request": "true"}
LIST = "/desk/contacts/"
BULK = "/desk/contacts/bulk/"


def get(desk, officer, url, status=200, **options):
    answer = desk.client(officer).get(url, **options)
    assert answer.status_code == status, url
    return answer.content.decode()


def shown(page):
    return re.findall(r'<th scope="row"><a href="/desk/contacts/\d+/">(.)', page)


def count(page):
    return int(re.search(r'filter-bar__count"[^>]*><span class="num">([\d,]+)', page)[1])


@pytest.fixture
def people(desk):
    """罗 is 75 and drives a lorry, 刘 works away, 陈 is a woman of 30, 欧 has no contact."""
    changes = {
        "罗样例": {"born_on": date(1951, 3, 1), "household_role": "head"},
        "刘小明": {"away_at": "广东", "reach": "wechat"},
        "陈示例": {"sex": "f", "born_on": date(1996, 3, 1)},
        "欧未联": {"reach": "no_phone", "born_on": None},
    }
    for name, fields in changes.items():
        Resident.objects.filter(name=name).update(**fields)
    return desk


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "罗刘陈欧"),
        ("state=linked", "罗刘陈"),
        ("state=unlinked", "欧"),
        ("age=60-", "罗"),
        ("age=-40", "陈"),
        ("age=31-60", "刘"),
        ("sex=f", "陈"),
        ("role=head", "罗"),
        ("away=yes", "刘"),
        ("away=no", "罗陈欧"),
        ("reach=no_phone", "欧"),
        ("reach=unknown", "罗陈"),
        ("consent=publicity", "罗刘陈"),
        ("consent=no-publicity", "欧"),
        ("tag=重型货车", "罗"),
        ("tag=TRF01001", "罗"),
        ("tag=重型", "罗"),
        ("not=重型货车", "刘陈欧"),
        ("tag=重型货车&state=unlinked", ""),
        ("tag=重型货车&tag=独居老人", ""),
        ("any=重型货车&any=独居老人", "罗刘"),
        ("any=重型货车&any=独居老人&not=重型货车", "刘"),
        ("q=重型货车", "罗"),
        ("q=重型货车+罗", "罗"),
        ("life=moved", ""),
        ("since=2026-01-01", "罗刘陈"),
        ("since=2027-01-01", ""),
        ("division=430524001002", "陈"),
        ("division=430524002", ""),
        ("q=桃李1组+罗", "罗"),
        ("q=罗洋例", "罗"),
    ],
)
def test_filters_in_the_address_mean_exactly_these_people(people, query, names):
    give_tag(people.residents["刘小明"], make_tag(people.county, "AGE01001", "独居老人"))
    page = get(people, people.chief, f"{LIST}?{query}")
    assert sorted(shown(page)) == sorted(names)
    assert count(page) == len(names)


def test_an_officer_s_own_contacts_can_be_filtered(people):
    officer = people.officers["红星村"]
    assert shown(get(people, people.chief, f"{LIST}?officer={officer.pk}")) == ["陈"]


@pytest.mark.parametrize(
    "query",
    [
        "age=abc", "age=-", "age=60-18", "state=x", "sex=%00", "since=2026-13-40", "officer=罗",
        "officer=99999999999999999999", "page=x&sort=;drop", "age=" + "9" * 400, "life=duplicate",
        "tag=%00", "division=%00%00", "consent='--", "tag=没有这个标签", "who=x&who=-1", "col=x",
        "q=%E7%BD", "any=" + "&any=".join(str(n) for n in range(60)), "q=(((&nearly=1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", [LIST, BULK])
def test_a_broken_address_is_said_or_left_out_and_never_fails(people, query, url):
    page = get(people, people.chief, f"{url}?{query}")
    assert "肖" not in shown(page)


def test_what_was_not_understood_is_said(people):
    page = get(people, people.chief, f"{LIST}?age=abc&state=linked")
    assert "没看懂「abc」这个条件" in page and count(page) == 3
    make_tag(people.county, "TRF01002", "轻型货车")
    page = get(people, people.chief, f"{LIST}?tag=货&sex=f")
    assert "请点一个" in page and '?sex=f&amp;tag=TRF01002">轻型货车</a>' in page
    assert "没有叫「飞机」的标签" in get(people, people.chief, f"{LIST}?tag=飞机")


def test_nothing_typed_becomes_markup(people):
    bad = "<script>alert(1)</script>"
    for url in (LIST, BULK):
        for name in ("q", "tag", "age", "state", "division", "since"):
            assert bad not in get(people, people.chief, f"{url}?{name}={bad}")
    client = people.client(people.chief)
    client.post(f"{LIST}views/?state=linked", {"name": "<script>alert(1)"})
    assert SavedView.objects.get().name == "<script>alert(1)"
    assert "<script>alert(1)" not in get(people, people.chief, LIST)


def test_a_filter_never_leads_out_of_the_scope(people):
    far = people.residents["肖远方"]
    for query in (
        "q=肖远方",
        "division=430524002",
        f"who={far.pk}",
        "consent=publicity",
        "sort=-age",
    ):
        assert "肖" not in shown(get(people, people.chief, f"{LIST}?{query}"))
    assert "肖" in shown(get(people, people.author, f"{LIST}?consent=publicity"))


def test_each_filter_is_a_chip_that_can_be_taken_away(people):
    page = get(people, people.chief, f"{LIST}?age=60-&tag=重型货车&sex=f")
    for words in ("年龄：60 岁以上", "标签：重型货车", "性别：女"):
        assert words in page
    without = re.search(r"性别：女<a href=\"(\?[^\"]*)\"", page)[1].replace("&amp;", "&")
    assert shown(get(people, people.chief, LIST + without)) == ["罗"]


def test_rows_are_sorted_by_what_the_heading_says(people):
    assert shown(get(people, people.chief, f"{LIST}?sort=age"))[:3] == ["陈", "刘", "罗"]
    assert shown(get(people, people.chief, f"{LIST}?sort=-age"))[:3] == ["罗", "刘", "陈"]
    columns = get(people, people.chief, f"{LIST}?col=age&col=tags&col=consent")
    assert "重型货车" in columns and "接收宣传" in columns


def test_who_came_last_stands_first_when_asked_for(people):
    people.person("新来的", "小沙江镇", "桃李村", "1组")
    page = get(people, people.chief, f"{LIST}?sort=-added")
    assert (
        shown(page)[0] == "新" and shown(page)[1:] == shown(get(people, people.chief, LIST))[-2::-1]
    )
    assert '<option value="-added" selected>' in page


def test_the_order_of_coming_is_read_from_its_index(people):
    """A page of the newest must not sort a county."""
    scope = scope_of(people.author, at=clock.now())
    newest = filtering.people(Filters(sort="-added"), scope=scope, on=clock.today())
    with transaction.atomic(), connection.cursor() as cursor:
        # Of so few people any plan would do; the question is whether the index can give the order.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = newest[:50].explain()
    assert "Index Scan Backward using resident_ordinal" in plan and "Sort" not in plan


def test_every_row_shown_is_noted(people):
    get(people, people.chief, f"{LIST}?tag=重型货车")
    entry = AuditEntry.objects.get(action="record.viewed")
    assert entry.object_id == people.residents["罗样例"].pk and entry.purpose == "contacts.list"


def test_a_word_that_is_no_tag_stands_among_the_notes_and_not_among_the_conditions(people):
    page = get(people, people.chief, f"{LIST}?tag=飞机&age=60-")
    assert "年龄：60 岁以上" in page and "标签：飞机" not in page
    assert '<a href="?age=60-">去掉「飞机」</a>' in page
    assert "批量修改" not in page.replace("才能存为视图、批量修改", "") and "保存视图" not in page
    assert "标签：重型货车" in get(people, people.chief, f"{LIST}?tag=重型")


# Views and favourites.


def test_filters_are_kept_under_a_name_for_oneself_alone(people):
    client = people.client(people.chief)
    client.post(f"{LIST}views/?age=60-&sex=&page=3", {"name": " 老人  名单 "})
    view = SavedView.objects.get()
    assert (view.name, view.query, view.officer) == ("老人 名单", "age=60-", people.chief)
    assert "老人 名单" in get(people, people.chief, LIST)
    assert "老人 名单" not in get(people, people.author, LIST)
    client.post(f"{LIST}views/?sex=f", {"name": "老人 名单"})
    assert SavedView.objects.get().query == "sex=f"
    other = people.client(people.author).post(f"{LIST}views/{view.pk}/remove/")
    assert other.status_code == 404 and SavedView.objects.exists()
    client.post(f"{LIST}views/{view.pk}/remove/")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("tag=重型", "tag=TRF01001"),
        ("not=重型货车&age=-40", "age=-40&not=TRF01001"),
        ("q=罗+重型货车", "q=%E7%BD%97&tag=TRF01001"),
    ],
)
def test_a_view_means_the_same_tag_when_another_gets_such_a_name(people, query, kept):
    people.client(people.chief).post(f"{LIST}views/?{query}", {"name": "货车"})
    assert SavedView.objects.get().query == kept
    before = shown(get(people, people.chief, f"{LIST}?{kept}"))
    make_tag(people.county, "TRF01009", "重型拖车")
    assert shown(get(people, people.chief, f"{LIST}?{kept}")) == before != []


def test_a_view_of_what_was_not_understood_is_not_kept(people):
    client = people.client(people.chief)
    for query in ("tag=飞机&state=linked", "age=abc&state=linked"):
        answer = client.post(f"{LIST}views/?{query}", {"name": "x"}, follow=True)
        assert "有条件没看懂" in answer.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("query", "name"), [("", "x"), ("age=60-", "  "), ("q=" + "罗" * 300, "x")]
)
def test_a_view_without_name_or_filters_is_refused_in_words(people, query, name):
    answer = people.client(people.chief).post(f"{LIST}views/?{query}", {"name": name}, follow=True)
    assert "没有保存" in answer.content.decode() and not SavedView.objects.exists()


def test_favourites_and_the_last_opened_stand_above_the_list(people):
    person, client = people.residents["罗样例"], people.client(people.chief)
    client.post(f"{LIST}{person.pk}/favourite/", {"mark": "yes", "next": f"{LIST}?state=linked"})
    client.post(f"{LIST}{person.pk}/favourite/", {"mark": "yes"})
    assert Favourite.objects.get().resident == person
    client.get(f"{LIST}{people.residents['陈示例'].pk}/?purpose=visit")
    page = get(people, people.chief, LIST)
    assert "收藏" in page and "最近看过" in page and "陈**" in page
    assert "最近看过" not in get(people, people.author, LIST)
    client.post(f"{LIST}{person.pk}/favourite/", {"mark": "no"})
    assert not Favourite.objects.exists()


def test_a_record_at_the_desk_is_marked_where_it_stands(people):
    person = people.residents["罗样例"]
    here = f"{LIST}{person.pk}/?purpose=visit"
    assert 'aria-label="收藏 罗样例"' in get(people, people.chief, here)
    answer = people.client(people.chief).post(
        f"{LIST}{person.pk}/favourite/", {"mark": "yes", "next": here}, follow=True
    )
    assert answer.redirect_chain[-1][0] == here
    assert 'aria-label="取消收藏 罗样例"' in answer.content.decode()


def test_nobody_outside_the_scope_is_marked_and_nobody_is_led_elsewhere(people):
    client = people.client(people.chief)
    far = people.residents["肖远方"]
    assert client.post(f"{LIST}{far.pk}/favourite/").status_code == 404
    url = f"{LIST}{people.residents['罗样例'].pk}/favourite/"
    for away in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        assert client.post(url, {"next": away}).headers["Location"] == "/"


# All of them.


def order(people, query="", **given):
    data = {
        "act": "tags.add", "put": "TRF01001", "source": "visit", "basis": "", "step": "order",
        "seen": str(given.pop("seen", 3)), **given,
    }  # fmt: skip
    data = {f"foreseen_{name}": data.get(name, "") for name in ("act", "put", "to")} | data
    return people.client(people.chief).post(f"{BULK}?{query}", data)


def run(work):
    while pieces.run_next(work.county_id, work.pk, at=work.at):
        pass


def test_all_that_match_are_foreseen_changed_watched_and_undone(people):
    page = get(people, people.chief, f"{LIST}?state=linked")
    assert "批量修改全部 3 人" in page
    look = people.client(people.chief).post(
        f"{BULK}?state=linked", {"act": "tags.add", "put": "TRF01001"}, headers=HTMX
    )
    said = look.content.decode()
    assert "给 3 人加标签「重型货车」" in said and "不动：原来就有这个标签" in said
    assert "<h1" not in said
    answer = order(people, "state=linked")
    work = BulkWork.objects.get()
    assert answer.headers["Location"] == f"/desk/jobs/{work.pk}/"
    waiting = get(people, people.chief, f"/desk/jobs/{work.pk}/")
    assert (
        "排队中" in waiting and 'hx-trigger="every 2s"' in waiting and "停止，剩下的不改" in waiting
    )
    run(work)
    done = get(people, people.chief, f"/desk/jobs/{work.pk}/", headers=HTMX)
    assert "已改 2 人" in done and "原来就有这个标签" in done and "hx-trigger" not in done
    assert TagAssignment.objects.count() == 3
    undo = people.client(people.chief).post(f"/desk/jobs/{work.pk}/undo/")
    back = BulkWork.objects.get(undoes=work)
    assert undo.headers["Location"] == f"/desk/jobs/{back.pk}/"
    run(back)
    assert "已撤销 2 人" in get(people, people.chief, f"/desk/jobs/{back.pk}/")
    assert TagAssignment.objects.get().resident == people.residents["罗样例"]
    listed = get(people, people.chief, "/desk/jobs/")
    assert "撤销：加标签「重型货车」" in listed
    again = people.client(people.chief).post(f"/desk/jobs/{work.pk}/undo/", follow=True)
    assert "没有撤销" in again.content.decode()


def test_rows_that_were_ticked_are_changed_and_no_others(people):
    who = [people.residents[name].pk for name in ("刘小明", "肖远方")]
    query = "&".join(f"who={pk}" for pk in who)
    assert '批量修改 <span class="num">1</span> 人' in get(people, people.chief, f"{BULK}?{query}")
    order(people, query, seen=1)
    run(BulkWork.objects.get())
    assert set(TagAssignment.objects.values_list("resident__name", flat=True)) == {
        "罗样例", "刘小明",
    }  # fmt: skip


def test_the_rows_ticked_leave_the_filters_of_the_list_as_they_were(people):
    page = get(people, people.chief, f"{LIST}?state=linked&tag=重型货车&page=1")
    form = re.search(r'<form[^>]*id="picking".*?</form>', page, re.S)[0]
    sent = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    assert sent == [("picked", "1"), ("state", "linked"), ("tag", "重型货车")]
    query = f"{urlencode(sent)}&who={people.residents['罗样例'].pk}"
    said = get(people, people.chief, f"{BULK}?{query}")
    assert '批量修改 <span class="num">1</span> 人' in said and "在名单上逐个选的" in said
    ways = set(re.findall(r'href="/desk/contacts/\?([^"]*)"', said))
    assert ways == {urlencode(sent[1:]).replace("&", "&amp;")}
    order(people, query, seen=1, act="tags.remove")
    assert BulkWork.objects.get().query == "state=linked&tag=TRF01001"
    client = people.client(people.chief)
    client.post(f"{LIST}views/?{query}", {"name": "货车"})
    assert SavedView.objects.get().query == "state=linked&tag=TRF01001"


def test_a_query_too_long_to_keep_is_not_cut_into_another(people):
    order(people, "state=linked&col=" + "x" * 500)
    assert BulkWork.objects.get().query == ""


def test_another_count_than_seen_changes_nobody(people):
    answer = order(people, "state=linked", seen=5)
    assert answer.status_code == 422 and "人数从 5 变为 3" in answer.content.decode()
    assert not BulkWork.objects.exists()


@pytest.mark.parametrize(
    ("foreseen", "button"),
    [
        ({"foreseen_put": "AGE01001"}, "给 3 人加标签「重型货车」"),
        ({"foreseen_put": ""}, "给 3 人加标签「重型货车」"),
        ({"act": "tags.remove", "foreseen_act": "tags.add"}, "给 3 人去掉标签「重型货车」"),
        ({"act": "residents.assign", "to": "beat", "put": "", "foreseen_to": "7"}, "改回按网格"),
    ],
)
def test_only_what_the_button_said_is_ordered(people, foreseen, button):
    make_tag(people.county, "AGE01001", "独居老人")
    answer = order(people, "state=linked", typed="3", **foreseen)
    said = answer.content.decode()
    assert answer.status_code == 422 and not BulkWork.objects.exists()
    assert "还没有改动任何人" in said and button in said
    shown = dict(re.findall(r'name="(foreseen_\w+|seen)" value="([^"]*)"', said))
    wish = {"act": "tags.add", "put": "TRF01001"} | foreseen | shown
    order(people, "state=linked", **wish)
    assert BulkWork.objects.get().kind == shown["foreseen_act"]


def test_the_count_typed_for_another_change_is_typed_again(people, monkeypatch):
    monkeypatch.setattr(ordering, "TYPED_ABOVE", 2)
    make_tag(people.county, "AGE01001", "独居老人")
    said = order(people, "state=linked", typed="3", foreseen_put="AGE01001").content.decode()
    assert re.search(r'name="typed" value=""', said)
    again = order(people, "state=linked", typed="4").content.decode()
    assert re.search(r'name="typed" value="4"', again)


@pytest.mark.parametrize(
    "query",
    [
        "tag=飞机", "any=飞机", "not=飞机", "tag=货", "age=abc", "state=x", "since=2026-13-40",
        "who=x", "&".join(f"any={n}" for n in ["重型货车", *range(10)]),
    ],
)  # fmt: skip
def test_a_condition_nobody_understood_never_widens_a_change(people, query):
    make_tag(people.county, "TRF01002", "轻型货车")
    answer = order(people, query, seen=4)
    said = answer.content.decode()
    assert answer.status_code == 422 and not BulkWork.objects.exists()
    assert 'value="order"' not in said
    looked = people.client(people.chief).post(f"{BULK}?{query}", {"put": "TRF01001"})
    assert 'value="order"' not in looked.content.decode()


def test_above_ten_thousand_the_count_must_be_typed(people, monkeypatch):
    monkeypatch.setattr(ordering, "TYPED_ABOVE", 2)
    answer = order(people, "state=linked")
    said = answer.content.decode()
    assert answer.status_code == 422 and "请在框里写上人数 3" in said and 'name="typed"' in said
    assert order(people, "state=linked", typed="4").status_code == 422
    assert order(people, "state=linked", typed="3").status_code == 302


def test_a_tag_only_residents_set_is_not_offered(people):
    make_tag(people.county, "SLF01001", "自己填的", set_by_resident_only=True)
    answer = order(people, "state=linked", put="SLF01001")
    assert answer.status_code == 200 and not BulkWork.objects.exists()


def test_people_are_handed_to_an_officer_they_know(people):
    officer = people.officers["桃李村"]
    client = people.client(people.chief)
    given = {"act": "residents.assign", "to": str(officer.pk)}
    said = client.post(f"{BULK}?state=linked", given).content.decode()
    assert "把 3 人交给 阳模拟 负责" in said and "不动：不是这位民辅警的好友" in said
    order(people, "state=linked", put="", **given)
    work = BulkWork.objects.get()
    run(work)
    work.refresh_from_db()
    assert work.changed == 2
    assert "指定责任民辅警：阳模拟" in get(people, people.chief, f"/desk/jobs/{work.pk}/")
    far = people.officers["金石桥镇"]
    assert "把 " not in client.post(BULK, {**given, "to": str(far.pk)}).content.decode()


def test_who_only_reads_is_offered_no_change(people):
    assert "批量修改" not in get(people, people.author, LIST)
    assert people.client(people.author).get(BULK).status_code == 403
    officer = people.officers["桃李村"]
    assert people.client(officer).get(BULK).status_code == 403


def test_a_job_of_another_station_does_not_exist(people):
    order(people, "state=linked")
    work = BulkWork.objects.get()
    station = Station.objects.get(county=people.county, name="金石桥派出所")
    other = make_officer(people.county, "other", Role.STATION_COMMAND, station=station)
    assert people.client(other).get(f"/desk/jobs/{work.pk}/").status_code == 404
    for what in ("stop", "go-on", "undo"):
        assert people.client(other).post(f"/desk/jobs/{work.pk}/{what}/").status_code == 404
    assert "重型货车" not in get(people, other, "/desk/jobs/")


def test_a_stopped_job_says_how_many_were_not_reached(people, monkeypatch):
    monkeypatch.setattr(ordering, "PIECE", 1)
    order(people, "state=linked")
    work = BulkWork.objects.get()
    pieces.run_next(work.county_id, work.pk, at=work.at)
    client = people.client(people.chief)
    client.post(f"/desk/jobs/{work.pk}/stop/")
    run(work)
    said = get(people, people.chief, f"/desk/jobs/{work.pk}/")
    assert "其余 2 人没有动" in said and "继续改剩下的 2 人" in said
    client.post(f"/desk/jobs/{work.pk}/go-on/")
    run(work)
    assert "已停止" not in get(people, people.chief, f"/desk/jobs/{work.pk}/")


def test_a_stopped_job_that_was_taken_back_offers_no_going_on(people, monkeypatch):
    monkeypatch.setattr(ordering, "PIECE", 1)
    order(people, "state=linked", put=make_tag(people.county, "AGE01001", "独居老人").code)
    work = BulkWork.objects.get()
    pieces.run_next(work.county_id, work.pk, at=work.at)
    client = people.client(people.chief)
    client.post(f"/desk/jobs/{work.pk}/stop/")
    run(work)
    assert "继续改剩下的" in get(people, people.chief, f"/desk/jobs/{work.pk}/")
    client.post(f"/desk/jobs/{work.pk}/undo/")
    assert "继续改剩下的" not in get(people, people.chief, f"/desk/jobs/{work.pk}/")
    BulkWork.objects.filter(undoes=work).delete()
    BulkPiece.objects.filter(work=work).delete()
    said = get(people, people.chief, f"/desk/jobs/{work.pk}/")
    assert "继续改剩下的" not in said and "已不能继续" in said


def test_nobody_ticked_is_nobody_and_not_everybody(people):
    said = get(people, people.chief, f"{BULK}?picked=1")
    assert "还没有在名单上选人" in said and '批量修改 <span class="num">0</span> 人' in said
    back = re.search(r'<a href="([^"]*)">回名单上选</a>', said)[1]
    assert len(shown(get(people, people.chief, back))) == 4
    assert order(people, "picked=1", seen=0).status_code == 422
    assert not BulkWork.objects.exists()
