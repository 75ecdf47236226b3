"""What WeCom says about pairs is copied; whose phone is certain is linked."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.builders import (
    beat_of,
    division,
    give_tag,
    make_contact,
    make_county,
    make_officer,
    make_resident,
    make_tag,
)
from wecom_api.customers import ExternalContact, Follower
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.residents import consent
from weijing.residents.merges import merging
from weijing.residents.mirror import contacts, fresh_rows, linking
from weijing.residents.mirror.contacts import Recorded, Seen
from weijing.residents.models import (
    Contact,
    MergeRecord,
    OrdinalCounter,
    Resident,
    WechatIdentity,
)
from weijing.tags.models import TagAssignment
from weijing.territory.models import County

ADDED = 1_790_000_000
PHONE = "19900000412"


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def neighbour(county: County) -> Officer:
    return make_officer(
        county, "li", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "红星村")
    )


def seen(
    officer: Officer,
    userid: str,
    name: str = "山里人家",
    phones: tuple[str, ...] = (),
    **follow: int,
) -> Seen:
    return Seen(
        officer.pk,
        ExternalContact(external_userid=userid, name=name, type=1),
        Follower(
            userid=officer.wecom_userid,
            remark=name,
            createtime=follow.pop("createtime", ADDED),
            remark_mobiles=phones,
            **follow,  # type: ignore[arg-type]
        ),
    )


def record(officer: Officer, *pairs: Seen, at: datetime) -> Recorded:
    return contacts.record_contacts(officer.county_id, pairs, at=at)


def on_roll(county: County, name: str = "罗样例", phone: str = PHONE) -> Resident:
    return make_resident(division(county, "小沙江镇", "桃李村", "1组"), name, phone=phone)


def resident_of(userid: str) -> Resident:
    return WechatIdentity.objects.select_related("resident").get(external_userid=userid).resident


def test_a_stranger_becomes_a_provisional_resident_at_once(officer: Officer, at: datetime) -> None:
    recorded = record(officer, seen(officer, "wmA", "清风徐来"), at=at)

    person = resident_of("wmA")
    assert (person.name, person.lifecycle, person.division) == ("清风徐来", "provisional", None)
    contact = Contact.objects.get(pk=recorded.new[0])
    assert contact.added_at == datetime.fromtimestamp(ADDED, UTC)
    assert contact.state == "linked"
    counter = OrdinalCounter.objects.get(county_id=officer.county_id)
    assert counter.next_ordinal == person.ordinal + 1


def test_reading_the_same_again_changes_only_when_it_was_seen(
    officer: Officer, at: datetime
) -> None:
    first = record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)
    before = Contact.objects.values().get(pk=first.new[0])
    later = at + timedelta(hours=1)
    again = record(officer, seen(officer, "wmA", phones=(PHONE,)), at=later)

    assert (again.new, again.changed, again.unchanged) == ([], [], 1)
    after = Contact.objects.values().get(pk=first.new[0])
    assert after.pop("seen_at") == later
    before.pop("seen_at")
    assert after == before


def test_noted_phones_are_sealed_to_their_row_and_open_again(
    officer: Officer, at: datetime
) -> None:
    first = record(officer, seen(officer, "wmA", phones=("+86 199-0000-0412", "8812345")), at=at)
    contact = Contact.objects.get(pk=first.new[0])
    assert json.loads(contact.remark_mobiles_text) == ["+86 199-0000-0412", "8812345"]
    assert len(contact.remark_mobile_indexes) == 1, "only the mobile phone can name a person"
    assert b"199" not in bytes(contact.remark_mobiles_sealed or b"")

    record(officer, seen(officer, "wmA", phones=("19900000413",)), at=at)
    contact.refresh_from_db()
    assert json.loads(contact.remark_mobiles_text) == ["19900000413"]


def test_two_officers_share_one_person_not_one_pair(
    officer: Officer, neighbour: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), seen(neighbour, "wmA"), at=at)
    assert Contact.objects.count() == 2
    assert WechatIdentity.objects.count() == 1
    assert Resident.objects.count() == 1


def test_hostile_nicknames_and_tags_arrive_as_they_are(officer: Officer, at: datetime) -> None:
    name = "\\\"},{'; DROP--‮ 👮🏽 " + "长" * 130
    pair = Seen(
        officer.pk,
        ExternalContact(external_userid="wmX", name=name, type=1),
        Follower(userid="yang", createtime=ADDED, tag_id=('a"b\\c', "{d,e}", "NULL")),
    )
    first = record(officer, pair, at=at)
    assert WechatIdentity.objects.get().nickname == name[:120]
    assert resident_of("wmX").name == name[:60]
    contact = Contact.objects.get(pk=first.new[0])
    assert contact.wecom_tag_ids == sorted(['a"b\\c', "{d,e}", "NULL"])


def test_no_character_breaks_the_line_it_is_written_in(officer: Officer, at: datetime) -> None:
    hostile = 'a\tb\nc\rd\\.\\N{e}"\x00\ud83d\u2028'
    pair = Seen(
        officer.pk,
        ExternalContact("wm\tX\\", name=hostile, type=1),
        Follower("yang", hostile, hostile, ADDED, tag_id=("t\n1", "\\N"), state=hostile),
    )
    first = record(officer, pair, at=at)

    kept = 'a\tb\nc\rd\\.\\N{e}"\u2028'
    contact = Contact.objects.select_related("identity").get(pk=first.new[0])
    assert (contact.remark, contact.description, contact.way_state) == (kept, kept, kept)
    assert (contact.identity.nickname, contact.identity.external_userid) == (kept, "wm\tX\\")
    assert contact.wecom_tag_ids == sorted(["t\n1", "\\N"])
    assert record(officer, pair, at=at).unchanged == 1


def test_an_older_reading_never_undoes_a_younger_one(officer: Officer, at: datetime) -> None:
    record(officer, seen(officer, "wmA", "新昵称"), at=at + timedelta(minutes=1))
    recorded = record(officer, seen(officer, "wmA", "旧昵称"), at=at)
    assert (recorded.touched, recorded.unchanged) == ([], 0)
    contact = Contact.objects.select_related("identity").get()
    assert (contact.remark, contact.identity.nickname) == ("新昵称", "新昵称")


def test_rows_made_for_a_stranger_are_thrown_away_when_we_know_the_account(
    officer: Officer, neighbour: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), at=at)
    pairs = [seen(officer, "wmA", createtime=ADDED + 1), seen(neighbour, "wmA")]
    fresh_rows.prepared(officer.county_id, pairs)
    recorded = record(officer, *pairs, at=at)

    assert (len(recorded.new), len(recorded.changed)) == (1, 1)
    assert (WechatIdentity.objects.count(), Resident.objects.count()) == (1, 1)


def test_a_nickname_of_blanks_gets_a_word_to_show(officer: Officer, at: datetime) -> None:
    record(officer, seen(officer, "wmA", "   "), at=at)
    assert resident_of("wmA").name == "微信用户"


def test_a_phone_of_the_roll_links_the_contact(
    county: County, officer: Officer, at: datetime
) -> None:
    person = on_roll(county)
    recorded = record(officer, seen(officer, "wmA", phones=("199 0000 0412",)), at=at)
    assert resident_of("wmA") == person
    assert Resident.objects.count() == 1, "no provisional row is left behind"
    assert recorded.linked_residents == [person.pk], "whose tags the new pair must show"


def test_a_phone_noted_later_links_the_stranger(
    county: County, officer: Officer, at: datetime
) -> None:
    person = on_roll(county)
    record(officer, seen(officer, "wmA"), at=at)
    stranger = resident_of("wmA")
    recorded = record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)

    assert recorded.linked_residents == [person.pk]
    assert resident_of("wmA") == person
    stranger.refresh_from_db()
    assert stranger.lifecycle == "duplicate"
    entry, merge = AuditEntry.objects.get(action="resident.merged"), MergeRecord.objects.get()
    assert entry.object_id == person.pk
    assert entry.details == {"stranger": stranger.pk, "merge": merge.pk}


def test_a_roll_imported_later_links_who_waits(
    county: County, officer: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)
    person = on_roll(county)
    assert linking.link_waiting(county.pk, at=at) == [person.pk]
    assert resident_of("wmA") == person


def test_a_phone_of_two_residents_links_nobody(
    county: County, officer: Officer, at: datetime
) -> None:
    on_roll(county, "罗样例")
    on_roll(county, "罗示例")
    record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)
    assert resident_of("wmA").lifecycle == "provisional"
    assert contacts.waiting_to_be_labelled(county.pk, officer.pk).count() == 1


def test_two_phones_of_two_residents_link_nobody(
    county: County, officer: Officer, at: datetime
) -> None:
    on_roll(county, "罗样例")
    on_roll(county, "罗示例", "19900000413")
    record(officer, seen(officer, "wmA", phones=(PHONE, "19900000413")), at=at)
    assert resident_of("wmA").lifecycle == "provisional"


def test_two_accounts_that_claim_one_phone_link_nobody(
    county: County, officer: Officer, neighbour: Officer, at: datetime
) -> None:
    on_roll(county)
    pairs = seen(officer, "wmA", phones=(PHONE,)), seen(neighbour, "wmB", phones=(PHONE,))
    record(officer, *pairs, at=at)
    assert {resident_of("wmA").lifecycle, resident_of("wmB").lifecycle} == {"provisional"}


def test_a_second_account_never_joins_a_linked_person_by_itself(
    county: County, officer: Officer, at: datetime
) -> None:
    person = on_roll(county)
    record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)
    record(officer, seen(officer, "wmB", phones=(PHONE,)), at=at)
    assert resident_of("wmA") == person
    assert resident_of("wmB").lifecycle == "provisional"


def test_nobody_of_another_county_is_linked(county: County, officer: Officer, at: datetime) -> None:
    elsewhere = make_county("431302")
    on_roll(elsewhere)
    record(officer, seen(officer, "wmA", phones=(PHONE,)), at=at)
    assert resident_of("wmA").county_id == county.pk


def test_merging_moves_consents_and_tags_and_keeps_the_latest_word(
    county: County, officer: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), at=at)
    stranger, person = resident_of("wmA"), on_roll(county)
    consent.give(person, ["contact", "publicity"], by=officer, at=at)
    consent.withdraw(stranger, ["publicity"], by=None, at=at + timedelta(days=1))
    consent.give(stranger, ["GRD02"], by=None, at=at + timedelta(days=2))
    give_tag(stranger, make_tag(county, "TRF01001", "重型货车"))

    merging.merge(county.pk, [merging.Pair(stranger.pk, person.pk)], by=None, at=at)

    person.refresh_from_db()
    assert person.consents == ["contact", "GRD02"]
    assert TagAssignment.objects.get().resident == person
    stranger.refresh_from_db()
    assert (stranger.lifecycle, stranger.consents) == ("duplicate", [])


def test_what_both_had_is_not_doubled_and_the_duplicate_counts_no_more(
    county: County, officer: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), at=at)
    stranger, person = resident_of("wmA"), on_roll(county)
    tag = make_tag(county, "TRF01001", "重型货车")
    give_tag(stranger, tag)
    give_tag(person, tag)
    merging.merge(county.pk, [merging.Pair(stranger.pk, person.pk)], by=None, at=at)
    stranger.refresh_from_db()
    assert stranger.lifecycle == "duplicate"
    assert TagAssignment.objects.get().resident == person
    assert resident_of("wmA") == person


def test_two_strangers_with_one_tag_become_one_person(
    county: County, officer: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), seen(officer, "wmB"), at=at)
    person, tag = on_roll(county), make_tag(county, "TRF01001", "重型货车")
    strangers = [resident_of("wmA"), resident_of("wmB")]
    for stranger in strangers:
        give_tag(stranger, tag)
    pairs = [merging.Pair(stranger.pk, person.pk) for stranger in strangers]
    merging.merge(county.pk, pairs, by=None, at=at)
    assert person.tag_assignments.count() == 1
    assert person.identities.count() == 2


def test_only_strangers_are_merged(county: County, at: datetime) -> None:
    first, second = on_roll(county), on_roll(county, "罗示例", "")
    with pytest.raises(merging.CannotMerge):
        merging.merge(county.pk, [merging.Pair(first.pk, second.pk)], by=None, at=at)


def test_an_ended_pair_stays_ended_while_wecom_goes_on_listing_it(
    county: County, officer: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), at=at)
    contacts.end_contact(county.pk, officer.pk, "wmA", by_resident=True, at=at)
    record(officer, seen(officer, "wmA", "新昵称"), at=at)
    assert Contact.objects.get().state == "removed_by_resident"

    record(officer, seen(officer, "wmA", createtime=ADDED + 60), at=at)
    contact = Contact.objects.get()
    assert (contact.state, contact.ended_at) == ("linked", None)


def test_a_full_reading_ends_what_it_missed(
    county: County, officer: Officer, neighbour: Officer, at: datetime
) -> None:
    record(officer, seen(officer, "wmA"), seen(officer, "wmB"), seen(neighbour, "wmC"), at=at)
    later = at + timedelta(hours=1)
    record(officer, seen(officer, "wmA"), at=later)
    ended = contacts.end_unseen(county.pk, [officer.pk], read_from=later, at=later)
    assert ended == 1
    states = dict(Contact.objects.values_list("identity__external_userid", "state"))
    assert states == {"wmA": "linked", "wmB": "removed_by_officer", "wmC": "linked"}


def test_a_half_pair_becomes_whole_when_wecom_shows_it(
    county: County, officer: Officer, at: datetime
) -> None:
    external = ExternalContact(external_userid="wmA", name="山里人家", type=1)
    contacts.record_half(county.pk, officer.pk, external, at=at)
    assert Contact.objects.get().state == "half"
    record(officer, seen(officer, "wmA"), at=at)
    assert Contact.objects.get().state == "linked"


@pytest.mark.django_db(transaction=True)
def test_readings_at_the_same_moment_make_each_person_once(at: datetime) -> None:
    county = make_county()
    officers = [
        make_officer(county, f"o{n}", Role.VILLAGE_AUXILIARY, serves_residents=True)
        for n in range(4)
    ]
    make_resident(division(county, "小沙江镇", "桃李村", "1组"), phone=PHONE)

    def read(number: int) -> None:
        try:
            order = range(30) if number % 2 else range(29, -1, -1)
            pairs = [
                seen(officers[number % 4], f"wm{n}", phones=(PHONE,) if n == 7 else ())
                for n in order
            ]
            contacts.record_contacts(county.pk, pairs, at=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(read, range(16)))

    assert WechatIdentity.objects.count() == 30
    assert Contact.objects.count() == 4 * 30
    assert Resident.objects.count() == 30  # 29 strangers and the one of the roll
    ordinals = sorted(Resident.objects.values_list("ordinal", flat=True))
    assert len(set(ordinals)) == 30


def test_contacts_of_the_whole_page_need_few_statements(
    county: County, officer: Officer, at: datetime, django_assert_max_num_queries: object
) -> None:
    pairs = [seen(officer, f"wm{n}", phones=(f"199{n:08}",)) for n in range(300)]
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        record(officer, *pairs, at=at)


def test_a_contact_made_elsewhere_is_recognised(
    county: County, officer: Officer, at: datetime
) -> None:
    person = on_roll(county)
    make_contact(officer, person, "wmA")
    record(officer, seen(officer, "wmA", "改了名"), at=at)
    assert resident_of("wmA") == person
    assert WechatIdentity.objects.get().nickname == "改了名"
