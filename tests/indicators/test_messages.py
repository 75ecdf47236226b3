"""Messages published, confirmed and sent: the same figures kept as counted."""

from datetime import timedelta

import pytest

from tests.builders import give_tag, make_tag
from tests.web.desk.conftest import Desk, build
from tests.web.desk.test_campaigns import settle
from weijing.campaigns import tallying
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.core import clock
from weijing.indicators import messages
from weijing.indicators.models import CampaignFigures
from weijing.residents.models import ConsentRecord
from weijing.territory.models import County


@pytest.fixture
def desk(county: County) -> Desk:
    return build(county)


def ended(desk, **fields):
    campaign = desk.released(**fields)
    late = desk.officers["红星村"]
    for share in campaign.shares.exclude(officer=late):
        settle(campaign, officer=share.officer)
    lapsed = Share.objects.filter(campaign=campaign, officer=late)
    lapsed.update(state="lapsed", ended_at=clock.now(), due_at=None)
    Campaign.objects.filter(pk=campaign.pk).update(state="finished", ended_at=clock.now())
    campaign.refresh_from_db()
    return campaign


def total(desk, **period):
    return messages.published(desk.county.pk, at=clock.now(), **period).total


def said_no(resident, *, hours):
    ConsentRecord.objects.create(
        county_id=resident.county_id, resident=resident, scope="publicity", given=False,
        notice_version="1", channel="phone_page", at=clock.now() + timedelta(hours=hours),
    )  # fmt: skip


def test_a_running_campaign_counts_before_anything_is_kept(desk):
    campaign = desk.released()
    settle(campaign, officer=desk.officers["桃李村"])
    found = total(desk)
    assert (found.campaigns, found.tasks, found.confirmed) == (1, 3, 1)
    assert (found.people, found.sent) == (4, 2) and found.sent_percent == 50


def test_what_is_kept_equals_what_was_counted_and_twice_is_once(desk):
    ended(desk)
    before = total(desk)
    assert messages.keep(desk.county.pk, at=clock.now()) == 1
    messages.keep(desk.county.pk, at=clock.now())
    assert CampaignFigures.objects.count() == 1 and total(desk) == before
    assert before.sent == 3 and before.confirmed == 2


def test_after_48_hours_a_campaign_is_settled_and_left_alone(desk):
    ended(desk)
    later = clock.now() + timedelta(hours=49)
    assert messages.keep(desk.county.pk, at=later) == 1
    assert messages.keep(desk.county.pk, at=later) == 0


@pytest.mark.parametrize(("hours", "counted"), [(1, 1), (47, 1), (49, 0), (-1, 0)])
def test_who_takes_consent_back_within_48_hours_of_getting_it_counts_once(desk, hours, counted):
    ended(desk)
    person = desk.residents["罗样例"]
    said_no(person, hours=hours)
    said_no(person, hours=hours)
    said_no(desk.residents["陈示例"], hours=hours)  # who never got it
    messages.keep(desk.county.pk, at=clock.now())
    assert total(desk).withdrawn_after == counted


def test_topics_and_tags_are_told_apart_and_days_bound_them(desk):
    ended(desk, topic="traffic", audience={"all": [{"tag": [desk.truck.code]}]})
    found = messages.published(desk.county.pk, at=clock.now())
    assert set(found.by_topic) == {"traffic"} and set(found.by_tag) == {desk.truck.code}
    assert found.by_tag[desk.truck.code].sent == found.total.sent == 1
    tomorrow = clock.today() + timedelta(days=1)
    assert total(desk, since=tomorrow).campaigns == 0
    messages.keep(desk.county.pk, at=clock.now())
    assert total(desk, since=tomorrow).campaigns == 0
    assert total(desk, until=clock.today()).campaigns == 1


def test_tags_that_are_left_out_are_not_what_a_message_is_about(desk):
    bus = make_tag(desk.county, "TRF01002", "校车")
    tree = {"all": [{"tag": [desk.truck.code]}, {"except": [{"tag": [bus.code]}]}]}
    ended(desk, audience=tree)
    assert set(messages.published(desk.county.pk, at=clock.now()).by_tag) == {desk.truck.code}
    messages.keep(desk.county.pk, at=clock.now())
    assert set(messages.published(desk.county.pk, at=clock.now()).by_tag) == {desk.truck.code}


def test_what_still_runs_does_not_thin_out_the_rate_of_those_who_said_no(desk):
    ended(desk)
    said_no(desk.residents["罗样例"], hours=1)
    messages.keep(desk.county.pk, at=clock.now())
    assert total(desk).withdrawn_percent == pytest.approx(100 / 3)
    bus = make_tag(desk.county, "TRF01002", "校车")
    person = desk.person("谢走动", "小沙江镇", "桃李村", "1组")
    give_tag(person, bus)
    running = desk.released(audience={"all": [{"tag": [bus.code]}]})
    settle(running, officer=desk.officers["桃李村"])
    found = total(desk)
    assert (found.sent, found.withdrawn_after) == (4, 1)
    assert found.withdrawn_percent == pytest.approx(100 / 3)


def test_a_drill_publishes_nothing(desk):
    campaign = ended(desk)
    Campaign.objects.filter(pk=campaign.pk).update(is_drill=True)
    messages.keep(desk.county.pk, at=clock.now())
    assert total(desk).campaigns == 0


def test_the_page_shows_the_figures_to_the_county_desk_only(desk):
    campaign = ended(desk, topic="traffic")
    Delivery.objects.filter(share__officer=desk.officers["金石桥镇"]).update(result="not_friend")
    tallying.tally(campaign.shares.get(officer=desk.officers["金石桥镇"]))
    page = desk.client(desk.approver).get("/desk/figures/messages/").content.decode()
    assert "交通安全" in page and "50.0%" in page and "66.7%" in page and "不是好友" in page
    assert desk.client(desk.chief).get("/desk/figures/messages/").status_code == 404
    empty = desk.client(desk.approver).get("/desk/figures/messages/?days=7").content.decode()
    assert "近 7 日" in empty
