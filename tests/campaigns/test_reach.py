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
from weijing.campaigns import releasing
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.reach import Reach, reach
from weijing.core.ids import new_ids
from weijing.residents.models import OrdinalCounter, Resident
from weijing.territory import loading
from weijing.territory.models import Beat, County, Division, Station

NOBODY_LEFT_OUT = {"no_contact": 0, "no_consent": 0, "received_today": 0, "week_full": 0}


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
    people[0].save()
    send_to(people[1], draft, officer, sent_at=at - timedelta(hours=1))

    found = count(county, at)

    assert found.matched == 4
    assert found.reachable == 1
    assert found.left_out == {
        "no_contact": 1, "no_consent": 1, "received_today": 1, "week_full": 0
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
    people[0].save()
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
