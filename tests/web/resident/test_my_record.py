"""What a resident reads, chooses, asks and takes along; and never anybody else's."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from tests.web.markup import Page
from tests.web.resident.conftest import Village
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.privacy.models import RightsRequest
from weijing.residents.models import ConsentRecord, Resident


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def consents(village: Village) -> list[str]:
    village.resident.refresh_from_db()
    return list(village.resident.consents)


def test_each_item_stands_with_its_purpose_source_ground_and_retention(phone: Client) -> None:
    page = text(phone.get("/r/me/"))
    assert "154****0412" in page
    assert "15400000412" not in page
    assert "普通摩托车" in page
    assert page.count("用途：") == page.count("保存到") > 5


def test_who_looked_is_said_with_name_and_reason(village: Village, phone: Client) -> None:
    trail.viewed(
        village.desk, Resident._meta.label_lower, [village.resident.pk], purpose="desk.visit",
        at=clock.now() - timedelta(minutes=1),
    )  # fmt: skip
    assert "走访前核对" in text(phone.get("/r/me/"))
    page = text(phone.get("/r/me/seen/"))
    assert "胡示范" in page
    assert "小沙江派出所" in page


def test_no_box_is_ticked_for_anybody(phone: Client) -> None:
    page = text(phone.get("/r/me/"))
    assert 'aria-checked="true"' not in page
    assert page.count("未同意") == 1


def test_one_tap_subscribes_and_one_tap_ends_it(village: Village, phone: Client) -> None:
    phone.post("/r/me/choices/publicity/", {"given": "yes"})
    assert consents(village) == ["contact", "publicity"]
    page = text(phone.get("/r/me/"))
    assert 'aria-checked="true"' in page

    answer = phone.post("/r/me/choices/publicity/", {"given": "no"}, follow=True)
    assert "已退订，马上停止发送。" in text(answer)
    assert consents(village) == ["contact"]
    row = ConsentRecord.objects.filter(scope="publicity").latest("pk")
    assert (row.channel, row.notice_version, row.recorded_by) == ("phone_page", "2026-11", None)


def test_a_sensitive_group_is_agreed_to_with_its_sentence_in_view(
    village: Village, phone: Client
) -> None:
    assert "我单独同意登记「老年人关爱」这一类标签" in text(phone.get("/r/me/choices/GRD02/"))
    assert "先单独同意" in text(phone.get("/r/me/tags/GRD02/"))
    phone.post("/r/me/tags/GRD02/", {"tags": ["GRD02001"]})
    assert not village.resident.tag_assignments.filter(tag__code="GRD02001").exists()

    phone.post("/r/me/choices/GRD02/", {"given": "yes"})
    phone.post("/r/me/tags/GRD02/", {"tags": ["GRD02001", "XXX"]})
    assert "独居老人" in text(phone.get("/r/me/"))

    phone.post("/r/me/choices/GRD02/", {"given": "no"})
    assert "独居老人" not in text(phone.get("/r/me/"))


@pytest.mark.parametrize("scope", ["contact", "GRD99", "everything", "../x", "TRF02"])
def test_what_is_not_offered_cannot_be_agreed_to(phone: Client, scope: str) -> None:
    assert phone.post(f"/r/me/choices/{scope}/", {"given": "yes"}).status_code == 404
    assert not ConsentRecord.objects.filter(channel="phone_page").exists()


def test_who_wants_no_contact_ends_everything_and_may_come_back(
    village: Village, phone: Client
) -> None:
    phone.post("/r/me/choices/publicity/", {"given": "yes"})
    phone.post("/r/me/end/")
    assert consents(village) == []
    page = text(phone.get("/r/me/"))
    assert "同意联系我" in page
    phone.post("/r/me/begin/")
    assert consents(village) == ["contact"]


def test_a_correction_is_asked_for_and_followed(village: Village, phone: Client) -> None:
    address = "/r/me/requests/new/?kind=correct&field=phone"
    answer = phone.post(address, {"wanted": "154 0000 0999", "words": "换号了"}, follow=True)
    page = text(answer)
    asked = RightsRequest.objects.get()
    assert answer.redirect_chain[-1][0] == f"/r/me/requests/{asked.number}/"
    assert "154****0999" in page
    assert "核实身份" in page
    assert asked.number in text(phone.get("/r/me/"))
    village.resident.refresh_from_db()
    assert village.resident.phone == "15400000412"  # until somebody has checked who asks


def test_what_is_wrong_is_said_at_the_form_and_kept_in_it(phone: Client) -> None:
    answer = phone.post("/r/me/requests/new/?kind=correct&field=phone", {"wanted": "12345"})
    assert answer.status_code == 422
    page = text(answer)
    assert "电话应为 11 位数字" in page
    assert 'value="12345"' in page


def test_a_second_tap_finds_the_first_request(phone: Client) -> None:
    for _ in range(2):
        answer = phone.post("/r/me/requests/new/?kind=delete", {}, follow=True)
    assert "已经提交过同样的申请" in text(answer)
    assert RightsRequest.objects.count() == 1


@pytest.mark.parametrize(
    "query", ["kind=steal", "kind=correct&field=ordinal", "kind=withdraw", "kind="]
)
def test_only_what_is_offered_can_be_asked(phone: Client, query: str) -> None:
    assert phone.get(f"/r/me/requests/new/?{query}").status_code == 404


def test_a_number_read_over_somebody_s_shoulder_opens_nothing(
    village: Village, phone: Client
) -> None:
    neighbour = village.visit(village.neighbour)
    neighbour.post("/r/me/requests/new/?kind=complaint", {"words": "半夜打电话"})
    number = RightsRequest.objects.get().number

    assert neighbour.get(f"/r/me/requests/{number}/").status_code == 200
    assert phone.get(f"/r/me/requests/{number}/").status_code == 404
    assert "半夜打电话" not in text(phone.get("/r/me/"))


def test_a_form_from_another_site_changes_nothing(village: Village) -> None:
    client = village.visit(village.resident, Client(enforce_csrf_checks=True))
    for path, data in (
        ("/r/me/choices/publicity/", {"given": "yes"}),
        ("/r/me/end/", {}),
        ("/r/me/links/", {}),
        ("/r/me/requests/new/?kind=delete", {}),
    ):
        assert client.post(path, data).status_code == 403
    assert consents(village) == ["contact"]
    assert not RightsRequest.objects.exists()
    assert client.get("/r/me/").status_code == 200


@pytest.mark.parametrize("path", ["/r/me/begin/", "/r/me/links/", "/r/leave/"])
def test_a_link_that_is_only_looked_at_changes_nothing(phone: Client, path: str) -> None:
    assert phone.get(path).status_code == 405


def test_the_copy_is_whole_and_its_taking_is_noted(village: Village, phone: Client) -> None:
    page = text(phone.get("/r/me/copy/"))
    assert "15400000412" in page
    answer = phone.get("/r/me/copy/file/")
    assert "attachment" in answer["Content-Disposition"]
    assert "15400000412" in json.dumps(json.loads(answer.content), ensure_ascii=False)
    assert "王示例" not in text(answer)
    entry = AuditEntry.objects.get(action="resident.copy_taken")
    assert entry.object_id == village.resident.pk


def test_the_notice_of_each_version_is_readable_by_all(village: Village) -> None:
    page = text(Client().get("/r/notice/2026-11/"))
    assert "个人信息处理告知书" in page
    assert "隆回县公安局" in page
    assert Client().get("/r/notice/1999-01/").status_code == 404
    assert Client().get("/r/notice/..%2Fsecrets/").status_code == 404


@pytest.mark.parametrize("size", ["std", "care"])
def test_every_page_is_whole_markup_and_one_heading(
    village: Village, phone: Client, size: str
) -> None:
    for path in ("/r/", "/r/me/", "/r/me/seen/", "/r/me/copy/", "/r/verify/", "/r/notice/"):
        page = Page(text(phone.get(f"{path}?size={size}")))
        assert len(page.all("h1")) == 1, path
