"""An officer finds contacts and people of the grid alike, marked and opened ones without typing."""

import re

import pytest

from tests.web.desk.conftest import desk
from weijing.audit.models import AuditEntry
from weijing.residents.finding import names as pinyin
from weijing.residents.models import Favourite, Resident

__all__ = ["desk"]

LIST = "/o/contacts/"


@pytest.fixture
def chief_of_village(desk):
    for person in Resident.objects.all():
        person.pinyin, person.initials = pinyin.sound(person.name)
        person.save(update_fields=["pinyin", "initials"])
    return desk.officers["桃李村"]


def get(desk, officer, url):
    answer = desk.client(officer).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def names(page):
    return re.findall(r'cell__main">([^<]+)<', page)


def test_people_of_the_grid_who_are_no_contacts_are_found_too(desk, chief_of_village):
    page = get(desk, chief_of_village, f"{LIST}?q=欧未联")
    assert names(page) == ["欧**"] and "网格里的其他人" in page and "欧未联</" not in page
    entry = AuditEntry.objects.filter(object_id=desk.residents["欧未联"].pk).get()
    assert entry.purpose == "contact.search"


def test_a_contact_is_not_shown_twice(desk, chief_of_village):
    assert names(get(desk, chief_of_village, f"{LIST}?q=罗样例")) == ["罗**"]


def test_what_sounds_alike_is_shown_and_said(desk, chief_of_village):
    page = get(desk, chief_of_village, f"{LIST}?q=欧为连")
    assert names(page) == ["欧**"] and "读音或写法相近" in page


def test_nobody_of_another_grid_is_found(desk, chief_of_village):
    for text in ("陈示例", "肖远方", "陈是例", "红星", "肖远"):
        assert names(get(desk, chief_of_village, f"{LIST}?q={text}")) == []


@pytest.mark.parametrize("text", ["%00", "%25", "'", "<script>", "罗" * 300, "(", "\\"])
def test_nothing_typed_breaks_the_page(desk, chief_of_village, text):
    assert "<script>" not in re.sub(
        r"<script[^>]* src", "", get(desk, chief_of_village, f"{LIST}?q={text}")
    )


def test_marked_and_opened_people_stand_above_the_list(desk, chief_of_village):
    person, client = desk.residents["欧未联"], desk.client(chief_of_village)
    record = client.get(f"{LIST}{person.pk}/").content.decode()
    assert "收藏 欧未联" in record
    here = f"{LIST}{person.pk}/"
    answer = client.post(f"{here}favourite/", {"mark": "yes", "next": here})
    assert answer.headers["Location"] == here
    assert Favourite.objects.get().officer == chief_of_village
    page = get(desk, chief_of_village, LIST)
    assert "最近看过" in page and names(page)[:2] == ["欧**", "欧**"]
    client.post(f"{here}favourite/", {"mark": "no", "next": here})
    assert not Favourite.objects.exists()


def test_nobody_of_another_grid_is_marked(desk, chief_of_village):
    far = desk.residents["陈示例"]
    answer = desk.client(chief_of_village).post(f"{LIST}{far.pk}/favourite/", {"mark": "yes"})
    assert answer.status_code == 404 and not Favourite.objects.exists()
