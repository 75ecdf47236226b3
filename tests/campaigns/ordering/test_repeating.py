from datetime import datetime, timedelta

import pytest

from tests.campaigns.conftest import BODY, EVERYONE
from weijing.accounts.models import Officer
from weijing.campaigns import drafting, tallying
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.campaigns.ordering import rules
from weijing.campaigns.ordering.repeating import ALIKE, Repetition, likeness, repetitions
from weijing.residents.models import Resident

IN_THE_EVENING = "请注意，今晚六点起有暴雨，山区道路请不要夜间行车。——隆回县公安局"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (BODY, BODY.replace("，", " ， "), True),
        (IN_THE_EVENING, IN_THE_EVENING.replace("六点", "八点"), True),
        (IN_THE_EVENING, IN_THE_EVENING + "请相互转告。", True),
        (IN_THE_EVENING, "陌生人以快递理赔为名要求下载软件的，都是诈骗。——隆回县公安局", False),
        (IN_THE_EVENING, "", False),
        ("", "", False),
    ],
)
def test_what_counts_as_similar(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, other) >= ALIKE) is alike
    assert likeness(one, other) == likeness(other, one)


def again(author: Officer, at: datetime, body: str = BODY, **fields: object) -> Campaign:
    given = {"title": "再发一次", "topic": "disaster", "audience": EVERYONE, **fields}
    return drafting.draft(by=author, at=at, body=body, **given)


def sent(released: Campaign, *, at: datetime, to: int) -> None:
    """WeCom reports so many as sent; the others are no longer friends."""
    share = Share.objects.get(campaign=released)
    ids = list(Delivery.objects.filter(share=share).order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ids[:to]).update(result="sent", sent_at=at)
    Delivery.objects.filter(pk__in=ids[to:]).update(result="not_friend")
    Share.objects.filter(pk=share.pk).update(
        state="finished", msgid="m", confirmed_at=at, ended_at=at, due_at=None
    )
    tallying.tally(share)


def test_the_same_words_to_the_same_people_are_pointed_out(
    released: Campaign, author: Officer, at: datetime
) -> None:
    assert repetitions(again(author, at), at=at) == [Repetition(released, 1.0, 3)]


def test_only_those_count_who_got_it(released: Campaign, author: Officer, at: datetime) -> None:
    sent(released, at=at, to=2)
    later = at + timedelta(days=3)
    assert [one.people for one in repetitions(again(author, later), at=later)] == [2]


def test_other_people_are_no_repetition(released: Campaign, author: Officer, at: datetime) -> None:
    other = again(author, at, audience={"division": ["430524002"]})
    assert repetitions(other, at=at) == []


def test_other_words_are_no_repetition(released: Campaign, author: Officer, at: datetime) -> None:
    assert repetitions(again(author, at, IN_THE_EVENING), at=at) == []


@pytest.mark.parametrize(("days", "found"), [(13, 1), (15, 0)])
def test_after_two_weeks_it_may_be_said_again(
    released: Campaign, author: Officer, at: datetime, days: int, found: int
) -> None:
    sent(released, at=at, to=3)
    later = at + timedelta(days=days)
    assert len(repetitions(again(author, later), at=later)) == found


def test_a_county_says_for_how_many_days(
    released: Campaign, author: Officer, approver: Officer, at: datetime
) -> None:
    rules.change(by=approver, at=at, station_people=0, similar_days=0)
    assert repetitions(again(author, at), at=at) == []


def test_one_that_waits_for_approval_counts_with_whom_it_means(
    submitted: Campaign, author: Officer, people: list[Resident], at: datetime
) -> None:
    assert repetitions(again(author, at), at=at) == [Repetition(submitted, 1.0, 3)]


def test_a_draft_and_a_message_itself_are_no_repetition(
    draft: Campaign, author: Officer, at: datetime
) -> None:
    again(author, at)
    assert repetitions(draft, at=at) == []


def test_an_audience_that_cannot_be_read_repeats_nothing(
    released: Campaign, author: Officer, at: datetime
) -> None:
    assert repetitions(again(author, at, audience={"tag": ["NO"]}), at=at) == []
