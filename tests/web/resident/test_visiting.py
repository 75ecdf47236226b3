"""The way in: by one's own link, to one's own page, until it ends."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from tests.builders import make_resident
from tests.web.resident.conftest import Village
from weijing.core import clock
from weijing.residents import links
from weijing.residents.models import IdentitySharer, Resident
from weijing.web.resident import visiting

OWN_PAGES = (
    "/r/me/", "/r/me/seen/", "/r/me/copy/", "/r/me/copy/file/", "/r/me/choices/publicity/",
    "/r/me/choices/GRD02/", "/r/me/tags/GRD02/", "/r/me/end/", "/r/me/requests/new/",
)  # fmt: skip


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_the_link_becomes_a_cookie_and_an_address_without_the_key(village: Village) -> None:
    client, key = Client(), village.key(village.resident)
    answer = client.get(f"/r/open/{key}/")

    assert (answer.status_code, answer["Location"]) == (302, "/r/")
    cookie = answer.cookies[visiting.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/r/"
    assert key not in cookie.value
    assert "罗样例" in text(client.get("/r/"))


def test_a_visit_is_no_officer_s_session(village: Village, phone: Client) -> None:
    assert "sessionid" not in phone.cookies
    for address in ("/o/today/", "/desk/"):
        assert phone.get(address).status_code == 302
    officer = Client()
    officer.force_login(village.officer, backend="weijing.accounts.signing_in.PasswordBackend")
    assert officer.get("/r/me/").status_code == 302  # and the other way round


@pytest.mark.parametrize("path", OWN_PAGES)
def test_nothing_of_a_person_is_shown_without_their_link(village: Village, path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/r/")
    assert "罗样例" not in text(Client().get("/r/"))


@pytest.mark.parametrize("path", OWN_PAGES)
def test_own_pages_open_and_are_never_kept(phone: Client, path: str) -> None:
    answer = phone.get(path)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("forged", ["1", "x:y:z", "null", "7530910335889434099:1abc:sig"])
def test_a_forged_cookie_opens_nothing(village: Village, forged: str) -> None:
    village.key(village.resident)
    client = Client()
    client.cookies[visiting.COOKIE] = forged
    assert client.get("/r/me/").status_code == 302


def test_a_cookie_signed_for_something_else_opens_nothing(village: Village) -> None:
    from django.core import signing

    client, door = (
        Client(),
        links.open_with(village.county.pk, village.key(village.resident), at=clock.now()),
    )
    client.cookies[visiting.COOKIE] = signing.dumps(door.pk, salt="something else")
    assert client.get("/r/me/").status_code == 302


def test_a_forged_key_is_told_how_to_get_a_true_one(village: Village) -> None:
    client = Client()
    answer = client.get("/r/open/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/", follow=True)
    assert "这个链接已失效" in text(answer)
    assert visiting.COOKIE not in client.cookies


def test_no_log_line_holds_a_key(
    village: Village, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    key = village.key(village.resident)
    Client().get(f"/r/open/{key}/")
    links.end(village.resident, by=None, at=clock.now())
    Client().get(f"/r/open/{key}/", follow=True)
    Client().post(f"/r/open/{key}/")
    said = capfd.readouterr()
    assert key not in caplog.text + said.out + said.err


def test_an_ended_link_ends_the_open_page(village: Village, phone: Client) -> None:
    links.end(village.resident, by=None, at=clock.now())
    assert phone.get("/r/me/").status_code == 302
    assert phone.post("/r/me/choices/publicity/", {"given": "yes"}).status_code == 302
    village.resident.refresh_from_db()
    assert "publicity" not in village.resident.consents


def test_a_cookie_is_good_for_a_week_and_the_link_for_180_days(village: Village) -> None:
    now, client = clock.now(), village.visit(village.resident)
    with time_machine.travel(now + timedelta(days=8), tick=False):
        assert client.get("/r/me/").status_code == 302
        assert village.visit(village.resident, client).get("/r/me/").status_code == 200
    with time_machine.travel(now + timedelta(days=181), tick=False):
        assert village.visit(village.resident, client).get("/r/me/").status_code == 302


def test_the_second_link_opened_on_a_phone_is_the_second_person(village: Village) -> None:
    client = village.visit(village.resident)
    village.visit(village.neighbour, client)
    page = text(client.get("/r/me/"))
    assert "王示例" in page
    assert "罗样例" not in page


def test_leaving_forgets_the_phone_and_closing_ends_all_links(
    village: Village, phone: Client
) -> None:
    other_phone = village.visit(village.resident)
    phone.post("/r/leave/")
    assert phone.get("/r/me/").status_code == 302
    assert other_phone.get("/r/me/").status_code == 200

    village.visit(village.resident, phone).post("/r/me/links/")
    assert other_phone.get("/r/me/").status_code == 302
    assert village.visit(village.resident).get("/r/me/").status_code == 302


def test_the_page_says_whose_it_is_when_a_couple_shares_a_wechat(village: Village) -> None:
    wife = make_resident(village.resident.division, "周样本")
    IdentitySharer.objects.create(
        county=village.county, identity=village.contact.identity, resident=wife,
        recorded_at=clock.now(),
    )  # fmt: skip
    husband_s, wife_s = (
        text(village.visit(person).get("/r/")) for person in (village.resident, wife)
    )
    assert "这是 <b>罗样例</b> 的专页" in husband_s
    assert "共用这个微信的家人，请民警另发链接" in husband_s
    assert "周样本" not in husband_s
    assert "这是 <b>周样本</b> 的专页" in wife_s


def test_a_stranger_sees_only_what_wechat_told(village: Village) -> None:
    stranger = make_resident(
        None, "阳光", county=village.county, lifecycle=Resident.Lifecycle.PROVISIONAL, born_on=None
    )
    page = text(village.visit(stranger).get("/r/me/"))
    assert "还没有登记您的姓名和住址" in page
    for other in ("罗样例", "桃李村", "1540"):
        assert other not in page


def test_110_comes_before_the_officer_and_the_officer_before_the_rest(
    village: Village, phone: Client
) -> None:
    village.officer.phone = "15400000001"
    village.officer.save()
    page = text(phone.get("/r/"))
    order = [page.index(word) for word in ("tel:110", "阳模拟", "关于我的信息")]
    assert order == sorted(order)
    assert "tel:15400000001" in page
    assert "小沙江派出所" in page


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "罗'\"样"]
)
def test_a_name_is_a_name_and_never_markup(village: Village, name: str) -> None:
    Resident.objects.filter(pk=village.resident.pk).update(name=name)
    village.contact.identity.nickname = name
    village.contact.identity.save()
    client = village.visit(village.resident)
    for path in ("/r/", *OWN_PAGES):
        answer = client.get(path)
        if answer["Content-Type"].startswith("text/html"):
            assert "<script>alert" not in text(answer)
            assert "<img src=x" not in text(answer)
        else:  # a file to keep, which no browser takes for a page
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Content-Disposition"].startswith("attachment")


def test_an_error_leads_back_to_the_resident_s_own_first_page(phone: Client) -> None:
    page = text(phone.get("/r/me/requests/SQ-AAAAAA/"))
    assert 'href="/r/"' in page
    assert 'href="/sign-in/"' not in page
