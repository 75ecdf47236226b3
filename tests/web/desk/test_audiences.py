"""Saved audiences at the desk: written, counted, used, changed, deleted."""

import pytest

from tests.builders import make_officer
from weijing.accounts.models import Role
from weijing.audiences.models import SavedAudience
from weijing.territory.models import Station

PAGE = "/desk/audiences/"


@pytest.fixture
def author(desk):
    return desk.client(desk.author)


def save(author, said: str, name: str = "货车"):
    return author.post(PAGE, {"audience": said, "name": name, "note": "每月一次"})


def test_an_author_saves_one_and_writes_to_it(author, desk):
    answer = save(author, "标签(重型货车)")
    assert answer.status_code == 302
    page = author.get(PAGE).content.decode()
    assert "货车" in page
    assert "有标签重型货车的群众" in page
    composer = author.get("/desk/campaigns/new/", {"audience": "受众(货车)"}).content.decode()
    assert "属于受众「货车」" in composer


def test_what_cannot_be_read_comes_back_with_its_place(author):
    answer = save(author, "标签(没有这个)")
    assert answer.status_code == 422
    assert "第 4 个字" in answer.content.decode()
    assert "每月一次" in answer.content.decode(), "nothing typed is lost"
    assert not SavedAudience.objects.exists()


def test_a_count_before_saving(author):
    page = author.get(PAGE, {"audience": "全县"}).content.decode()
    assert "读一遍" in page
    assert not SavedAudience.objects.exists()


def test_deleting_what_another_uses_is_refused(author):
    save(author, "女", "甲")
    save(author, "受众(甲) 且 年龄(18-)", "乙")
    first = SavedAudience.objects.get(name="甲")
    page = author.post(f"{PAGE}{first.pk}/delete/", follow=True).content.decode()
    assert "受众「乙」用到它" in page
    second = SavedAudience.objects.get(name="乙")
    author.post(f"{PAGE}{second.pk}/delete/")
    author.post(f"{PAGE}{first.pk}/delete/")
    assert not SavedAudience.objects.exists()


def test_a_chief_looks_but_does_not_save(desk):
    chief = desk.client(desk.chief)
    assert chief.get(PAGE).status_code == 200
    assert save(chief, "女").status_code == 403
    assert not SavedAudience.objects.exists()


def test_the_composer_offers_who_received_something_and_saved_audiences(author):
    save(author, "女", "妇女")
    tree = {"kind-r": "all", "field-r-0": "received", "days-r-0": "7", "topic-r-0": "disaster",
            "field-r-1": "saved", "saved-r-1": "妇女", "title": "试"}  # fmt: skip
    page = author.post("/desk/campaigns/new/", tree, follow=True).content.decode()
    assert "最近 7 天收到过防灾避险群发" in page
    assert "属于受众「妇女」" in page


def test_what_another_has_saved_is_left_to_them_and_to_the_county_desk(author, desk):
    station = Station.objects.get(county=desk.county, name="小沙江派出所")
    local = make_officer(desk.county, "local", Role.CAMPAIGN_AUTHOR, station=station)
    theirs = desk.client(local)
    save(author, "女", "甲")
    first = SavedAudience.objects.get()
    answer = save(theirs, "男", "甲")
    assert answer.status_code == 422
    assert f"是{desk.author.name}存的" in answer.content.decode()
    assert theirs.post(f"{PAGE}{first.pk}/delete/").status_code == 403
    assert "删掉" not in theirs.get(PAGE).content.decode()
    assert SavedAudience.objects.get().tree == {"sex": "f"}
    save(theirs, "男", "乙")
    assert "删掉" in theirs.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"field-r-0": "age", "from-r-0": "9" * 5_000},
        {"field-r-0": "received", "days-r-0": "9" * 5_000},
        {"field-r-0": "sex", "remove-r-²": "1"},
        {"field-r-0": "sex", f"remove-r-{'9' * 5_000}": "1"},
        {"field-r-0": "sex", "add-condition": "r-²"},
        {"field-r-²": "sex"},
        {f"field-r-{'9' * 5_000}": "sex"},
        {"field-r-0": "sex", "remove-r-0-0": "1"},
    ],
)
def test_numbers_that_are_none_break_no_form(author, fields):
    answer = author.post("/desk/campaigns/new/", {"kind-r": "all", "title": "试", **fields})
    assert answer.status_code in (200, 302, 400, 422)
