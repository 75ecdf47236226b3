from datetime import datetime, timedelta

import pytest
from django.db import connection

from tests.builders import (
    beat_of,
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
)
from tests.campaigns.conftest import EVERYONE
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import scope_of
from weijing.audiences import text
from weijing.campaigns import releasing, tallying
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.reach import Reach, reach
from weijing.core.ids import new_ids
from weijing.residents import audience_changes
from weijing.residents.models import IdentitySharer, OrdinalCounter, Resident, WechatIdentity
from weijing.territory import loading
from weijing.territory.models import Beat, County, Division, Station

NOBODY_LEFT_OUT = {
    "no_contact": 0, "officer_away": 0, "no_consent": 0, "received_today": 0, "week_full": 0,
    "quota_full": 0, "shares_account": 0,
}  # fmt: skip


def count(county: County, at: datetime) -> Reach:
    return reach(EVERYONE, county_id=county.pk, at=at)


def send_to(resident: Resident, draft: Campaign, officer: Officer, *, state: str = "finished",
            result: str = "sent", sent_at: datetime | None = None) -> None:  # fmt: skip
    """As if an earlier campaign had reached the resident."""
    number = Share.objects.count()
    share = Share.objects.create(
        county_id=draft.county_id, campaign=draft, officer=officer, part=100 + number,
        code=f"Z{number}", people=1, state=state, msgid=f"old{number}", confirmed_at=sent_at,
    )  # fmt: skip
    Delivery.objects.create(
        county_id=draft.county_id, share=share, resident=resident, external_userid="wm",
        result=result, sent_at=sent_at,
    )  # fmt: skip


def save(person: Resident) -> None:
    person.save()
    audience_changes.people(person.county_id, [person.pk])


def test_everyone_with_a_contact_and_consent_is_reached(
    county: County, people: list[Resident], at: datetime
) -> None:
    found = count(county, at)

    assert (found.matched, found.reachable, found.officers, found.households) == (3, 3, 1, 2)
    assert found.left_out == NOBODY_LEFT_OUT
    assert found.largest_officer_load == 3
    assert [(t.name, t.reachable, t.households) for t in found.by_township] == [("小沙江镇", 3, 2)]


def test_each_person_left_out_has_one_reason(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    place = division(county, "金石桥镇", "桃李村", "1组")
    make_resident(place, "没联系", household=make_household(place, "9"))
    people[0].consents = ["contact"]
    save(people[0])
    send_to(people[1], draft, officer, sent_at=at - timedelta(hours=1))

    found = count(county, at)

    assert found.matched == 4
    assert found.reachable == 1
    assert found.left_out == {
        **NOBODY_LEFT_OUT, "no_contact": 1, "no_consent": 1, "received_today": 1
    }  # fmt: skip
    assert found.unreachable_households == 2  # the one in 金石桥镇, and of 罗一 and 罗二


def test_yesterday_evening_is_not_today(
    county: County, officer: Officer, people: list[Resident], draft: Campaign
) -> None:
    just_after_midnight = datetime.fromisoformat("2026-11-24T16:01:00+00:00")  # 00:01 in China
    send_to(people[0], draft, officer, sent_at=just_after_midnight - timedelta(minutes=2))
    assert count(county, just_after_midnight).left_out == NOBODY_LEFT_OUT

    send_to(people[1], draft, officer, sent_at=just_after_midnight - timedelta(seconds=30))
    assert count(county, just_after_midnight).left_out["received_today"] == 1


def test_the_third_message_in_seven_days_is_too_much(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    for days in (2, 6):
        send_to(people[0], draft, officer, sent_at=at - timedelta(days=days))
    for days in (2, 8):
        send_to(people[1], draft, officer, sent_at=at - timedelta(days=days))

    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "week_full": 1}


def test_a_message_still_on_its_way_counts(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    send_to(people[0], draft, officer, state="asked", result="pending")
    assert count(county, at).left_out["received_today"] == 1


@pytest.mark.parametrize("state", ["cancelled", "lapsed", "refused", "finished"])
def test_a_message_that_will_not_come_does_not_count(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    state: str,
) -> None:  # fmt: skip
    send_to(people[0], draft, officer, state=state, result="pending", sent_at=None)
    assert count(county, at).left_out == NOBODY_LEFT_OUT


def test_the_beats_own_officer_comes_before_the_latest_contact(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime,
) -> None:  # fmt: skip
    make_contact(second_officer, people[0], added_at=at)  # later, but answers for another village
    releasing.plan(draft, at=at)
    share = Share.objects.get(campaign=draft)
    assert (share.officer, share.people) == (officer, 3)


def test_without_the_beats_officer_the_latest_contact_sends(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime,
) -> None:  # fmt: skip
    Posting.objects.filter(officer=officer).update(ends_at=at - timedelta(days=1))
    make_contact(second_officer, people[0], added_at=at)
    releasing.plan(draft, at=at)
    shares = dict(Share.objects.filter(campaign=draft).values_list("officer__username", "people"))
    assert shares == {"luo": 2, "yang": 1}


def test_an_officer_who_has_left_sends_nothing(
    county: County, officer: Officer, people: list[Resident], at: datetime
) -> None:
    officer.is_active = False
    officer.save()
    assert count(county, at).left_out["no_contact"] == 3


def test_a_deleted_contact_reaches_nobody(
    county: County, officer: Officer, people: list[Resident], at: datetime
) -> None:
    officer.contacts.filter(identity__resident=people[0]).update(state="removed_by_resident")
    audience_changes.people(county.pk, [people[0].pk])
    assert count(county, at).left_out["no_contact"] == 1


def test_a_person_with_two_accounts_gets_it_once(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    make_contact(officer, people[0], "wm-second-phone")
    assert releasing.plan(draft, at=at) == 3
    assert Delivery.objects.filter(resident=people[0]).count() == 1


def test_a_station_reaches_its_own_townships_only(
    county: County, people: list[Resident], second_officer: Officer, at: datetime
) -> None:
    other = make_officer(
        county, "far", Role.CAMPAIGN_AUTHOR, station=Station.objects.get(name="金石桥派出所")
    )
    near = make_officer(
        county, "near", Role.CAMPAIGN_AUTHOR, station=Station.objects.get(name="小沙江派出所")
    )

    def of(author: Officer) -> int:
        scope = scope_of(author, at=at)
        return reach(EVERYONE, county_id=county.pk, at=at, within=scope).matched

    assert (of(other), of(near)) == (0, 3)


def test_another_countys_people_do_not_count(
    county: County, people: list[Resident], at: datetime
) -> None:
    from tests.builders import make_county

    make_county("430525")
    assert count(county, at).reachable == 3


def test_the_plan_holds_everyone_exactly_once(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(releasing, "MAX_PEOPLE", 2)
    place = division(county, "小沙江镇", "红星村", "1组")
    for n in range(5):
        make_contact(second_officer, make_resident(place, f"人{n}", consents=("publicity",)))

    assert releasing.plan(draft, at=at) == 8
    parts = Share.objects.filter(campaign=draft).order_by("officer__username", "part")
    assert [(s.officer.username, s.part, s.people) for s in parts] == [
        ("luo", 0, 2), ("luo", 1, 1), ("yang", 0, 2), ("yang", 1, 2), ("yang", 2, 1)
    ]  # fmt: skip
    assert all(s.deliveries.count() == s.people for s in parts)
    assert Delivery.objects.values("resident").distinct().count() == 8
    assert len({s.code for s in parts}) == 5


def test_an_officer_sees_who_of_their_own_was_left_out(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    people[0].consents = []
    save(people[0])
    releasing.plan(draft, at=at)
    assert Share.objects.get(campaign=draft).left_out == {"no_consent": 1}
    assert draft.left_out == {**NOBODY_LEFT_OUT, "no_consent": 1}


def test_nested_beats_give_the_narrower_one(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime,
) -> None:  # fmt: skip
    from weijing.territory.models import BeatDivision

    group = division(county, "小沙江镇", "桃李村", "1组")
    narrow = beat_of(county, "小沙江镇", "红星村")
    BeatDivision.objects.create(county=county, beat=narrow, division=group)
    make_contact(second_officer, people[0])
    releasing.plan(draft, at=at)
    shares = dict(Share.objects.filter(campaign=draft).values_list("officer__username", "people"))
    assert shares == {"luo": 2, "yang": 1}


def test_a_county_loaded_a_moment_ago_is_counted_at_once(db: None, at: datetime) -> None:
    """PostgreSQL has no statistics of its tables yet: those of a transaction are never counted."""
    path = loading.shipped_file("430524")
    loaded = loading.load_county(loading.read_divisions(path, "430524"), source=path.name)
    OrdinalCounter.objects.create(county=loaded.county)
    officers = Officer.objects.bulk_create(
        Officer(id=id, county=loaded.county, username=f"u{id}", name="阳模拟",
                wecom_userid=f"u{id}", serves_residents=True)
        for id in new_ids(loaded.beats)
    )  # fmt: skip
    beats = Beat.objects.filter(county=loaded.county)
    Posting.objects.bulk_create(
        Posting(id=id, county=loaded.county, officer=officer, kind="primary", beat=beat,
                starts_at=at)
        for id, officer, beat in zip(new_ids(loaded.beats), officers, beats, strict=True)
    )  # fmt: skip
    village = Division.objects.filter(county=loaded.county, level="village").first()
    make_contact(officers[0], make_resident(village, "罗样例", consents=("publicity",)))

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '20s'")  # it takes a tenth of a second
    found = count(loaded.county, at)

    assert (found.matched, found.reachable) == (1, 1)


def test_the_officer_chosen_for_a_person_comes_before_the_beats(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime,
) -> None:  # fmt: skip
    make_contact(second_officer, people[0])
    assert count(county, at).officers == 1
    people[0].primary_officer = second_officer
    save(people[0])
    assert count(county, at).officers == 2
    releasing.plan(draft, at=at)
    shares = dict(Share.objects.filter(campaign=draft).values_list("officer__username", "people"))
    assert shares == {"luo": 2, "yang": 1}


def share_account(people: list[Resident], at: datetime) -> Resident:
    """The wife of 罗一, without an account of her own."""
    wife = make_resident(people[0].division, "共用人", consents=("contact", "publicity"))
    IdentitySharer.objects.create(
        county_id=wife.county_id, resident=wife, recorded_at=at,
        identity=WechatIdentity.objects.get(resident=people[0]),
    )  # fmt: skip
    audience_changes.people(wife.county_id, [wife.pk])
    return wife


def test_who_shares_an_account_is_reached_through_it(
    county: County, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    wife = share_account(people, at)
    Campaign.objects.filter(pk=draft.pk).update(audience={"sex": "f"})
    for person, sex in ((wife, "f"), (people[0], "m")):
        person.sex = sex
        save(person)
    draft.refresh_from_db()
    assert releasing.plan(draft, at=at) == 1
    delivery = Delivery.objects.get()
    assert delivery.resident == wife
    assert delivery.external_userid == f"wm{people[0].pk}"


def test_a_couple_with_one_account_gets_it_once(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    wife = share_account(people, at)
    found = count(county, at)
    assert (found.matched, found.reachable) == (4, 3)
    assert found.left_out == {**NOBODY_LEFT_OUT, "shares_account": 1}
    assert releasing.plan(draft, at=at) == 3
    assert not Delivery.objects.filter(resident=wife).exists()
    assert Share.objects.get(campaign=draft).left_out == {"shares_account": 1}


def test_what_the_other_of_a_couple_got_today_counts_for_both(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    share_account(people, at)
    send_to(people[0], draft, officer, sent_at=at - timedelta(hours=1))
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "received_today": 2}


def test_who_is_posted_elsewhere_from_now_on_sends_no_more_for_the_beat(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    draft: Campaign, at: datetime,
) -> None:  # fmt: skip
    make_contact(second_officer, people[0], added_at=at)
    assert count(county, at).officers == 1
    Posting.objects.filter(officer=officer).update(ends_at=at - timedelta(days=1))
    assert count(county, at).officers == 2, "now the one added last"


def test_results_that_come_in_are_in_the_next_count(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    send_to(people[0], draft, officer, state="asked", result="pending")
    assert count(county, at).left_out["received_today"] == 1
    share = Share.objects.get()
    Delivery.objects.filter(share=share).update(result="not_friend")
    tallying.tally(share)
    assert count(county, at).left_out == NOBODY_LEFT_OUT


def test_who_received_something_lately_can_be_asked_for(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    def matched(said: str) -> int:
        return reach(text.read(said, county_id=county.pk), county_id=county.pk, at=at).matched

    send_to(people[0], draft, officer, sent_at=at - timedelta(days=3))
    send_to(people[1], draft, officer, sent_at=at - timedelta(days=20))
    send_to(people[2], draft, officer, state="asked", result="pending")
    assert matched("收到过(2天)") == 0, "what is only on its way was not received"
    assert matched("收到过(4天)") == 1
    assert matched("收到过(31天)") == 2
    assert matched("收到过(31天,防灾避险)") == 2
    assert matched("收到过(31天,反诈)") == 0
    assert matched("全县 除 收到过(4天)") == 2
