"""An officer says who a contact is."""

from datetime import datetime

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.builders import (
    beat_of,
    division,
    give_tag,
    make_contact,
    make_household,
    make_officer,
    make_resident,
    make_tag,
)
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope, scope_of
from weijing.audit.models import AuditEntry
from weijing.core.errors import PermissionDenied
from weijing.residents import consent, phones, policies, queries
from weijing.residents.labels import composing, labelling, remarks
from weijing.residents.labels.labelling import Label
from weijing.residents.masking import masked_name, masked_phone
from weijing.residents.models import Contact, Household, Resident
from weijing.tags import assigning
from weijing.tags import labelling as labelling_with_tags
from weijing.tags.models import TagAssignment, TagProjection
from weijing.territory.models import County, Division

PHONE = "19900000412"


@pytest.fixture
def officer(county: County) -> Officer:
    beat = beat_of(county, "小沙江镇", "桃李村")
    return make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)


@pytest.fixture
def scope(officer: Officer, at: datetime) -> Scope:
    return scope_of(officer, at=at)


@pytest.fixture
def group(county: County) -> Division:
    return division(county, "小沙江镇", "桃李村", "1组")


@pytest.fixture
def contact(county: County, officer: Officer) -> Contact:
    stranger = make_resident(None, "山里人家", county=county, lifecycle="provisional", born_on=None)
    return make_contact(officer, stranger, "wmA")


def filled(group: Division, **changes: object) -> Label:
    fields: dict[str, object] = {
        "name": "罗样例",
        "phone": PHONE,
        "division": group,
        "house_number": "12",
        "role": "head",
        "notice_given": True,
        "consents": ["publicity"],
    }
    return Label(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_stranger_comes_onto_the_roll_and_wecom_is_told(
    contact: Contact, group: Division, officer: Officer, scope: Scope, at: datetime
) -> None:
    resident = labelling.label(contact, filled(group), by=officer, scope=scope, at=at)

    resident.refresh_from_db()
    assert (resident.lifecycle, resident.name, resident.phone) == ("roll", "罗样例", PHONE)
    assert (resident.division, resident.initials) == (group, "lyl")
    assert resident.household is not None
    assert resident.household.address == "12号"
    assert set(resident.consents) == {"contact", "publicity"}
    contact.refresh_from_db()
    assert (contact.labelled_at, contact.labelled_by) == (at, officer)
    assert composing.remark_of(Contact.objects.get()) == "桃李1组-罗样例-户主"
    job = ProcrastinateJob.objects.get(task_name="residents.push_remark")
    assert job.args == {"contact_id": contact.pk}
    assert AuditEntry.objects.filter(action="contact.labelled", actor=officer).exists()


def test_labelling_again_waits_in_the_queue_once(
    contact: Contact, group: Division, officer: Officer, scope: Scope, at: datetime
) -> None:
    for _ in range(2):
        labelling.label(contact, filled(group), by=officer, scope=scope, at=at)
    assert ProcrastinateJob.objects.filter(task_name="residents.push_remark").count() == 1
    assert Household.objects.count() == 1


def test_people_of_one_house_share_a_household(
    county: County,
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    household = make_household(group, "12")
    resident = labelling.label(contact, filled(group), by=officer, scope=scope, at=at)
    assert resident.household == household


def test_the_contact_may_be_somebody_on_the_roll(
    county: County,
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    person = make_resident(group, "罗示例", household=make_household(group, "7"))
    give_tag(contact.identity.resident, make_tag(county, "TRF01001", "重型货车"))

    labelled = labelling.label(
        contact, filled(group), by=officer, scope=scope, at=at, same_as=person
    )

    assert labelled == person
    person.refresh_from_db()
    assert (person.name, person.phone) == ("罗示例", PHONE), "the roll's name stands"
    assert person.tag_assignments.count() == 1
    assert Resident.objects.filter(lifecycle="roll").get() == person


def test_a_taken_phone_is_said_with_a_masked_name_and_only_of_the_own_beat(
    county: County,
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    other = make_resident(group, "周示例", phone=PHONE)
    with pytest.raises(labelling.PhoneTaken, match=r"桃李村 1组 周\*\* 名下"):
        labelling.label(contact, filled(group), by=officer, scope=scope, at=at)
    other.division = division(county, "金石桥镇", "桃李村", "1组")
    other.save()
    with pytest.raises(labelling.PhoneTaken, match="其他网格") as refusal:
        labelling.label(contact, filled(group), by=officer, scope=scope, at=at)
    assert "周" not in str(refusal.value)
    labelling.label(contact, filled(group), by=officer, scope=scope, at=at, is_shared_phone=True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"notice_given": False}, labelling.NoNotice),
        ({"name": "1"}, labelling.NotAName),
        ({"name": "罗13800000412"}, labelling.NotAName),
        ({"name": "🌸罗样例"}, labelling.NotAName),
        ({"phone": "12345"}, phones.NotAPhone),
        ({"phone": "1380000041２３"}, phones.NotAPhone),
        ({"description": "信教"}, remarks.UnfitDescription),
    ],
)
def test_bad_input_changes_nothing(
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
    changes: dict[str, object],
    error: type[Exception],
) -> None:
    before = Resident.objects.values().get()
    with pytest.raises(error):
        labelling.label(contact, filled(group, **changes), by=officer, scope=scope, at=at)
    assert Resident.objects.values().get() == before
    assert not Household.objects.exists()
    contact.refresh_from_db()
    assert contact.labelled_at is None


@pytest.mark.parametrize("path", [("小沙江镇", "红星村", "1组"), ("小沙江镇",), ()])
def test_only_places_of_the_own_beat(
    county: County,
    contact: Contact,
    officer: Officer,
    scope: Scope,
    at: datetime,
    path: tuple[str, ...],
) -> None:
    label = filled(division(county, *path))
    with pytest.raises(labelling.OutsideOwnBeat):
        labelling.label(contact, label, by=officer, scope=scope, at=at)


def test_nobody_labels_another_officers_contact(
    county: County, contact: Contact, group: Division, at: datetime
) -> None:
    other = make_officer(
        county, "li", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )
    with pytest.raises(PermissionDenied):
        labelling.label(contact, filled(group), by=other, scope=scope_of(other, at=at), at=at)


def test_tags_and_label_are_saved_together_or_not_at_all(
    county: County,
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    lorry = make_tag(county, "TRF01001", "重型货车")
    own_word = make_tag(county, "GRD01001", "留守儿童", set_by_resident_only=True)
    with pytest.raises(assigning.OnlyTheResident):
        labelling_with_tags.label(
            contact, filled(group), [lorry, own_word], by=officer, scope=scope, at=at
        )
    contact.refresh_from_db()
    assert contact.labelled_at is None
    assert not TagAssignment.objects.exists()

    labelling_with_tags.label(contact, filled(group), [lorry], by=officer, scope=scope, at=at)
    assert TagAssignment.objects.get().tag == lorry
    assert TagProjection.objects.get().contact == contact


def test_a_child_is_not_made_a_contact(
    county: County,
    contact: Contact,
    group: Division,
    officer: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    child = make_resident(group, "罗小样", born_on=at.date().replace(year=2020))
    with pytest.raises(consent.TooYoung):
        labelling.label(contact, filled(group), by=officer, scope=scope, at=at, same_as=child)


def test_an_officer_sees_the_own_beat_and_the_own_strangers(
    county: County, contact: Contact, group: Division, scope: Scope
) -> None:
    mine = make_resident(group, "罗样例")
    make_resident(division(county, "小沙江镇", "红星村", "1组"), "周示例")
    make_resident(None, "别人的好友", county=county, lifecycle="provisional")
    make_resident(group, "重复的", lifecycle="duplicate")
    assert set(queries.visible_to(scope)) == {mine, contact.identity.resident}


def test_a_station_desk_sees_the_strangers_of_its_officers(
    county: County, contact: Contact, officer: Officer, at: datetime
) -> None:
    desk = make_officer(county, "desk", Role.STATION_COMMAND, station=officer.station)
    assert set(queries.visible_to(scope_of(desk, at=at))) == {contact.identity.resident}
    beat = beat_of(county, "金石桥镇", "桃李村")
    other = make_officer(county, "far", Role.STATION_COMMAND, station=beat.station)
    assert not queries.visible_to(scope_of(other, at=at)).exists()


def test_who_runs_the_machine_sees_nobody(county: County, group: Division, at: datetime) -> None:
    make_resident(group)
    admin = make_officer(county, "root", Role.SYSTEM_ADMIN, county_desk=True)
    assert not queries.visible_to(scope_of(admin, at=at)).exists()


def test_reading_a_record_is_noted_and_others_do_not_exist(
    county: County, group: Division, officer: Officer, scope: Scope, at: datetime
) -> None:
    mine = make_resident(group)
    far = make_resident(division(county, "金石桥镇", "桃李村", "1组"))
    read = policies.access_resident(scope, officer, mine.pk, purpose="contact.label", at=at)
    assert read == mine
    with pytest.raises(Resident.DoesNotExist):
        policies.access_resident(scope, officer, far.pk, purpose="contact.label", at=at)
    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.object_id, entry.purpose, entry.actor) == (mine.pk, "contact.label", officer)


def test_masks_tell_neither_length_nor_number() -> None:
    assert masked_name("刘样例") == masked_name("刘样") == "刘**"
    assert masked_name("") == ""
    assert masked_phone("13800000417") == "138****0417"
    assert masked_phone("12") == "****"
