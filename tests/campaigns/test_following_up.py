"""What goes out again after a message: to exactly whom it did not reach, or to whom it did."""

from datetime import datetime, timedelta

import pytest

from tests.builders import make_officer
from weijing.accounts.models import Officer, Role
from weijing.audiences import counting, text
from weijing.audiences.expression import BadExpression, HadResult, parse, to_json
from weijing.audiences.sentence import sentence
from weijing.campaigns import following_up, tallying
from weijing.campaigns.models import Campaign, Delivery, PlannedPeople, Share
from weijing.campaigns.reach import reach_of
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import County

NEXT_DAY = timedelta(days=1)


@pytest.fixture
def over(share: Share, people: list[Resident], at: datetime) -> Campaign:
    """Sent to the first, over quota for the second, never confirmed for the third."""
    of = Delivery.objects.filter(share=share)
    of.filter(resident=people[0]).update(result="sent", sent_at=at)
    of.filter(resident=people[1]).update(result="over_quota")
    Share.objects.filter(pk=share.pk).update(
        state="finished", msgid="m", confirmed_at=at, ended_at=at, due_at=None
    )
    tallying.tally(share)
    Campaign.objects.filter(pk=share.campaign_id).update(state="finished", ended_at=at)
    return Campaign.objects.get(pk=share.campaign_id)


def meant(campaign: Campaign) -> set[str]:
    node = parse(campaign.audience, county_id=campaign.county_id)
    found = counting.people(node, county_id=campaign.county_id)
    return set(Resident.objects.filter(ordinal__in=list(found)).values_list("name", flat=True))


def test_again_goes_to_exactly_those_with_the_chosen_results(
    over: Campaign, author: Officer, at: datetime
) -> None:
    both = following_up.resend(over, by=author, at=at, results=["pending", "over_quota", "sent"])
    assert meant(both) == {"罗二", "罗三"}
    assert (both.state, both.body, both.title) == ("draft", over.body, "台风蓝色预警（补发）")
    one = following_up.resend(over, by=author, at=at, results=["over_quota"])
    assert meant(one) == {"罗二"}
    assert reach_of(one, at=at).reachable == 1


def test_a_correction_goes_to_whom_it_reached_and_the_limits_hold(
    over: Campaign, author: Officer, at: datetime
) -> None:
    new = following_up.correct(over, by=author, at=at)
    assert meant(new) == {"罗一"} and "更正" in new.title and over.title in new.body
    today = reach_of(new, at=at)
    assert (today.reachable, today.left_out["received_today"]) == (0, 1)
    assert reach_of(new, at=at + NEXT_DAY).reachable == 1


def test_whose_result_comes_late_is_no_longer_meant(
    over: Campaign, author: Officer, people: list[Resident], at: datetime
) -> None:
    new = following_up.resend(over, by=author, at=at, results=["pending"])
    assert meant(new) == {"罗三"}
    Delivery.objects.filter(resident=people[2]).update(result="sent", sent_at=at)
    tallying.tally(over.shares.get())
    assert meant(new) == set()


def test_people_who_are_planned_but_not_listed_count_as_pending(
    over: Campaign, author: Officer, people: list[Resident], at: datetime
) -> None:
    new = following_up.resend(over, by=author, at=at, results=["pending"])
    share = over.shares.get()
    share.deliveries.all().delete()
    PlannedPeople.objects.create(
        county_id=over.county_id, share=share, people=sorted(p.ordinal for p in people)
    )
    assert meant(new) == {"罗一", "罗二", "罗三"}


def test_of_another_county_nobody_is_meant(over: Campaign, author: Officer, at: datetime) -> None:
    from tests.builders import make_county

    far = make_county("430525")
    node = parse({"outcome": {"message": over.number, "result": ["sent"]}}, county_id=far.pk)
    assert counting.count(node, county_id=far.pk) == 0


def test_what_still_runs_is_not_followed(share: Share, author: Officer, at: datetime) -> None:
    with pytest.raises(following_up.StillRunning):
        following_up.correct(share.campaign, by=author, at=at)
    assert Campaign.objects.count() == 1


def test_somebody_who_got_it_or_nobody_is_no_choice(
    over: Campaign, author: Officer, at: datetime
) -> None:
    for results in ([], ["sent"], ["withdrawn"], ["x"]):
        with pytest.raises(following_up.NothingChosen):
            following_up.resend(over, by=author, at=at, results=results)


def test_only_an_author_who_may_see_it_follows_it(
    over: Campaign, approver: Officer, county: County, at: datetime
) -> None:
    far = make_officer(county, "far", Role.CAMPAIGN_AUTHOR)
    for who in (approver, far):
        with pytest.raises(PermissionDenied):
            following_up.resend(over, by=who, at=at, results=["pending"])


def test_the_condition_is_read_back_as_text_as_tree_and_as_a_sentence(county: County) -> None:
    node = HadResult("QF-1124-01", ("pending", "over_quota"))
    assert text.to_text(node) == "群发结果(QF-1124-01,未发,条数已满)"
    for said in (text.to_text(node), "群发结果（qf-1124-01，over_quota，未发，未发）"):
        assert text.read(said, county_id=county.pk) == node
    assert parse(to_json(node), county_id=county.pk) == node
    assert sentence(node) == "群发 QF-1124-01 的结果是未发或条数已满的群众。"


@pytest.mark.parametrize(
    ("tree", "where"),
    [({}, "outcome"), ({"message": "QF-1124-01"}, "outcome"),
     ({"message": 1, "result": []}, "message"),
     ({"message": "QF-1124-01'--", "result": ["sent"]}, "message"),
     ({"message": "QF-1124-01", "result": []}, "result"),
     ({"message": "QF-1124-01", "result": ["sent", "read"]}, "result[1]"),
     ({"message": "QF-1124-01", "result": [["sent"]]}, "result[0]")],
)  # fmt: skip
def test_a_condition_that_says_nothing_is_refused_where_it_stands(
    county: County, tree: object, where: str
) -> None:
    with pytest.raises(BadExpression, match=where.replace("[", r"\[")):
        parse({"outcome": tree}, county_id=county.pk)


@pytest.mark.parametrize(
    "said", ["群发结果(QF-1124-01)", "群发结果(QF-1124-01,已读)", "群发结果(x,未发)"]
)
def test_a_text_that_says_nothing_is_refused(county: County, said: str) -> None:
    with pytest.raises(BadExpression):
        text.read(said, county_id=county.pk)
