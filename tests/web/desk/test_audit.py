"""访问审计: the auditor sees what everybody did and no resident; their own questions are noted."""

import re
from datetime import timedelta

import pytest

from tests.builders import make_officer
from weijing.accounts import appointing
from weijing.accounts.models import Role
from weijing.audit import checkpoints, sealing, trail
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.core.env import keyring
from weijing.residents.models import Resident

PHONE = "15400009999"


@pytest.fixture
def auditor(desk):
    return make_officer(desk.county, "auditor", Role.AUDIT_ADMIN, county_desk=True, name="钱审计")


@pytest.fixture
def looked(desk):
    """The chief was shown the record of 罗样例, who has a phone."""
    person = desk.residents["罗样例"]
    Resident.objects.filter(pk=person.pk).update(
        phone_index=keyring().blind_index(PHONE, purpose="phone")
    )
    at = clock.now()
    trail.viewed(desk.chief, "residents.resident", [person.pk], purpose="desk.visit", at=at)
    return person


def page(desk, reader, /, **query):
    answer = desk.client(reader).get("/desk/audit/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(text):
    return text.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in text else ""


def test_the_auditor_reads_who_did_what_and_no_name_of_a_resident(desk, auditor, looked):
    shown = rows(page(desk, auditor))
    assert desk.chief.name in shown and "资料：查看" in shown and "走访前核对" in shown
    assert f"群众 …{looked.pk % 1_000_000:06d}" in shown
    assert "罗样例" not in shown and "罗**" not in shown


def test_who_saw_somebody_is_found_by_the_phone_and_the_question_is_noted(desk, auditor, looked):
    other = desk.residents["肖远方"]
    trail.viewed(desk.author, "residents.resident", [other.pk], purpose="x", at=clock.now())
    found = rows(page(desk, auditor, whom=PHONE, only="1"))
    assert found.count("<tr>") >= 1 and desk.chief.name in found
    assert desk.author.name not in found
    asked = AuditEntry.objects.get(action="audit.searched")
    assert asked.actor == auditor and asked.details["resident"] == looked.pk
    assert PHONE not in str(asked.details)


def test_what_one_officer_did_is_found_by_name_or_account(desk, auditor, looked):
    for who in (desk.chief.name, desk.chief.username):
        found = rows(page(desk, auditor, who=who))
        assert desk.chief.name in found and "钱审计" not in found
    assert "没有叫「无此人」的民辅警" in page(desk, auditor, who="无此人")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"whom": "12"}, "没有找到：请填完整的手机号或身份证号"),
        ({"from": "2026-11-24", "to": "2026-11-01"}, "开始的日期在结束之后"),
        ({"from": "2020-01-01", "to": "2026-11-01"}, "一次最多查一年"),
    ],
)
def test_what_cannot_be_asked_is_said(desk, auditor, query, said):
    assert said in page(desk, auditor, **query)


@pytest.mark.parametrize(
    "query",
    [{"from": "9999-12-31"}, {"from": "x", "to": "0001-01-01"}, {"who": "\x00"}, {"page": "²"}],
)
def test_odd_questions_break_nothing(desk, auditor, query):
    page(desk, auditor, **query)


def test_the_days_asked_for_are_the_days_shown(desk, auditor, looked):
    long_ago = clock.now() - timedelta(days=100)
    trail.record(desk.author, "campaign.drafted", desk.author, at=long_ago)
    day = clock.local_day(long_ago).isoformat()
    assert "群发：起草" not in rows(page(desk, auditor))
    found = rows(page(desk, auditor, **{"from": day, "to": day}))
    assert found.count("<tr>") == 1 and "群发：起草" in found


@pytest.mark.parametrize("who", ["author", "approver", "chief", "admin"])
def test_nobody_else_opens_it(desk, who):
    assert desk.client(getattr(desk, who)).get("/desk/audit/").status_code == 403


def test_the_auditor_opens_nothing_else(desk, auditor, looked):
    client = desk.client(auditor)
    for closed in (
        f"/desk/contacts/{looked.pk}/", "/desk/contacts/", "/desk/campaigns/", "/desk/coverage/",
        "/desk/health/", "/desk/imports/",
    ):  # fmt: skip
        assert client.get(closed).status_code in (403, 404), closed
    menu = re.findall(r'nav__item" href="([^"]+)"', page(desk, auditor))
    assert menu == ["/desk/audit/"]
    assert client.get("/desk/").status_code == 302
    assert client.get("/desk/")["Location"] == "/desk/audit/"


def test_how_the_trail_is_sealed_stands_beside_it(desk, auditor, looked, monkeypatch, tmp_path):
    from weijing.core.env import environment

    monkeypatch.setattr(environment(), "audit_checkpoints", tmp_path / "kept.jsonl")
    sealing.seal(desk.county.pk, at=clock.now())
    checkpoints.write(desk.county)
    assert "第 1 次" in page(desk, auditor)
    (tmp_path / "kept.jsonl").write_text("{\n")
    assert "读不出来" in page(desk, auditor)


def test_who_checks_the_trail_has_no_other_post(desk, auditor):
    for officer, role in ((auditor, Role.STATION_COMMAND), (desk.chief, Role.AUDIT_ADMIN)):
        with pytest.raises(appointing.MustStaySeparate):
            appointing.give_role(officer, role, by=None, at=clock.now())
    appointing.give_role(auditor, Role.AUDIT_ADMIN, by=None, at=clock.now())
