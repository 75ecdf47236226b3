"""Two records become one, and two again: nothing lost, nothing doubled."""

from datetime import date, timedelta

import pytest

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
from tests.residents.everything import everything
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.core.env import keyring
from weijing.core.errors import PermissionDenied
from weijing.residents import consent
from weijing.residents.merges import merging, referring, remembering, undoing, uniting
from weijing.residents.models import (
    ConsentRecord,
    Contact,
    Favourite,
    Household,
    IdentitySharer,
    MergeRecord,
    Representative,
    Resident,
    ResidentChange,
    WechatIdentity,
)
from weijing.tags.models import TagAssignment


class Ward:
    """One village, its officer and the chief of its station."""

    def __init__(self, county, at):
        self.county, self.at = county, at
        self.group = division(county, "小沙江镇", "桃李村", "1组")
        self.beat = beat_of(county, "小沙江镇", "桃李村")
        self.officer = make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=self.beat)
        self.chief = make_officer(county, "chief", Role.STATION_COMMAND, station=self.beat.station)
        self.scope = scope_of(self.chief, at=at)
        self.number = 0

    def person(self, name="罗样例", **fields):
        self.number += 1
        home = fields.pop("household", None) or make_household(self.group, str(self.number))
        if number := fields.pop("id_number", ""):
            fields["id_number_index"] = keyring().blind_index(number, purpose="id_number")
        person = make_resident(self.group, name, household=home, **fields)
        if number:
            person.id_number = number
            person.save()
        return person

    def stranger(self, name="山里人家"):
        return make_resident(None, name, county=self.county, lifecycle="provisional", born_on=None)

    def unite(self, survivor, absorbed, **fields):
        at = fields.pop("at", self.at)
        return uniting.unite(survivor, absorbed, by=self.chief, scope=self.scope, at=at, **fields)

    def undo(self, record, **fields):
        at = fields.pop("at", self.at + timedelta(hours=1))
        return undoing.undo(record, by=self.chief, scope=self.scope, at=at)


@pytest.fixture
def ward(county, at):
    return Ward(county, at)


@pytest.fixture
def pair(ward):
    """Two records of one person with something in every table, and much of it twice."""
    kept = ward.person(
        "罗样例",
        phone="15400000001",
        consents=("contact", "publicity"),
        id_number="990101198005010011",
    )
    gone = ward.person("罗样列", phone="15400000002", consents=("contact",))
    third = ward.person("罗三人")
    for person in (kept, gone):
        contact = make_contact(ward.officer, person, remark=person.name)
        Favourite.objects.create(
            county=ward.county, officer=ward.officer, resident=person, at=ward.at
        )
        IdentitySharer.objects.create(
            county=ward.county, identity=contact.identity, resident=third, recorded_at=ward.at
        )
        Representative.objects.create(
            county=ward.county, resident=third, person=person, kind="proxy", started_at=ward.at
        )
    tags = [make_tag(ward.county, f"TRF0100{n}", f"标签{n}") for n in range(3)]
    give_tag(kept, tags[0]), give_tag(gone, tags[0]), give_tag(gone, tags[1])
    # They stand in for each other, and share an account: neither makes sense of one person.
    Representative.objects.create(
        county=ward.county, resident=gone, person=kept, kind="proxy", started_at=ward.at
    )
    IdentitySharer.objects.create(
        county=ward.county, identity=kept.identities.get(), resident=gone, recorded_at=ward.at
    )
    return kept, gone


def test_everything_moves_to_the_one_who_stays(ward, pair):
    kept, gone = pair
    record = ward.unite(kept, gone)
    gone.refresh_from_db()
    assert (gone.lifecycle, gone.consents) == ("duplicate", [])
    assert kept.identities.count() == 2
    assert sorted(kept.tag_assignments.values_list("tag__name", flat=True)) == ["标签0", "标签1"]
    assert Favourite.objects.get().resident == kept
    assert IdentitySharer.objects.filter(resident=kept).count() == 0
    assert Representative.objects.get().person == kept
    assert ConsentRecord.objects.filter(resident=kept).count() == 3
    assert record.moved["tags_tagassignment.resident_id"]
    assert AuditEntry.objects.get(action="resident.united").object_id == kept.pk
    assert kept.changes.get().kind == ResidentChange.Kind.MERGED


def test_undone_at_once_every_row_is_as_it_was(ward, pair):
    kept, gone = pair
    before = everything(ward.county.pk)
    facts = {"name", "phone", "home", "lifecycle", "household_role"}
    record = ward.unite(kept, gone, take=facts)
    kept.refresh_from_db()
    assert (kept.name, kept.phone, kept.household_id) == (
        gone.name,
        "15400000002",
        gone.household_id,
    )
    assert everything(ward.county.pk) != before
    undone = ward.undo(record)
    assert everything(ward.county.pk) == before
    assert undone.stayed == [] and undone.left == 0
    assert f"{undone.put_back} 项内容放回原处" in undone.sentence


@pytest.mark.parametrize("kept_first", [True, False])
def test_a_stranger_and_someone_on_the_roll_become_the_person_of_the_roll(ward, kept_first):
    stranger, known = ward.stranger(), ward.person("罗样例", phone="15400000001")
    make_contact(ward.officer, stranger)
    survivor, absorbed = (known, stranger) if kept_first else (stranger, known)
    before = everything(ward.county.pk)
    record = ward.unite(survivor, absorbed)
    survivor.refresh_from_db()
    assert (survivor.name, survivor.lifecycle) == ("罗样例", "roll")
    assert (survivor.phone, survivor.division) == ("15400000001", ward.group)
    assert survivor.identities.count() == 1
    ward.undo(record)
    assert everything(ward.county.pk) == before


def test_two_strangers_become_one(ward):
    first, second = ward.stranger("山里人家"), ward.stranger("云淡风轻")
    make_contact(ward.officer, first), make_contact(ward.officer, second)
    ward.unite(first, second)
    first.refresh_from_db()
    assert first.lifecycle == "provisional" and first.identities.count() == 2


def test_an_id_number_goes_along_and_comes_back(ward):
    first = ward.person("罗样例", id_number="990101198005010011")
    second = ward.person("罗样例")
    before = everything(ward.county.pk)
    record = ward.unite(second, first, take={"id_number"})
    second.refresh_from_db(), first.refresh_from_db()
    assert second.id_number == "990101198005010011" and first.id_number == ""
    ward.undo(record)
    assert everything(ward.county.pk) == before


def test_a_household_left_by_everybody_ends_and_comes_back(ward):
    kept, gone = ward.person(), ward.person()
    record = ward.unite(kept, gone)
    assert Household.objects.get(pk=gone.household_id).ended_on == date(2026, 11, 24)
    assert Household.objects.get(pk=kept.household_id).ended_on is None
    ward.undo(record)
    assert not Household.objects.filter(ended_on__isnull=False).exists()


def test_the_latest_word_counts_and_a_no_takes_everything_older_with_it(ward, at):
    kept = ward.person(consents=("contact", "publicity"))
    gone = ward.person(consents=("contact",))
    consent.withdraw(gone, ["contact"], by=ward.officer, at=at)
    record = ward.unite(kept, gone, at=at + timedelta(hours=1))
    kept.refresh_from_db()
    assert kept.consents == []
    ward.undo(record, at=at + timedelta(hours=2))
    kept.refresh_from_db()
    assert kept.consents == ["contact", "publicity"]


def test_what_came_after_the_merge_stays_where_it_came_to(ward, pair, at):
    kept, gone = pair
    record = ward.unite(kept, gone)
    later = at + timedelta(days=3)
    fresh = give_tag(kept, make_tag(ward.county, "TRF01009", "后来的"))
    kept.refresh_from_db()
    kept.name, kept.away_at = "罗新名", "长沙"
    kept.save()
    TagAssignment.objects.get(tag__name="标签1").delete()
    undone = ward.undo(record, at=later)
    fresh.refresh_from_db(), kept.refresh_from_db(), gone.refresh_from_db()
    assert fresh.resident == kept
    assert (kept.name, kept.away_at) == ("罗新名", "长沙")
    assert gone.name == "罗样列" and gone.lifecycle == "roll"
    assert undone.left == 1
    assert "1 项之后被改动或删除，没有放回" in undone.sentence


def test_a_fact_that_the_merge_wrote_and_somebody_changed_stays_changed_and_is_named(ward, pair):
    kept, gone = pair
    record = ward.unite(kept, gone, take={"name", "home"})
    kept.refresh_from_db()
    kept.name = "罗新名"
    kept.save()
    undone = ward.undo(record)
    kept.refresh_from_db()
    assert undone.stayed == ["姓名"] and "姓名之后改过，保持改后的内容" in undone.sentence
    assert kept.name == "罗新名" and kept.household_id != gone.household_id
    assert "新名" in kept.grams, "found by the name it has now"


def test_a_tag_both_had_and_somebody_took_away_since_does_not_come_back(ward, pair):
    kept, gone = pair
    record = ward.unite(kept, gone)
    kept.tag_assignments.get(tag__name="标签0").delete()
    ward.undo(record)
    assert not gone.tag_assignments.filter(tag__name="标签0").exists()


def test_a_consent_taken_back_since_is_taken_back_on_both_records(ward, pair, at):
    kept, gone = pair
    record = ward.unite(kept, gone)
    kept.refresh_from_db()
    consent.withdraw(kept, ["contact"], by=None, at=at + timedelta(minutes=5))
    undone = ward.undo(record)
    kept.refresh_from_db(), gone.refresh_from_db()
    assert kept.consents == [] and gone.consents == []
    assert undone.withdrawn == 2 and "两份资料都按撤回处理" in undone.sentence


def test_a_consent_given_since_stays_with_the_one_who_stayed(ward, pair, at):
    kept, gone = pair
    record = ward.unite(kept, gone)
    kept.refresh_from_db()
    consent.give(kept, ["GRD02"], by=ward.officer, at=at + timedelta(minutes=5))
    ward.undo(record)
    kept.refresh_from_db(), gone.refresh_from_db()
    assert kept.consents == ["contact", "publicity", "GRD02"] and gone.consents == ["contact"]


def test_an_identity_given_to_somebody_else_since_stays_there(ward, pair):
    kept, gone = pair
    record = ward.unite(kept, gone)
    account = WechatIdentity.objects.get(external_userid=f"wm{gone.pk}")
    other = ward.person("罗四人")
    WechatIdentity.objects.filter(pk=account.pk).update(resident=other)
    undone = ward.undo(record)
    account.refresh_from_db()
    assert account.resident == other and undone.left == 1


def test_an_id_number_that_somebody_has_meanwhile_is_not_given_back(ward):
    first = ward.person("罗样例", id_number="990101198005010011")
    second = ward.person("罗样例")
    record = ward.unite(second, first, take={"id_number"})
    second.refresh_from_db()
    second.id_number = ""
    second.id_number_index = None
    second.save()
    ward.person("罗别人", id_number="990101198005010011")
    undone = ward.undo(record)
    first.refresh_from_db()
    assert first.id_number == "" and first.lifecycle == "roll"
    assert undone.stayed == ["身份证号"]


def test_after_thirty_days_it_is_too_late_and_nothing_personal_is_kept(ward, pair, at):
    record = ward.unite(*pair)
    before = everything(ward.county.pk)
    assert remembering.forget(ward.county.pk, at=at + timedelta(days=30)) == 0
    late = at + timedelta(days=30, seconds=1)
    with pytest.raises(undoing.CannotUndo, match="超过 30 天"):
        ward.undo(record, at=late)
    assert everything(ward.county.pk) == before
    assert remembering.forget(ward.county.pk, at=late) == 1
    record.refresh_from_db()
    assert bytes(record.before_sealed) == b""


def test_a_later_merge_has_to_be_undone_first_and_is_named(ward, pair, at):
    kept, gone = pair
    before = everything(ward.county.pk)
    third = ward.person("欧阳后来")
    between = everything(ward.county.pk)
    first = ward.unite(kept, gone)
    second = ward.unite(third, kept, at=at + timedelta(days=1))
    with pytest.raises(undoing.CannotUndo, match=r"11 月 25 日.*欧\*\*"):
        ward.undo(first)
    ward.undo(second)
    ward.undo(first)
    assert everything(ward.county.pk) == between
    assert set(before["residents_resident"]) < set(between["residents_resident"])


def test_a_merge_is_undone_once(ward, pair):
    record = ward.unite(*pair)
    ward.undo(record)
    with pytest.raises(undoing.CannotUndo, match="已经撤销过"):
        ward.undo(record)


def test_both_records_must_be_the_officers_to_see(ward, county, at):
    here = ward.person()
    far = make_resident(division(county, "金石桥镇", "桃李村", "1组"), "罗样例")
    with pytest.raises(merging.CannotMerge, match="不归你管"):
        ward.unite(here, far)
    viewer = make_officer(county, "viewer", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        uniting.unite(here, far, by=viewer, scope=scope_of(viewer, at=at), at=at)
    assert not MergeRecord.objects.exists()


def test_what_changed_since_it_was_compared_is_not_merged(ward, pair):
    kept, gone = pair
    seen = uniting.what_was_seen(kept, gone)
    give_tag(gone, make_tag(ward.county, "TRF01009", "刚加的"))
    with pytest.raises(uniting.ChangedSinceCompared, match="再核对一遍"):
        ward.unite(kept, gone, seen=seen)
    ward.unite(kept, gone, seen=uniting.what_was_seen(gone, kept))


def test_nobody_is_merged_with_themselves_or_with_a_duplicate(ward, pair):
    kept, gone = pair
    with pytest.raises(merging.CannotMerge):
        ward.unite(kept, kept)
    ward.unite(kept, gone)
    with pytest.raises(merging.CannotMerge):
        ward.unite(kept, gone)
    with pytest.raises(merging.CannotMerge):
        ward.unite(gone, kept)


def test_a_label_that_came_with_the_merge_is_asked_for_again_after_its_undoing(ward, at):
    stranger, known = ward.stranger(), ward.person()
    contact = make_contact(ward.officer, stranger)
    merging.merge(ward.county.pk, [merging.Pair(stranger.pk, known.pk)], by=ward.officer, at=at)
    Contact.objects.filter(pk=contact.pk).update(labelled_at=at, labelled_by=ward.officer)
    ward.undo(MergeRecord.objects.get())
    contact.refresh_from_db()
    assert contact.labelled_at is None and contact.identity.resident == stranger


def test_thousands_linked_at_once_can_each_be_undone(ward, at):
    pairs = [(ward.stranger(f"网名{n}"), ward.person(f"罗样{n}")) for n in range(4)]
    for stranger, _ in pairs:
        make_contact(ward.officer, stranger)
    before = everything(ward.county.pk)
    merging.merge(ward.county.pk, [merging.Pair(s.pk, r.pk) for s, r in pairs], by=None, at=at)
    assert MergeRecord.objects.count() == 4
    for record in MergeRecord.objects.order_by("pk"):
        ward.undo(record)
    assert everything(ward.county.pk) == before


def test_every_column_that_names_a_resident_is_known_and_indexed(db):
    from django.db import connection

    keys = {relation.key for relation in referring.relations()}
    assert {"campaigns_delivery.resident_id", "residents_favourite.resident_id"} <= keys
    assert not any("mergerecord" in key or "duplicatepair" in key for key in keys)
    with connection.cursor() as cursor:
        for relation in referring.relations():
            cursor.execute(
                "SELECT indexdef FROM pg_indexes WHERE tablename = %s "
                "AND indexdef NOT LIKE '%%WHERE%%'",
                [relation.table],
            )
            leading = (f"({relation.column}", f"(county_id, {relation.column}")
            found = [row[0] for row in cursor.fetchall()]
            assert any(start in each for each in found for start in leading), relation.key


def test_rows_that_a_merge_may_take_away_are_referred_to_by_nothing(db):
    """Otherwise what hangs on them would go too, and an undo would not bring it back."""
    for relation in referring.relations():
        if relation.once or relation.never_equal:
            fields = relation.model._meta.get_fields(include_hidden=True)
            assert not [f for f in fields if f.auto_created and not f.concrete], relation.table


def test_a_missing_record_is_said(ward):
    kept = ward.person()
    ghost = Resident(pk=1, county=ward.county)
    with pytest.raises(merging.CannotMerge):
        ward.unite(kept, ghost)
