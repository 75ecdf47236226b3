"""One person's record on the phone: read by their own officer, changed act by act."""

import pytest

from tests.builders import division, make_household, make_resident
from weijing.audit.models import AuditEntry
from weijing.residents.models import Resident, ResidentChange


@pytest.fixture
def person(beat):
    return beat.friend("罗样例", "12", household_role="head")


def act(beat, person, name, **fields):
    address = f"/o/contacts/{person.pk}/change/{name}/"
    shown = beat.client.get(address)
    assert shown.status_code == 200
    seen = shown.context["form"]["seen"].value()
    return beat.client.post(address, {"action": "save", "seen": seen, **fields})


def test_the_record_shows_who_they_are_and_notes_the_reading(beat, person):
    said = beat.client.get(f"/o/contacts/{person.pk}/").content.decode()
    assert "罗样例" in said and "桃李村" in said
    viewed = AuditEntry.objects.filter(action="record.viewed", object_id=person.pk)
    assert viewed.get().purpose == "officer.record"


def test_the_number_of_a_contact_leads_to_its_person(beat, person):
    contact = person.identities.get().contacts.get()
    answer = beat.client.get(f"/o/contacts/{contact.pk}/")
    assert answer.headers["Location"] == f"/o/contacts/{person.pk}/"


@pytest.mark.parametrize("rest", ["", "change/role/", "change/leave/"])
def test_people_of_another_grid_do_not_exist(beat, rest):
    far = make_resident(beat.place("1组", "红星村"), "肖远方")
    assert beat.client.get(f"/o/contacts/{far.pk}/{rest}").status_code == 404


def test_an_unknown_act_does_not_exist(beat, person):
    assert beat.client.get(f"/o/contacts/{person.pk}/change/vanish/").status_code == 404


def test_who_has_no_phone_is_noted_with_the_change(beat, person):
    assert act(beat, person, "reach", reach="no_phone").status_code == 302
    person.refresh_from_db()
    assert person.reach == Resident.Reach.NO_PHONE
    change = ResidentChange.objects.get(resident=person)
    assert (change.kind, change.by) == ("reach", beat.officer)
    assert "没有手机" in beat.client.get(f"/o/contacts/{person.pk}/").content.decode()


def test_a_move_takes_the_person_to_the_other_group(beat, person):
    group = beat.place("2组")
    answer = act(
        beat, person, "address",
        town=group.parent.parent.code, village=group.parent.code, group=group.code, house="7",
    )  # fmt: skip
    assert answer.status_code == 302
    person.refresh_from_db()
    assert person.division_id == group.pk
    assert person.household.address == "7号"


def test_a_move_out_of_the_own_grid_is_not_offered(beat, person):
    group = division(beat.county, "小沙江镇", "红星村", "1组")
    answer = act(
        beat, person, "address",
        town=group.parent.parent.code, village=group.parent.code, group=group.code, house="7",
    )  # fmt: skip
    assert answer.status_code == 422
    person.refresh_from_db()
    assert person.division_id == beat.place().pk


def test_what_somebody_else_changed_meanwhile_is_shown_not_overwritten(beat, person):
    address = f"/o/contacts/{person.pk}/change/away/"
    seen = beat.client.get(address).context["form"]["seen"].value()
    assert act(beat, person, "reach", reach="no_wechat").status_code == 302

    answer = beat.client.post(address, {"action": "save", "seen": seen, "place": "广东东莞"})

    assert answer.status_code == 422
    assert "广东东莞" in answer.content.decode()
    person.refresh_from_db()
    assert person.away_at == ""
    again = answer.context["form"]["seen"].value()
    fields = {"action": "save", "seen": again, "place": "广东东莞"}
    assert beat.client.post(address, fields).status_code == 302
    person.refresh_from_db()
    assert person.away_at == "广东东莞"


def test_the_households_of_a_group_lead_to_their_people(beat, person):
    other = make_resident(
        beat.place(), "罗小妹", household=person.household, household_role="child"
    )
    listed = beat.client.get(f"/o/grid/households/?group={beat.place().code}").content.decode()
    assert f"/o/grid/households/{person.household_id}/" in listed
    inside = beat.client.get(f"/o/grid/households/{person.household_id}/").content.decode()
    assert f"/o/contacts/{other.pk}/" in inside


def test_a_household_of_another_grid_does_not_exist(beat):
    far = make_household(beat.place("1组", "红星村"), "1")
    assert beat.client.get(f"/o/grid/households/{far.pk}/").status_code == 404


def test_names_are_shown_as_text(beat):
    person = beat.friend("<script>alert(1)</script>", "13")
    said = beat.client.get(f"/o/contacts/{person.pk}/").content.decode()
    assert "<script>alert" not in said
