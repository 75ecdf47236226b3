"""No is no: for 180 days, for the person and for the door."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.builders import beat_of, division, make_household, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.residents import consent
from weijing.residents.adding import refusals
from weijing.residents.models import DoorVisit, Household, Resident
from weijing.territory.models import County


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


@pytest.fixture
def home(county: County) -> Household:
    return make_household(division(county, "小沙江镇", "桃李村", "1组"))


@pytest.fixture
def resident(home: Household) -> Resident:
    return make_resident(home.division, household=home)


def knock(home: Household, officer: Officer, outcome: str, at: datetime) -> None:
    DoorVisit.objects.create(
        county_id=home.county_id, household=home, officer=officer, outcome=outcome,
        at=at, recorded_at=at, phone_key=uuid4(),
    )  # fmt: skip


def test_who_never_said_anything_may_be_asked(resident: Resident, at: datetime) -> None:
    assert refusals.may_ask(resident, at=at).given


def test_who_refused_is_not_asked_for_180_days(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.withdraw(resident, ["contact"], by=officer, at=at)

    leave = refusals.may_ask(resident, at=at + timedelta(days=179))
    assert not leave.given
    assert "2027 年 5 月 23 日以前请不要再问" in leave.sentence
    assert refusals.may_ask(resident, at=at + timedelta(days=180)).given


def test_a_refusal_of_one_thing_leaves_the_others_open(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.withdraw(resident, ["publicity"], by=officer, at=at)

    assert not refusals.may_ask(resident, scope="publicity", at=at).given
    assert refusals.may_ask(resident, at=at).given
    assert refusals.may_ask(resident, scope="GRD02", at=at).given


def test_who_does_not_want_to_be_a_contact_is_asked_for_nothing_else(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.withdraw(resident, ["contact"], by=officer, at=at)
    assert not refusals.may_ask(resident, scope="GRD02", at=at).given


def test_who_agreed_after_a_refusal_may_be_spoken_to(
    resident: Resident, officer: Officer, at: datetime
) -> None:
    consent.withdraw(resident, ["contact"], by=officer, at=at)
    consent.give(resident, ["contact"], by=None, at=at + timedelta(days=1))
    assert refusals.may_ask(resident, at=at + timedelta(days=2)).given


def test_a_household_that_sent_us_away_speaks_for_its_members(
    home: Household, resident: Resident, officer: Officer, at: datetime
) -> None:
    knock(home, officer, "refused", at - timedelta(days=10))

    assert not refusals.may_knock(home, at=at).given
    assert "这户已表示不愿意" in refusals.may_ask(resident, at=at).sentence
    assert refusals.may_knock(home, at=at + timedelta(days=171)).given


def test_the_refusal_of_the_door_does_not_bind_who_is_a_contact_already(
    home: Household, resident: Resident, officer: Officer, at: datetime
) -> None:
    knock(home, officer, "refused", at)
    consent.give(resident, ["contact"], by=None, at=at)
    assert refusals.may_ask(resident, scope="publicity", at=at).given


def test_a_later_visit_that_found_nobody_home_does_not_lift_a_refusal(
    home: Household, officer: Officer, at: datetime
) -> None:
    knock(home, officer, "refused", at - timedelta(days=9))
    knock(home, officer, "absent", at - timedelta(days=1))
    assert not refusals.may_knock(home, at=at).given

    knock(home, officer, "added", at - timedelta(hours=1))
    assert refusals.may_knock(home, at=at).given


def test_many_doors_are_one_question(
    county: County, officer: Officer, at: datetime, django_assert_num_queries: object
) -> None:
    place = division(county, "小沙江镇", "桃李村", "2组")
    homes = [make_household(place, str(n)) for n in range(5)]
    for home in homes[:2]:
        knock(home, officer, "refused", at - timedelta(days=1))

    with django_assert_num_queries(1):  # type: ignore[operator]
        found = refusals.left_in_peace(county.pk, [home.pk for home in homes], at=at)
    assert set(found) == {home.pk for home in homes[:2]}


def test_another_county_s_door_is_not_ours(home: Household, officer: Officer, at: datetime) -> None:
    knock(home, officer, "refused", at)
    assert refusals.left_in_peace(home.county_id + 1, [home.pk], at=at) == {}
