"""The desk and the remarks in WeCom: what officers changed there, and what was refused."""

import pytest

from tests.web.desk.conftest import Desk
from weijing.core import clock
from weijing.residents.models import Contact, RemarkProposal, RemarkWrite, Resident

PAGE = "/desk/labelling/"


@pytest.fixture
def corrected(desk: Desk) -> RemarkProposal:
    """A labelled friend of 小沙江's officer, whose remark was changed in WeCom."""
    person = desk.person("文样例", "小沙江镇", "桃李村", "1组", roll_digest=b"x")
    contact = Contact.objects.get(identity__resident=person)
    Contact.objects.filter(pk=contact.pk).update(
        labelled_at=contact.added_at, remark="桃李1组-文示范"
    )
    return RemarkProposal.objects.create(
        county=desk.county, contact=contact, remark="桃李1组-文示范", seen_at=clock.now()
    )


@pytest.fixture
def refused(desk: Desk) -> RemarkWrite:
    person = desk.person("闵样例", "小沙江镇", "桃李村", "2组")
    return RemarkWrite.objects.create(
        county=desk.county,
        contact=Contact.objects.get(identity__resident=person),
        refused_code=84061,
        refused_at=clock.now(),
    )


def page(desk: Desk, officer) -> str:
    return desk.client(officer).get(PAGE).content.decode()


def test_the_desk_reads_what_was_changed_and_what_would_follow(desk, corrected):
    said = page(desk, desk.chief)
    assert "桃李1组-文示范" in said
    assert "姓名 文样例 → 文示范" in said
    assert "采纳更正" in said


def test_the_station_accepts_also_an_imported_name(desk, corrected):
    client = desk.client(desk.chief)
    answer = client.post(f"{PAGE}corrections/{corrected.pk}/", {"decision": "accept"})
    assert answer["Location"] == PAGE
    assert Resident.objects.get(pk=corrected.contact.identity.resident_id).name == "文示范"
    assert "企业微信里改过的备注" not in page(desk, desk.chief)


def test_a_second_decision_changes_nothing_and_says_so(desk, corrected):
    client = desk.client(desk.chief)
    for decision in ("restore", "accept"):
        client.post(f"{PAGE}corrections/{corrected.pk}/", {"decision": decision})
    assert "刚刚已经处理过，没有再改" in client.get(PAGE).content.decode()
    assert Resident.objects.get(pk=corrected.contact.identity.resident_id).name == "文样例"


def test_a_desk_that_only_reads_gets_no_buttons_and_cannot_decide(desk, corrected):
    said = page(desk, desk.author)
    assert "桃李1组-文示范" in said
    assert "采纳更正" not in said
    desk.client(desk.author).post(f"{PAGE}corrections/{corrected.pk}/", {"decision": "accept"})
    corrected.refresh_from_db()
    assert corrected.state == "open"


def test_a_refused_remark_is_listed_in_words_and_written_once_more(desk, refused):
    said = page(desk, desk.chief)
    assert "已不是好友，备注没有写。" in said
    assert "闵样例" not in said.split('id="refused"')[1]
    client = desk.client(desk.chief)
    assert client.post(f"{PAGE}remarks/{refused.contact_id}/").status_code == 302
    refused.refresh_from_db()
    assert refused.due_at is not None


def test_another_station_s_remarks_do_not_exist(desk, refused, corrected):
    Contact.objects.update(officer=desk.officers["金石桥镇"])
    said = page(desk, desk.chief)
    assert "桃李1组-文示范" not in said
    assert "没写进企业微信的备注" not in said
    client = desk.client(desk.chief)
    assert client.post(f"{PAGE}remarks/{refused.contact_id}/").status_code == 404
    assert client.post(f"{PAGE}corrections/{corrected.pk}/").status_code == 404
