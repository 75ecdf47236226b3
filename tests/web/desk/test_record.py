"""Changing a record at the desk: for a purpose, within the scope, from what was seen."""

import pytest

from weijing.residents.models import Resident, ResidentChange


def address(person, act):
    return f"/desk/contacts/{person.pk}/change/{act}/?purpose=visit"


def save(client, person, act, **fields):
    shown = client.get(address(person, act))
    assert shown.status_code == 200
    seen = shown.context["form"]["seen"].value()
    return client.post(address(person, act), {"action": "save", "seen": seen, **fields})


def test_without_a_purpose_nothing_is_changed(desk):
    person, client = desk.residents["罗样例"], desk.client(desk.chief)
    fields = {"action": "save", "reach": "no_phone"}
    client.post(f"/desk/contacts/{person.pk}/change/reach/", fields)
    person.refresh_from_db()
    assert person.reach == ""


def test_a_death_ends_what_the_person_had_agreed_to(desk):
    person, client = desk.residents["罗样例"], desk.client(desk.chief)
    assert save(client, person, "death", on="2026-11-20", sure="on").status_code == 302
    person.refresh_from_db()
    assert (person.lifecycle, person.consents) == (Resident.Lifecycle.DECEASED, [])
    assert ResidentChange.objects.filter(resident=person, kind="lifecycle").exists()


@pytest.mark.parametrize("act", ["address", "role", "leave", "representative", "sharing"])
def test_every_act_opens_beside_the_record(desk, act):
    person, client = desk.residents["罗样例"], desk.client(desk.chief)
    said = client.get(address(person, act)).content.decode()
    assert "罗样例" in said and 'name="seen"' in said


def test_an_act_on_somebody_outside_the_scope_does_not_exist(desk):
    far = desk.residents["肖远方"]
    assert desk.client(desk.chief).get(address(far, "role")).status_code == 404


def test_a_missing_choice_is_said_at_its_field(desk):
    person, client = desk.residents["罗样例"], desk.client(desk.chief)
    answer = save(client, person, "reach")
    assert answer.status_code == 422
    assert "请选一项。" in answer.content.decode()
