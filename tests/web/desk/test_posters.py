"""The desk's codes and posters: what is ready, what is missing and why, what comes out to print."""

import pytest

from tests.builders import beat_of, make_officer, make_tag
from tests.residents.test_printing import qr
from weijing.accounts.models import Role
from weijing.core import clock
from weijing.residents.models import ContactWay, PrintOrder
from weijing.residents.printing import ordering
from weijing.residents.ways import leading, wanting
from weijing.tags import by_way
from weijing.territory.models import Beat, Station


@pytest.fixture
def beat(desk):
    return beat_of(desk.county, "小沙江镇", "桃李村")


@pytest.fixture
def chief(desk):
    return desk.client(desk.chief)


def text(answer):
    return answer.content.decode()


def made(way):
    ContactWay.objects.filter(pk=way.pk).update(picture=qr(), config_id="c", due_at=None)
    way.refresh_from_db()
    return way


def ready(beat):
    return made(wanting.for_beat(beat, by=None, at=clock.now()))


def test_every_beat_of_the_station_is_listed_with_its_villages_and_officers(desk, chief):
    page = text(chief.get("/desk/posters/"))
    for word in ("桃李村", "红星村", "阳模拟", "陈演示", "还没要码"):
        assert word in page
    assert "刘测试" not in page  # of another station


def test_a_chief_has_all_missing_codes_made(desk, chief):
    answer = chief.post("/desk/posters/codes/", follow=True)
    assert "已向企业微信要 4 个码" in text(answer)  # two beats, two officers
    assert "正在要码" in text(answer)
    assert ContactWay.objects.count() == 4
    assert "没有要新要的码" in text(chief.post("/desk/posters/codes/", follow=True))


def test_why_there_is_no_code_is_said(desk, chief, beat):
    way = wanting.for_beat(beat, by=None, at=clock.now())
    ContactWay.objects.filter(pk=way.pk).update(refused_because="40098", due_at=None)

    assert "还没在企业微信实名认证" in text(chief.get("/desk/posters/"))
    page = text(chief.get(f"/desk/posters/{beat.pk}/"))
    assert "再要一次码" in page
    chief.post(f"/desk/posters/{beat.pk}/")
    assert leading.of_beats(desk.county.pk, [beat.pk])[beat.pk].due_at is not None


def test_a_beat_that_nobody_serves_has_no_code_to_ask_for(desk, chief, beat):
    desk.officers["桃李村"].postings.all().delete()
    assert "没有民辅警" in text(chief.get("/desk/posters/"))
    page = text(chief.post(f"/desk/posters/{beat.pk}/", follow=True))
    assert "请先安排责任民辅警" in page
    assert not ContactWay.objects.exists()


def test_a_village_s_poster_is_shown_and_fetched(desk, chief, beat):
    ready(beat)
    code = desk.place("小沙江镇", "桃李村").code
    page = text(chief.get(f"/desk/posters/{beat.pk}/"))
    assert f'src="/desk/posters/{beat.pk}/{code}/svg/?inline=1"' in page

    shown = chief.get(f"/desk/posters/{beat.pk}/{code}/svg/?inline=1")
    assert shown["Content-Disposition"].startswith("inline")
    assert "桃李村的乡亲" in text(shown)
    pdf = chief.get(f"/desk/posters/{beat.pk}/{code}/pdf/")
    assert pdf["Content-Disposition"].startswith("attachment")
    assert pdf.content.startswith(b"%PDF")
    other = desk.place("小沙江镇", "红星村").code
    assert chief.get(f"/desk/posters/{beat.pk}/{other}/pdf/").status_code == 404


def test_another_station_s_posters_are_not_there(desk, chief):
    far = beat_of(desk.county, "金石桥镇", "桃李村")
    station = Station.objects.get(name="金石桥派出所")
    order = PrintOrder.objects.create(
        county=desk.county, station=station, kind="posters", ordered_at=clock.now(),
        ordered_by=desk.author,
    )  # fmt: skip
    for address in (
        f"/desk/posters/?station={station.pk}", f"/desk/posters/{far.pk}/",
        f"/desk/posters/orders/{order.pk}/", f"/desk/posters/orders/{order.pk}/file/",
        "/desk/posters/?station=x", f"/desk/welcome/{far.pk}/",
    ):  # fmt: skip
        assert chief.get(address).status_code == 404, address
    assert chief.post("/desk/posters/codes/", {"station": station.pk}).status_code == 404


def test_the_county_desk_picks_a_station(desk):
    author = desk.client(desk.author)
    station = Station.objects.get(name="金石桥派出所")
    page = text(author.get(f"/desk/posters/?station={station.pk}"))
    assert "刘测试" in page
    assert "看这个所" in page


def test_a_whole_station_is_ordered_watched_and_fetched(desk, chief, beat):
    ready(beat)
    answer = chief.post("/desk/posters/orders/", {"kind": "posters"}, follow=True)
    assert "排队中" in text(answer)
    assert 'hx-trigger="every 2s"' in text(answer)
    order = PrintOrder.objects.get()

    ordering.draw(desk.county.pk, order.pk, at=clock.now())
    page = text(chief.get(f"/desk/posters/orders/{order.pk}/"))
    assert "下载" in page
    assert "个村的码没有做好" in page  # 红星村
    assert "hx-trigger" not in page.split('id="body"')[1].split(">")[0]
    pdf = chief.get(f"/desk/posters/orders/{order.pk}/file/")
    assert pdf.content.count(b"/Type /Page\n") == 1
    assert "已做好" in text(chief.get("/desk/posters/"))


def test_an_order_of_nothing_says_what_to_do_first(desk, chief):
    chief.post("/desk/posters/orders/", {"kind": "cards"})
    order = PrintOrder.objects.get()
    ordering.draw(desk.county.pk, order.pk, at=clock.now())
    assert "没有可以印的" in text(chief.get(f"/desk/posters/orders/{order.pk}/"))
    gone = chief.get(f"/desk/posters/orders/{order.pk}/file/", follow=True)
    assert "请再点一次制作" in text(gone)
    assert chief.post("/desk/posters/orders/", {"kind": "flags"}).status_code == 404


def test_tags_of_a_code_are_found_set_and_taken_off(desk, chief, beat):
    way = ready(beat)
    make_tag(desk.county, "GRD05001", "易受骗提醒", needs_separate_consent=True)
    found = text(chief.get(f"/desk/posters/{beat.pk}/?tag_q=货车"))
    assert "重型货车" in found
    assert "易受骗提醒" not in text(chief.get(f"/desk/posters/{beat.pk}/?tag_q=受骗"))

    chief.post(f"/desk/posters/{beat.pk}/tags/", {"tags": [desk.truck.code]})
    assert by_way.tags_of(way) == [desk.truck]
    refused = chief.post(f"/desk/posters/{beat.pk}/tags/", {"tags": ["GRD05001"]}, follow=True)
    assert "不能扫码自动带上" in text(refused)
    assert by_way.tags_of(way) == [desk.truck]
    chief.post(f"/desk/posters/{beat.pk}/tags/", {})
    assert by_way.tags_of(way) == []


def test_who_only_looks_finds_no_button(desk, beat):
    viewer = make_officer(desk.county, "viewer", Role.CAMPAIGN_AUTHOR, station=desk.chief.station)
    client = desk.client(viewer)
    assert "要码</button>" not in text(client.get("/desk/posters/"))
    assert client.post("/desk/posters/codes/").status_code == 403
    assert client.post("/desk/posters/orders/", {"kind": "cards"}).status_code == 403
    assert client.post(f"/desk/posters/{beat.pk}/").status_code == 403


@pytest.mark.parametrize("page", ["posters", "welcome"])
def test_the_lists_take_few_questions_however_many_beats(
    desk, chief, page, django_assert_max_num_queries
):
    station = desk.chief.station
    for number in range(40):
        Beat.objects.create(county=desk.county, station=station, name=f"网格{number}")
    with django_assert_max_num_queries(30):
        chief.get(f"/desk/{page}/")
