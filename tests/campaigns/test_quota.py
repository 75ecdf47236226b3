"""WeCom's limit for each resident: counted as WeCom counts, and a part of it kept free."""

from collections import Counter as PlainCounter
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from tests.builders import make_contact
from tests.campaigns.conftest import EVERYONE
from tests.campaigns.test_reach import NOBODY_LEFT_OUT, send_to, share_account
from weijing.accounts.models import Officer
from weijing.campaigns import quota, received, releasing, routing
from weijing.campaigns.models import Campaign, Delivery, OwnMessage
from weijing.campaigns.ordering import rules
from weijing.campaigns.ordering.models import CampaignRules
from weijing.campaigns.reach import Reach, reach
from weijing.core.clock import local_day
from weijing.residents.models import Resident
from weijing.territory.models import County

sets = st.lists(st.frozensets(st.integers(0, 40), max_size=20), max_size=40)


@given(sets, st.integers(1, 45))
def test_who_occurs_so_often_is_found_like_by_counting(
    groups: list[frozenset[int]], number: int
) -> None:
    counter, plain = quota.Counter(), PlainCounter[int]()
    for group in groups:
        counter.add(BitMap(group))
        plain.update(group)
    assert set(counter.at_least(number)) == {one for one, n in plain.items() if n >= number}


@pytest.mark.parametrize(
    ("mode", "day", "since", "most"),
    [
        ("month", date(2026, 11, 24), date(2026, 11, 1), 30),
        ("month", date(2028, 2, 29), date(2028, 2, 1), 29),
        ("week", date(2026, 11, 24), date(2026, 11, 18), 7),
        ("day", date(2026, 11, 24), date(2026, 11, 24), 1),
    ],
)
def test_each_of_wecoms_rules_has_its_window(mode: str, day: date, since: date, most: int) -> None:
    assert quota.window(mode, on=day) == quota.Window(since, most)


def test_the_reserve_is_for_what_is_urgent_and_leaves_one_to_all_others() -> None:
    settled = CampaignRules(quota_mode="week", emergency_reserve=3)
    day = date(2026, 11, 24)
    assert quota.most_allowed(settled, on=day, urgent=False) == 4
    assert quota.most_allowed(settled, on=day, urgent=True) == 7
    settled.quota_mode = "day"
    assert quota.most_allowed(settled, on=day, urgent=False) == 1


@pytest.fixture
def settle(approver: Officer, at: datetime) -> Callable[..., None]:
    def settle(**said: int | str) -> None:
        rules.change(by=approver, at=at, **said)  # type: ignore[arg-type]

    return settle


def own(officer: Officer, day: date, *people: Resident) -> None:
    """As if the officer had sent something alone."""
    OwnMessage.objects.create(
        county_id=officer.county_id, msgid=f"own{OwnMessage.objects.count()}", officer=officer,
        sent_on=day, people=sorted(person.ordinal for person in people),
    )  # fmt: skip


def count(county: County, at: datetime) -> Reach:
    return reach(EVERYONE, county_id=county.pk, at=at)


def test_what_an_officer_sends_alone_uses_up_the_limit_too(
    county: County, officer: Officer, people: list[Resident], at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    settle(quota_mode="week", emergency_reserve=3)
    today = local_day(at)
    for days in (0, 0, 3, 6):
        own(officer, today - timedelta(days=days), *people[:2])
    own(officer, today - timedelta(days=7), people[2])
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "quota_full": 2}


def test_ours_and_theirs_are_counted_together(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    settle(quota_mode="week", emergency_reserve=4)
    send_to(people[0], draft, officer, sent_at=at - timedelta(days=2))
    own(officer, local_day(at), *people)
    own(officer, local_day(at), people[0])
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "quota_full": 1}


def test_the_whole_month_counts_and_the_month_before_does_not(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    settle(quota_mode="month", emergency_reserve=10)  # 20 of 30 in November
    first = local_day(at).replace(day=1)
    for n in range(19):
        own(officer, first + timedelta(days=n), *people)
    own(officer, first - timedelta(days=1), people[1])
    send_to(people[0], draft, officer, sent_at=at - timedelta(days=20))
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "quota_full": 1}
    own(officer, first, people[2])  # seen late
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "quota_full": 2}


def test_a_result_of_long_ago_that_comes_late_is_counted(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    settle(quota_mode="month", emergency_reserve=10)
    for n in range(19):
        own(officer, local_day(at).replace(day=1 + n), people[0])
    assert count(county, at).left_out == NOBODY_LEFT_OUT
    # A share that is still open: its officer confirmed today what was sent a while ago.
    send_to(people[0], draft, officer, state="confirmed", sent_at=at - timedelta(days=10))
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "quota_full": 1}


def test_an_urgent_message_uses_what_was_kept_and_no_more(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    settle(quota_mode="week", emergency_reserve=3)
    for _ in range(4):
        own(officer, local_day(at), *people)
    for _ in range(3):
        own(officer, local_day(at), people[0])
    draft.is_urgent = True
    assert releasing.plan(draft, at=at) == 2
    assert draft.left_out == {**NOBODY_LEFT_OUT, "quota_full": 1}


def test_our_own_limit_is_what_the_county_has_settled(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    settle: Callable[..., None],
) -> None:  # fmt: skip
    send_to(people[0], draft, officer, sent_at=at - timedelta(days=3))
    settle(per_week=1)
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "week_full": 1}
    settle(per_week=2)
    assert count(county, at).left_out == NOBODY_LEFT_OUT


def test_what_one_of_a_couple_got_on_the_others_account_counts_for_the_other(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime
) -> None:
    wife = share_account(people, at)
    send_to(wife, draft, officer, sent_at=at - timedelta(hours=2))
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "received_today": 2}


def test_a_query_that_fails_leaves_nobody_behind(
    county: County, officer: Officer, people: list[Resident], draft: Campaign, at: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    count(county, at)
    send_to(people[0], draft, officer, sent_at=at - timedelta(hours=1))
    make_contact(officer, people[1], "wm-other")  # a change to be looked up
    for module, name in ((received, "_DELIVERIES"), (routing, "_THROUGH")):
        with monkeypatch.context() as broken:
            broken.setattr(module, name, "SELECT 1 / 0")
            with pytest.raises(Exception, match="division by zero"):
                with_savepoint(count, county, at)
    assert count(county, at).left_out == {**NOBODY_LEFT_OUT, "received_today": 1}


def with_savepoint(work: Callable[..., object], *args: object) -> None:
    from django.db import transaction

    with transaction.atomic():
        work(*args)


def test_a_delivery_table_without_rows_is_no_message(county: County, at: datetime) -> None:
    assert not Delivery.objects.exists()
    assert count(county, at).left_out["quota_full"] == 0
