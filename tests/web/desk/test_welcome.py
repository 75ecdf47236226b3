"""The words of welcome at the desk: written, looked at, kept, taken back."""

import pytest

from tests.builders import beat_of
from weijing.residents.models import WelcomeText
from weijing.residents.ways import welcoming


@pytest.fixture
def beat(desk):
    return beat_of(desk.county, "小沙江镇", "桃李村")


@pytest.fixture
def chief(desk):
    return desk.client(desk.chief)


def text(answer):
    return answer.content.decode()


def address(beat):
    return f"/desk/welcome/{beat.pk}/"


def save(client, beat, words, seen=""):
    return client.post(address(beat), {"text": words, "seen": seen, "action": "save"}, follow=True)


def test_a_beat_s_words_are_saved_and_shown_as_the_resident_will_see_them(desk, chief, beat):
    page = text(save(chief, beat, "您好，我是{单位}{姓名}，管{网格}。"))
    assert "下一位新好友就收到这一段" in page
    assert "您好，我是隆回县公安局阳模拟，管桃李村网格。" in page
    assert "您的信息只用来联系您、为您办事" in page
    assert welcoming.in_force(desk.county.pk, beat.pk)[0].startswith("您好，我是{单位}")
    assert "自己的" in text(chief.get("/desk/welcome/"))


def test_a_look_saves_nothing(chief, beat):
    typed = {"text": "看一看{姓名}。", "seen": ""}
    looked = chief.post(address(beat), typed, headers={"HX-Request": "true"})
    assert "看一看阳模拟。" in text(looked)
    assert "<html" not in text(looked)
    assert not WelcomeText.objects.exists()


def test_without_words_of_its_own_the_page_shows_what_is_sent(chief, beat):
    page = text(chief.get(address(beat)))
    assert "没有写，发的是软件自带的" in page
    assert "遇到可疑电话和转账" in page


def test_what_is_too_long_or_has_strange_blanks_stays_in_the_field(chief, beat):
    for words, said in (("好" * 1_300, "字节"), ("您好，{电话}", "其他大括号请删掉")):
        answer = save(chief, beat, words)
        assert answer.status_code == 422
        assert said in text(answer)
        assert words in text(answer)
    assert not WelcomeText.objects.exists()


def test_what_somebody_else_saved_meanwhile_is_not_lost(desk, chief, beat):
    save(desk.client(desk.author), beat, "县局先写的。")
    answer = save(chief, beat, "我后写的。", seen="")
    assert answer.status_code == 409
    assert "我后写的。" in text(answer)
    assert "县局先写的。" in text(answer)  # among the versions
    latest = welcoming.latest(desk.county.pk, beat.pk)
    assert save(chief, beat, "我后写的。", seen=welcoming.version(latest)).status_code == 200


def test_an_earlier_version_can_be_the_beginning_of_the_next(desk, chief, beat):
    save(chief, beat, "第一版。")
    first = welcoming.latest(desk.county.pk, beat.pk)
    save(chief, beat, "第二版。", seen=welcoming.version(first))

    page = text(chief.get(f"{address(beat)}?version={first.pk}"))
    assert ">第一版。</textarea>" in page
    assert chief.get(f"{address(beat)}?version=123").status_code == 404


def test_a_station_reads_the_county_s_words_but_does_not_write_them(desk, chief):
    page = text(chief.get("/desk/welcome/county/"))
    assert "由县局来改" in page
    answer = chief.post("/desk/welcome/county/", {"text": "x", "seen": "", "action": "save"})
    assert answer.status_code == 403
    author = desk.client(desk.author)
    author.post("/desk/welcome/county/", {"text": "全县的话。", "seen": "", "action": "save"})
    assert welcoming.in_force(desk.county.pk, None)[0] == "全县的话。"


def test_markup_in_the_words_is_words(chief, beat):
    page = text(save(chief, beat, "<script>alert(1)</script>您好"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
