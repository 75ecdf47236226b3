"""One record that was two people: the second gets a record of their own, and may lose it again."""

from datetime import timedelta

import pytest

from tests.builders import give_tag, make_contact, make_tag
from tests.residents.everything import everything
from tests.residents.test_uniting import Ward
from weijing.residents import consent
from weijing.residents.merges import splitting, undoing
from weijing.residents.merges.splitting import IDENTITIES, Part
from weijing.residents.models import Contact, ResidentLink
from weijing.residents.queries import to_be_labelled
from weijing.residents.record import changing


@pytest.fixture
def ward(county, at):
    return Ward(county, at)


@pytest.fixture
def mixed(ward, at):
    """罗样例, whose record also holds the WeChat account of somebody else, tagged with a truck."""
    person = ward.person(
        "罗样例", phone="15400000001", consents=("contact",), id_number="990101198005010011"
    )
    make_contact(ward.officer, person, "wmOwn")
    person.identities.create(county=ward.county, external_userid="wmOther", nickname="刘小明")
    make_contact(ward.officer, person, "wmOther", labelled_at=at, labelled_by=ward.officer)
    give_tag(person, make_tag(ward.county, "TRF01001", "重型货车"))
    return person


def split(ward, person, part, **fields):
    at = fields.pop("at", ward.at)
    return splitting.split(person, part, by=ward.chief, scope=ward.scope, at=at, **fields)


def part_of(person, **fields):
    account = person.identities.get(external_userid="wmOther").pk
    tags = list(person.tag_assignments.values_list("pk", flat=True))
    rows = {IDENTITIES: [account], "tags_tagassignment.resident_id": tags}
    return Part(**{"name": "刘小明", "rows": rows, **fields})


def test_the_second_person_waits_to_be_labelled_with_what_is_theirs(ward, mixed):
    link = ResidentLink.objects.create(
        county=ward.county, resident=mixed, key_digest="x", created_at=ward.at,
        identity=mixed.identities.get(external_userid="wmOther"),
        expires_at=ward.at + timedelta(days=9),
    )  # fmt: skip
    new = split(ward, mixed, part_of(mixed)).survivor
    link.refresh_from_db()
    assert (new.name, new.lifecycle, new.consents) == ("刘小明", "provisional", [])
    assert new.identities.get().external_userid == "wmOther"
    assert new.tag_assignments.get().tag.name == "重型货车"
    assert link.resident == new, "the door to one's own pages goes along"
    assert mixed.identities.get().external_userid == "wmOwn"
    assert to_be_labelled(ward.scope).get().identity.resident == new


def test_a_member_of_the_same_household_comes_onto_the_roll_at_once(ward, mixed):
    new = split(ward, mixed, part_of(mixed, same_home=True, facts=["phone"])).survivor
    mixed.refresh_from_db()
    assert (new.lifecycle, new.household_id) == ("roll", mixed.household_id)
    assert new.phone == "15400000001" and mixed.phone == ""
    assert new.pinyin == "liuxiaoming" and "小明" in new.grams


@pytest.mark.parametrize("same_home", [True, False])
def test_undone_at_once_every_row_is_as_it_was(ward, mixed, same_home):
    before = everything(ward.county.pk)
    part = part_of(mixed, same_home=same_home, facts=["phone", "id_number", "born_on"])
    record = split(ward, mixed, part)
    assert record.survivor.id_number == "990101198005010011"
    undone = ward.undo(record)
    after = everything(ward.county.pk)
    assert record.survivor.pk not in before["residents_resident"]
    del after["residents_resident"][record.survivor.pk]
    assert after == before
    assert undone.sentence.startswith("拆分已撤销")
    record.survivor.refresh_from_db()
    assert record.survivor.lifecycle == "duplicate"


def test_what_the_new_record_was_given_since_goes_back_with_it(ward, mixed, at):
    record = split(ward, mixed, part_of(mixed))
    give_tag(record.survivor, make_tag(ward.county, "TRF01002", "校车"))
    consent.withdraw(record.survivor, ["contact"], by=None, at=at + timedelta(minutes=1))
    ward.undo(record)
    mixed.refresh_from_db()
    assert mixed.tag_assignments.count() == 2
    assert mixed.consents == [], "the latest word, whichever record it was said to"


def test_a_split_record_can_be_merged_again_and_undone_in_order(ward, mixed, at):
    before = everything(ward.county.pk)
    divided = split(ward, mixed, part_of(mixed))
    new = divided.survivor
    united = ward.unite(mixed, new, at=at + timedelta(minutes=1))
    with pytest.raises(undoing.CannotUndo, match="请先撤销那一次"):
        ward.undo(divided)
    ward.undo(united)
    ward.undo(divided)
    after = everything(ward.county.pk)
    del after["residents_resident"][new.pk]
    assert after == before


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part(name="刘小明"), "至少选一项"),
        (Part(name=" ", rows={IDENTITIES: [1]}), "请填新资料的姓名"),
        (Part(name="刘小明", rows={IDENTITIES: [1]}), "刚刚变了"),
    ],
)
def test_what_cannot_be_split_is_said_and_nothing_changes(ward, mixed, part, said):
    before = everything(ward.county.pk)
    with pytest.raises(splitting.CannotSplit, match=said):
        split(ward, mixed, part)
    assert everything(ward.county.pk) == before


def test_a_record_changed_since_it_was_opened_is_not_split(ward, mixed):
    seen = changing.version(mixed)
    mixed.away_at = "长沙"
    mixed.save()
    with pytest.raises(changing.ChangedMeanwhile):
        split(ward, mixed, part_of(mixed), seen=seen)
    assert Contact.objects.filter(identity__resident=mixed).count() == 2
