"""The station answers what residents ask about their data, in time and with reasons."""

from datetime import date, timedelta

import pytest
from django.test import Client

from tests.builders import division, make_officer
from tests.web.resident.conftest import Village, phone, village
from weijing.accounts.models import Role
from weijing.core import clock
from weijing.privacy import requesting
from weijing.privacy.models import RightsRequest
from weijing.territory.models import Station
from weijing.web.due_days import due_word

__all__ = ["phone", "village"]
BACKEND = "weijing.accounts.signing_in.PasswordBackend"


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


@pytest.fixture
def desk(village: Village) -> Client:
    client = Client()
    client.force_login(village.desk, backend=BACKEND)
    return client


def ask(village: Village, kind: str = "correct", **fields: str) -> RightsRequest:
    if kind == "correct":
        fields = {"field": "phone", "wanted": "15400000999", **fields}
    return requesting.submit(village.resident, kind, by=None, at=clock.now(), **fields)  # type: ignore[arg-type]


def address(request: RightsRequest) -> str:
    return f"/desk/requests-of-residents/{request.number}/"


def test_the_list_is_masked_and_shows_the_deadline_and_the_count(
    village: Village, desk: Client
) -> None:
    ask(village)
    page = text(desk.get("/desk/requests-of-residents/"))
    assert "罗**" in page
    assert "罗样例" not in page
    assert "个工作日" in page
    assert "待核实身份" in page
    assert "群众申请" in page


def test_a_correction_goes_its_way_and_the_resident_reads_the_answer(
    village: Village, desk: Client, phone: Client
) -> None:
    asked = ask(village)
    assert "15400000999" in text(desk.get(address(asked)))
    desk.post(address(asked), {"step": "check", "how": "call"})
    desk.post(address(asked), {"step": "grant"})
    desk.post(address(asked), {"step": "answer", "words": "电话已改好，谢谢。"})

    village.resident.refresh_from_db()
    assert village.resident.phone == "15400000999"
    page = text(phone.get(f"/r/me/requests/{asked.number}/"))
    assert "电话已改好，谢谢。" in page
    assert "已答复" in page
    assert "154****0999" in text(phone.get("/r/me/"))


def test_a_refusal_reaches_the_resident_with_ground_and_remedy(
    village: Village, desk: Client, phone: Client
) -> None:
    asked = ask(village, "delete")
    desk.post(address(asked), {"step": "check", "how": "in_person"})
    empty = desk.post(address(asked), {"step": "refuse", "words": " "})
    assert empty.status_code == 422
    assert "请写明不能办理的依据" in text(empty)
    desk.post(address(asked), {"step": "refuse", "words": "案件在办，依法留存。"})
    page = text(phone.get(f"/r/me/requests/{asked.number}/"))
    assert "案件在办，依法留存。" in page
    assert "人民法院" in page
    assert "不予办理" in page


def test_an_address_is_chosen_and_moved_to(village: Village, desk: Client) -> None:
    asked = ask(village, field="address", wanted="搬到二组 7 号了")
    desk.post(address(asked), {"step": "check", "how": "known"})
    assert "桃李村 2组" in text(desk.get(address(asked)))
    nowhere = desk.post(address(asked), {"step": "grant"})
    assert nowhere.status_code == 422

    group = division(village.county, "小沙江镇", "桃李村", "2组")
    desk.post(address(asked), {"step": "grant", "division": group.code, "address": "7"})
    village.resident.refresh_from_db()
    assert (village.resident.division, village.resident.household.address) == (group, "7号")


def test_deletion_leaves_the_page_to_read_the_answer_on(
    village: Village, desk: Client, phone: Client
) -> None:
    asked = ask(village, "delete")
    desk.post(address(asked), {"step": "check", "how": "in_person"})
    assert "依法保留" in text(desk.get(address(asked)))
    desk.post(address(asked), {"step": "grant"})
    village.resident.refresh_from_db()
    assert (village.resident.phone, village.resident.consents) == ("", [])
    page = text(phone.get("/r/me/"))
    assert "154" not in page
    assert "普通摩托车" not in page
    desk.post(address(asked), {"step": "answer", "words": "已删除。"})
    assert "已删除。" in text(phone.get(f"/r/me/requests/{asked.number}/"))


def test_a_step_that_somebody_else_took_is_said_and_not_repeated(
    village: Village, desk: Client
) -> None:
    asked = ask(village)
    desk.post(address(asked), {"step": "check", "how": "call"})
    again = desk.post(address(asked), {"step": "check", "how": "call"})
    assert again.status_code == 422
    assert "刚刚有人办过" in text(again)
    assert desk.post(address(asked), {"step": "explode"}).status_code == 404


def test_another_station_does_not_know_of_it(village: Village) -> None:
    asked = ask(village)
    station = Station.objects.get(county=village.county, name="金石桥派出所")
    far = make_officer(village.county, "far", Role.STATION_COMMAND, station=station)
    client = Client()
    client.force_login(far, backend=BACKEND)
    assert asked.number not in text(client.get("/desk/requests-of-residents/"))
    assert client.get(address(asked)).status_code == 404


def test_who_only_writes_campaigns_reads_but_does_not_decide(village: Village) -> None:
    asked = ask(village)
    author = make_officer(village.county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    client = Client()
    client.force_login(author, backend=BACKEND)
    assert "由所在派出所综合指挥室办理" in text(client.get(address(asked)))
    assert client.post(address(asked), {"step": "check", "how": "call"}).status_code == 403
    assert RightsRequest.objects.get().state == "received"


def test_who_comes_to_the_station_is_written_down(village: Village, desk: Client) -> None:
    here = f"/desk/contacts/{village.resident.pk}/requests/new/"
    assert desk.get(here).status_code == 200
    desk.post(here, {"kind": "access", "words": "想看看记了什么", "channel": "in_person"})
    asked = RightsRequest.objects.get()
    assert (asked.kind, asked.channel, asked.received_by) == ("access", "in_person", village.desk)
    wrong = desk.post(
        here, {"kind": "correct", "field": "phone", "wanted": "1", "channel": "letter"}
    )
    assert wrong.status_code == 422
    assert "11 位数字" in text(wrong)


@pytest.mark.parametrize(
    ("due", "word", "state"),
    [
        (date(2026, 12, 15), "剩 15 个工作日", "on_time"),
        (date(2026, 11, 27), "剩 3 个工作日", "due_soon"),
        (date(2026, 11, 24), "今天到期", "due_soon"),
        (date(2026, 11, 20), "超 4 天", "overdue"),
    ],
)
def test_a_deadline_counts_in_working_days(due: date, word: str, state: str) -> None:
    assert due_word(due, today=date(2026, 11, 24)) == (word, state)


def test_nothing_is_due_on_a_day_off(village: Village) -> None:
    asked = ask(village)
    assert asked.due_on > clock.today() + timedelta(days=15)
