"""An officer writes down what was said, and gives the resident a door of their own."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.builders import make_officer, make_resident
from tests.web.resident.conftest import Village, phone, village
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.residents import consent
from weijing.residents.models import ConsentRecord, ResidentLink

__all__ = ["phone", "village"]
BACKEND = "weijing.accounts.signing_in.PasswordBackend"


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


@pytest.fixture
def officer(village: Village) -> Client:
    client = Client()
    client.force_login(village.officer, backend=BACKEND)
    return client


def said(**changes: str) -> dict[str, str]:
    at = clock.now().astimezone(clock.COUNTY_TIME) - timedelta(hours=2)
    return {
        "given": "yes", "channel": "face_to_face", "said_at": f"{at:%Y-%m-%dT%H:%M}",
        "read_aloud": "on", **changes,
    }  # fmt: skip


def at(village: Village, scope: str = "") -> str:
    return f"/o/contacts/{village.resident.pk}/consents/" + (f"{scope}/" if scope else "")


def test_the_sentence_to_read_aloud_stands_on_the_sheet(village: Village, officer: Client) -> None:
    page = text(officer.get(at(village, "GRD02")))
    assert "我单独同意登记「老年人关爱」这一类标签" in page
    assert "checked" not in page  # nothing is ticked beforehand


def test_what_was_said_is_written_with_wording_channel_time_and_officer(
    village: Village, officer: Client
) -> None:
    officer.post(at(village, "publicity"), said(channel="wecom"))
    record = ConsentRecord.objects.filter(scope="publicity").get()
    assert (record.given, record.channel, record.notice_version, record.recorded_by) == (
        True, "wecom", "2026-11", village.officer,
    )  # fmt: skip
    assert timedelta(hours=1, minutes=58) < clock.now() - record.at < timedelta(hours=2, minutes=2)
    assert "企业微信" in text(officer.get(at(village)))


def test_a_withdrawal_told_to_the_officer_holds_at_once(village: Village, officer: Client) -> None:
    consent.give(
        village.resident, ["publicity"], by=village.officer, at=clock.now() - timedelta(days=1)
    )
    officer.post(at(village, "publicity"), said(given="no"))
    village.resident.refresh_from_db()
    assert village.resident.consents == ["contact"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"read_aloud": ""}, "请先把上面的话念给本人听"),
        ({"said_at": "2020-01-01T10:00"}, "最近 7 天内"),
        ({"said_at": "2099-01-01T10:00"}, "不能晚于现在"),
        ({"said_at": "昨天"}, "said_at"),
        ({"channel": "phone_page"}, "channel"),
    ],
)
def test_what_cannot_be_true_is_not_written(
    village: Village, officer: Client, change: dict[str, str], word: str
) -> None:
    answer = officer.post(at(village, "publicity"), said(**change))
    assert answer.status_code == 422
    assert word in text(answer)
    assert not ConsentRecord.objects.filter(scope="publicity").exists()


def test_who_refused_is_left_in_peace_unless_they_come_themselves(
    village: Village, officer: Client
) -> None:
    consent.withdraw(village.resident, ["publicity"], by=None, at=clock.now() - timedelta(days=3))
    assert "以前请不要再问" in text(officer.get(at(village, "publicity")))
    answer = officer.post(at(village, "publicity"), said())
    assert answer.status_code == 422
    assert "已表示不愿意" in text(answer)

    officer.post(at(village, "publicity"), said(own_wish="on"))
    village.resident.refresh_from_db()
    assert "publicity" in village.resident.consents


def test_what_the_resident_said_since_stands(village: Village, officer: Client) -> None:
    consent.withdraw(village.resident, ["GRD02"], by=None, at=clock.now() - timedelta(minutes=5))
    answer = officer.post(at(village, "GRD02"), said(own_wish="on"))
    assert answer.status_code == 422
    assert "本人后来又作过选择" in text(answer)


def test_an_officer_of_another_grid_finds_nobody(village: Village) -> None:
    other = make_officer(
        village.county, "hu", Role.VILLAGE_AUXILIARY, beat=_beat(village, "红星村")
    )
    client = Client()
    client.force_login(other, backend=BACKEND)
    for path in (at(village), at(village, "publicity"), f"/o/contacts/{village.resident.pk}/door/"):
        assert client.get(path).status_code == 404
    assert client.post(at(village, "publicity"), said()).status_code == 404
    assert client.post(f"/o/contacts/{village.resident.pk}/door/").status_code == 404
    assert not ResidentLink.objects.exists()


def _beat(village: Village, name: str):
    from tests.builders import beat_of

    return beat_of(village.county, "小沙江镇", name)


def test_a_link_is_made_shown_once_with_its_code_and_opens_that_person_s_page(
    village: Village, officer: Client
) -> None:
    door = f"/o/contacts/{village.resident.pk}/door/"
    page = text(officer.post(door))
    assert "<svg" in page
    found = re.search(r'id="door-url">http://testserver(/r/open/[\w-]{43}/)<', page)
    assert found
    assert found[1] not in text(officer.get(door))  # this once

    visitor = Client()
    visitor.get(found[1])
    assert "这是 <b>罗样例</b> 的专页" in text(visitor.get("/r/"))
    assert AuditEntry.objects.get(action="link.issued").actor == village.officer


def test_all_links_of_a_lost_phone_are_ended(
    village: Village, officer: Client, phone: Client
) -> None:
    officer.post(f"/o/contacts/{village.resident.pk}/door/end/")
    assert phone.get("/r/me/").status_code == 302


def test_a_child_gets_no_link(village: Village, officer: Client) -> None:
    child = make_resident(village.resident.division, "罗小样", born_on=clock.today())
    answer = officer.post(f"/o/contacts/{child.pk}/door/", follow=True)
    assert "请发给监护人本人" in text(answer)
    assert not ResidentLink.objects.filter(resident=child).exists()


def test_the_code_on_my_page_is_the_one_residents_check(village: Village, officer: Client) -> None:
    found = re.search(r'spelled num">(\w{6})<', text(officer.get("/o/me/")))
    assert found
    assert "是真民警。" in text(Client().get(f"/r/verify/{found[1]}/"))


def test_the_duty_phone_is_what_residents_call(
    village: Village, officer: Client, phone: Client
) -> None:
    assert "tel:0739" not in text(phone.get("/r/"))
    officer.post("/o/me/phone/", {"phone": "0739-8888888"})
    assert "tel:0739-8888888" in text(phone.get("/r/"))
    answer = officer.post("/o/me/phone/", {"phone": "javascript:alert(1)"}, follow=True)
    assert "请填手机号" in text(answer)
    assert "tel:0739-8888888" in text(phone.get("/r/"))
    officer.post("/o/me/phone/", {"phone": ""})
    assert "tel:0739" not in text(phone.get("/r/"))
