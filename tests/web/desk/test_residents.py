"""Residents at the desk: masked, within the scope, opened for a purpose, every reading noted."""

import pytest

from weijing.audit.models import AuditEntry
from weijing.residents.models import Resident


def page(desk, officer, url):
    answer = desk.client(officer).get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def viewed(person):
    return AuditEntry.objects.filter(
        action="record.viewed", object_type="residents.resident", object_id=person.pk
    )


def test_lists_mask_names_and_phones(desk):
    said = page(desk, desk.author, "/desk/contacts/")
    assert "罗**" in said and "138****0000" in said
    assert "罗样例" not in said and "13800000000" not in said


def test_a_station_finds_its_own_people_only(desk):
    assert "肖**" in page(desk, desk.author, "/desk/contacts/?q=肖远方")
    said = page(desk, desk.chief, "/desk/contacts/?q=肖远方")
    assert "肖**" not in said and "没有符合的人" in said


@pytest.mark.parametrize("url", ["", "?purpose=visit", "phone/?purpose=visit"])
def test_a_person_outside_the_scope_does_not_exist(desk, url):
    far = desk.residents["肖远方"]
    assert desk.client(desk.chief).get(f"/desk/contacts/{far.pk}/{url}").status_code == 404
    assert not viewed(far).exists()


def test_revealing_a_phone_outside_the_scope_does_not_work_either(desk):
    far = desk.residents["肖远方"]
    url = f"/desk/contacts/{far.pk}/phone/?purpose=visit"
    assert desk.client(desk.chief).post(url).status_code == 404


@pytest.mark.parametrize("purpose", ["", "?purpose=", "?purpose=curiosity"])
def test_without_a_purpose_a_record_stays_shut(desk, purpose):
    person = desk.residents["罗样例"]
    said = page(desk, desk.chief, f"/desk/contacts/{person.pk}/{purpose}")
    assert "为什么查看" in said and "罗样例" not in said
    assert not viewed(person).exists()


def test_a_record_opens_for_a_purpose_that_is_kept(desk):
    person = desk.residents["罗样例"]
    said = page(desk, desk.chief, f"/desk/contacts/{person.pk}/?purpose=visit")
    assert "罗样例" in said and "重型货车" in said
    assert "138****0000" in said and "13800000000" not in said
    entry = viewed(person).get()
    assert entry.purpose == "desk.visit" and entry.actor == desk.chief


def test_a_phone_is_shown_by_a_post_with_its_reason_in_the_trail(desk):
    person = desk.residents["罗样例"]
    url = f"/desk/contacts/{person.pk}/phone/?purpose=call"
    client = desk.client(desk.chief)
    assert client.get(url).status_code == 302
    answer = client.post(url, headers={"HX-Request": "true"})
    assert "13800000000" in answer.content.decode()
    entry = AuditEntry.objects.get(action="resident.phone_revealed")
    assert entry.object_id == person.pk and entry.details["purpose"] == "call"
    hidden = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "138****0000" in hidden and "13800000000" not in hidden


def test_without_a_reason_no_phone_is_shown(desk):
    person = desk.residents["罗样例"]
    answer = desk.client(desk.chief).post(f"/desk/contacts/{person.pk}/phone/")
    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(action="resident.phone_revealed").exists()


def test_without_javascript_a_phone_is_shown_on_the_whole_page(desk):
    person = desk.residents["罗样例"]
    answer = desk.client(desk.chief).post(f"/desk/contacts/{person.pk}/phone/?purpose=call")
    assert "13800000000" in answer.content.decode() and "<h1>" in answer.content.decode()


@pytest.mark.parametrize("state", ["linked", "unlinked", "provisional"])
def test_lists_filter_by_how_somebody_is_reached(desk, state):
    desk.stranger("山里人家", desk.officers["桃李村"])
    said = page(desk, desk.author, f"/desk/contacts/?state={state}")
    assert ("罗**" in said) == (state == "linked")
    assert ("欧**" in said) == (state == "unlinked")
    assert ("山**" in said) == (state == "provisional") or state == "linked"


def test_a_search_no_database_can_hold_finds_nobody(desk):
    assert "没有符合的人" in page(desk, desk.author, "/desk/contacts/?q=欧%00阳修之x")


def test_households_are_shown_masked_and_every_member_shown_is_noted(desk):
    group = desk.place("小沙江镇", "桃李村", "1组")
    said = page(desk, desk.chief, f"/desk/grids/{group.code}/")
    assert "罗**" in said and "欧**" in said and "罗样例" not in said
    assert viewed(desk.residents["欧未联"]).get().purpose == "coverage.households"
    assert not viewed(desk.residents["刘小明"]).exists()  # another group


@pytest.mark.parametrize(
    "path", [("金石桥镇",), ("金石桥镇", "桃李村"), ("金石桥镇", "桃李村", "1组")]
)
def test_a_place_of_another_station_does_not_exist(desk, path):
    url = f"/desk/grids/{desk.place(*path).code}/"
    assert desk.client(desk.author).get(url).status_code == 200
    assert desk.client(desk.chief).get(url).status_code == 404


def test_coverage_counts_households_with_somebody_linked(desk):
    said = page(desk, desk.chief, "/desk/coverage/?level=village&view=table")
    assert "66.6%" in said  # 桃李村: two of three
    assert "金石桥" not in said
    missing = page(desk, desk.chief, "/desk/coverage/?level=village&view=table&state=missing")
    assert "桃李村" in missing and "红星村</a>" not in missing


def test_the_drill_down_leads_from_the_county_to_the_household(desk):
    for path, leads_to in [
        (("小沙江镇",), ("小沙江镇", "桃李村")),
        (("小沙江镇", "桃李村"), ("小沙江镇", "桃李村", "1组")),
    ]:
        said = page(desk, desk.chief, f"/desk/grids/{desk.place(*path).code}/")
        assert f"/desk/grids/{desk.place(*leads_to).code}/" in said


def test_the_queue_to_be_labelled_counts_per_officer_within_the_station(desk):
    desk.stranger("山里人家", desk.officers["桃李村"])
    desk.stranger("云淡风轻", desk.officers["桃李村"])
    desk.stranger("外镇的人", desk.officers["金石桥镇"])
    said = page(desk, desk.chief, "/desk/labelling/")
    assert "阳模拟（2）" in said and "山**" in said
    assert "外**" not in said and "刘测试" not in said
    assert "外**" in page(desk, desk.author, "/desk/labelling/")


def test_unknown_places_and_people_are_404(desk):
    client = desk.client(desk.author)
    assert client.get("/desk/grids/999/").status_code == 404
    assert client.get("/desk/contacts/1/").status_code == 404
    assert Resident.objects.count() == 5
