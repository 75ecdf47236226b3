"""An officer's own code, shown and printed; a household's code, shown at its door."""

from datetime import timedelta
from uuid import uuid4

from tests.builders import make_household, make_officer
from tests.residents.test_printing import qr
from weijing.accounts import identity_codes
from weijing.accounts.models import Role
from weijing.core import clock
from weijing.residents.models import ContactWay, DoorVisit
from weijing.residents.ways import leading


def text(answer):
    return answer.content.decode()


def made(way):
    ContactWay.objects.filter(pk=way.pk).update(
        picture=qr(), config_id="c", due_at=None, member_userids=["yang"]
    )
    way.refresh_from_db()
    return way


def test_an_officer_asks_for_a_code_once_and_sees_it_when_it_is_made(beat):
    assert "生成我的码" in text(beat.client.get("/o/me/card/"))

    for _ in range(2):
        assert beat.client.post("/o/me/card/").status_code == 302
    way = ContactWay.objects.get()
    waiting = text(beat.client.get("/o/me/card/"))
    assert "正在向企业微信要码" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "生成我的码" not in waiting

    made(way)
    shown = text(beat.client.get("/o/me/card/", headers={"HX-Request": "true"}))
    assert "data:image/png;base64," in shown
    assert "hx-trigger" not in shown
    assert "<html" not in shown


def test_the_card_page_shows_the_code_of_the_week(beat):
    page = text(beat.client.get("/o/me/card/"))
    assert identity_codes.code_of(beat.officer, at=clock.now()) in page


def test_a_refusal_is_said_and_can_be_tried_again(beat):
    beat.client.post("/o/me/card/")
    ContactWay.objects.update(refused_because="41054", due_at=None)

    page = text(beat.client.get("/o/me/card/"))
    assert "还没激活企业微信" in page
    assert "再要一次我的码" in page
    beat.client.post("/o/me/card/")
    assert ContactWay.objects.get().due_at is not None


def test_who_cannot_be_added_is_told_whom_to_ask(beat):
    type(beat.officer).objects.filter(pk=beat.officer.pk).update(serves_residents=False)
    page = text(beat.client.post("/o/me/card/", follow=True))
    assert "请系统管理员在企业微信里开通「客户联系」" in page
    assert not ContactWay.objects.exists()


def test_cards_come_as_files_under_names_that_people_read(beat):
    beat.client.post("/o/me/card/")
    made(leading.of_officer(beat.officer))

    sheet = beat.client.get("/o/me/card/files/sheet/pdf/")
    assert sheet["Content-Type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF")
    assert "%E9%98%B3%E6%A8%A1%E6%8B%9F" in sheet["Content-Disposition"]
    one = beat.client.get("/o/me/card/files/card/svg/")
    assert one["Content-Type"] == "image/svg+xml"
    assert "阳模拟" in text(one)


def test_there_is_no_card_before_there_is_a_code(beat):
    answer = beat.client.get("/o/me/card/files/card/pdf/", follow=True)
    assert "二维码还没有做好" in text(answer)
    assert beat.client.get("/o/me/card/files/house/pdf/").status_code == 404
    assert beat.client.get("/o/me/card/files/card/exe/").status_code == 404


def test_a_name_the_pdf_cannot_show_is_pointed_out(beat):
    type(beat.officer).objects.filter(pk=beat.officer.pk).update(name="阳𬭩")
    beat.client.post("/o/me/card/")
    made(leading.of_officer(beat.officer))
    assert "PDF 印不出「𬭩」" in text(beat.client.get("/o/me/card/"))


# --- at the door ---------------------------------------------------------------------------------


def test_a_household_s_code_is_made_for_the_officer_at_the_door(beat):
    home = make_household(beat.place(), "7")
    address = f"/o/grid/households/{home.pk}/code/"
    assert address in text(beat.client.get(f"/o/grid/households/{home.pk}/"))

    beat.client.post(address)
    way = ContactWay.objects.get()
    assert (way.household, way.officer) == (home, beat.officer)
    made(way)
    page = text(beat.client.get(address))
    assert "data:image/png;base64," in page
    assert "30</span> 天后作废" in page


def test_a_household_that_refused_is_shown_no_code_and_none_is_made(beat):
    home = make_household(beat.place(), "7")
    DoorVisit.objects.create(
        county=beat.county, household=home, officer=beat.officer, outcome="refused",
        at=clock.now() - timedelta(days=3), recorded_at=clock.now(), phone_key=uuid4(),
    )  # fmt: skip
    address = f"/o/grid/households/{home.pk}/code/"

    page = text(beat.client.get(address))
    assert "请不要再问" in page
    assert "生成这户的码" not in page
    assert "请不要再问" in text(beat.client.post(address, follow=True))
    assert not ContactWay.objects.exists()


def test_a_household_of_another_grid_is_not_there(beat):
    home = make_household(beat.place(village="红星村"), "7")
    for answer in (
        beat.client.get(f"/o/grid/households/{home.pk}/code/"),
        beat.client.post(f"/o/grid/households/{home.pk}/code/"),
    ):
        assert answer.status_code == 404


def test_another_officer_s_code_of_the_same_door_is_not_mine(beat):
    home = make_household(beat.place(), "7")
    other = make_officer(beat.county, "zhou", Role.VILLAGE_AUXILIARY, serves_residents=True)
    way = ContactWay.objects.create(
        county=beat.county, household=home, officer=other, state="wOTHER", created_at=clock.now()
    )
    made(way)
    page = text(beat.client.get(f"/o/grid/households/{home.pk}/code/"))
    assert "生成这户的码" in page
