from datetime import datetime
from typing import Any

import pytest

from tests.builders import give_tag, make_contact, make_officer, make_resident, make_tag
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import scope_of
from weijing.audiences import saving
from weijing.campaigns import approving, drafting, policies, queries, stopping
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import rules
from weijing.campaigns.ordering.levels import level_of
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import County, Station

HERE = {"division": ["430524001"]}


def submitted(author: Officer, at: datetime, *, seen: int = 3, **fields: Any) -> Campaign:
    given = {"title": "题", "body": "文", "audience": {"all": [HERE]}, "topic": "service", **fields}
    campaign = drafting.draft(by=author, at=at, **given)
    drafting.submit(campaign, by=author, at=at, count_seen=seen)
    campaign.refresh_from_db()
    return campaign


def test_a_station_lets_its_own_small_messages_go(
    station_author: Officer, chief: Officer, people: list[Resident], at: datetime
) -> None:
    campaign = submitted(station_author, at)
    assert queries.to_approve(chief, scope_of(chief, at=at), at=at) == [campaign]
    assert approving.release(campaign, by=chief, at=at) == 3


def test_the_county_desk_may_let_a_stations_message_go(
    station_author: Officer, approver: Officer, people: list[Resident], at: datetime
) -> None:
    assert approving.release(submitted(station_author, at), by=approver, at=at) == 3


@pytest.mark.parametrize("rank", ["chief", "approver of the station"])
def test_above_the_countys_number_the_county_desk_approves(
    rank: str, county: County, station: Station, station_author: Officer, chief: Officer,
    approver: Officer, people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    local = chief
    if rank != "chief":
        local = make_officer(county, "second", Role.CAMPAIGN_APPROVER, station=station)
    rules.change(by=approver, at=at, station_people=2, similar_days=14)
    campaign = submitted(station_author, at)

    with pytest.raises(PermissionDenied):
        approving.release(campaign, by=local, at=at)
    assert queries.to_approve(local, scope_of(local, at=at), at=at) == []
    assert queries.to_approve(approver, scope_of(approver, at=at), at=at) == [campaign]
    assert level_of(campaign, scope_of(station_author, at=at)).why == (
        "发给 3 人，超过派出所能批的 2 人",
    )


def test_who_may_not_let_it_go_may_still_stop_it(
    station_author: Officer, chief: Officer, approver: Officer, people: list[Resident],
    at: datetime,
) -> None:  # fmt: skip
    rules.change(by=approver, at=at, station_people=2, similar_days=14)
    campaign = submitted(station_author, at)
    approving.release(campaign, by=approver, at=at)
    assert not policies.can_release(chief, campaign, at=at)
    assert stopping.stop(campaign, by=chief, at=at) == 1


def test_the_head_of_a_station_has_no_say_in_what_a_former_county_author_wrote(
    chief: Officer, author: Officer, approver: Officer, people: list[Resident], at: datetime
) -> None:
    campaign = submitted(author, at)
    approving.release(campaign, by=approver, at=at)
    Posting.objects.filter(officer=author).update(ends_at=at)
    assert not policies.can_stop(chief, campaign, at=at)
    with pytest.raises(PermissionDenied):
        stopping.stop(campaign, by=chief, at=at)
    assert policies.can_stop(approver, campaign, at=at)


def test_growing_past_the_number_after_submission_needs_the_county_desk(
    station_author: Officer, chief: Officer, approver: Officer, officer: Officer,
    people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    rules.change(by=approver, at=at, station_people=3, similar_days=14)
    campaign = submitted(station_author, at)
    make_contact(officer, make_resident(people[0].division, "新来", consents=("publicity",)))

    with pytest.raises(approving.NeedsCountyDesk):
        approving.release(campaign, by=chief, at=at, count_seen=4)
    assert Share.objects.count() == 0
    assert approving.release(campaign, by=approver, at=at, count_seen=4) == 4


@pytest.mark.parametrize("saved", [False, True])
def test_a_sensitive_tag_needs_the_county_desk_also_inside_a_saved_audience(
    saved: bool, county: County, station_author: Officer, chief: Officer, officer: Officer,
    people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    tag = make_tag(county, "CHD01001", "留守儿童")
    tag.sensitive = True
    tag.save()
    place = people[0].division
    child = make_resident(place, "罗四", consents=("contact", "publicity", tag.group.code))
    make_contact(officer, child)
    give_tag(child, tag)
    named: dict[str, Any] = {"tag": [tag.code]}
    if saved:
        saving.save("标签(CHD01001)", name="留守", note="", by=station_author, at=at)
        named = {"saved": "留守"}
    campaign = submitted(station_author, at, seen=1, audience={"all": [HERE, named]})

    with pytest.raises(PermissionDenied):
        approving.release(campaign, by=chief, at=at)
    assert level_of(campaign, scope_of(station_author, at=at)).why == (
        "条件里有敏感标签「留守儿童」",
    )


def test_warnings_of_disaster_need_the_county_desk(
    station_author: Officer, chief: Officer, people: list[Resident], at: datetime
) -> None:
    with pytest.raises(PermissionDenied):
        approving.release(submitted(station_author, at, topic="disaster"), by=chief, at=at)


def test_the_head_of_another_station_has_no_say(
    county: County, station_author: Officer, people: list[Resident], at: datetime
) -> None:
    other = make_officer(
        county, "other", Role.STATION_COMMAND, station=Station.objects.get(name="金石桥派出所")
    )
    with pytest.raises(PermissionDenied):
        approving.release(submitted(station_author, at), by=other, at=at)


def test_a_head_who_also_writes_does_not_approve_their_own(
    county: County, station: Station, people: list[Resident], at: datetime
) -> None:
    both = make_officer(county, "both", Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, station=station)
    with pytest.raises(PermissionDenied):
        approving.release(submitted(both, at), by=both, at=at)


@pytest.mark.parametrize("numbers", [(-1, 14), (100_001, 14), (5, 32)])
def test_rules_out_of_bounds_change_nothing(
    approver: Officer, county: County, at: datetime, numbers: tuple[int, int]
) -> None:
    with pytest.raises(rules.BadRule):
        rules.change(by=approver, at=at, station_people=numbers[0], similar_days=numbers[1])
    assert rules.rules_of(county.pk).station_people == 2_000


def test_only_the_county_desk_settles_the_rules(chief: Officer, at: datetime) -> None:
    with pytest.raises(PermissionDenied):
        rules.change(by=chief, at=at, station_people=9_999, similar_days=14)
