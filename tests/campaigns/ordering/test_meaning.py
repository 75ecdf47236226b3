"""What was approved is what goes out: nobody swaps it afterwards through a saved audience."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction

from tests.builders import give_tag, make_officer, make_tag
from weijing.accounts.models import Officer, Role
from weijing.audiences import saving
from weijing.audiences.models import SavedAudience
from weijing.campaigns import approving, drafting, following_tags
from weijing.campaigns.content.wording import wording
from weijing.campaigns.drafting import Incomplete
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import scheduling
from weijing.campaigns.ordering.meaning import AudienceChanged
from weijing.residents.models import Resident
from weijing.tags.catalogue import following
from weijing.tags.models import Tag
from weijing.territory.models import County

LATER = timedelta(hours=4)


@pytest.fixture
def lorry(county: County, people: list[Resident]) -> Tag:
    tag = make_tag(county, "TRF01001", "重型货车")
    give_tag(people[0], tag)
    return tag


@pytest.fixture
def campaign(author: Officer, lorry: Tag, at: datetime) -> Campaign:
    """Waits for approval; its audience stands on 乙, and that one on 甲."""
    saving.save("标签(重型货车)", name="甲", by=author, at=at)
    saving.save("受众(甲) 且 已联系", name="乙", by=author, at=at)
    draft = drafting.draft(
        by=author, at=at, title="题", body="文", audience={"all": [{"saved": "乙"}]}
    )
    drafting.submit(draft, by=author, at=at, count_seen=1)
    draft.refresh_from_db()
    return draft


def swap(author: Officer, people: list[Resident], lorry: Tag, at: datetime) -> None:
    """甲 means somebody else now, and no more people than before."""
    other = make_tag(author.county, "TRF01002", "校车")
    give_tag(people[1], other)
    saving.save("标签(校车)", name="甲", by=author, at=at)


def test_what_means_the_same_as_then_goes_out(
    campaign: Campaign, author: Officer, approver: Officer, at: datetime
) -> None:
    saving.save("标签(重型货车)", name="甲", note="改了说明", by=author, at=at)
    assert approving.release(campaign, by=approver, at=at) == 1


def test_a_saved_audience_that_was_swapped_does_not_go_out(
    campaign: Campaign, author: Officer, approver: Officer, people: list[Resident], lorry: Tag,
    at: datetime,
) -> None:  # fmt: skip
    swap(author, people, lorry, at)
    with pytest.raises(AudienceChanged, match="乙"):
        approving.release(campaign, by=approver, at=at)
    with pytest.raises(AudienceChanged):
        scheduling.schedule(campaign, by=approver, at=at, when=at + LATER)
    assert not Share.objects.exists()


def test_a_swap_after_the_time_was_set_sends_it_back_to_its_author(
    campaign: Campaign, author: Officer, approver: Officer, people: list[Resident], lorry: Tag,
    at: datetime,
) -> None:  # fmt: skip
    scheduling.schedule(campaign, by=approver, at=at, when=at + LATER)
    swap(author, people, lorry, at)
    campaign.refresh_from_db()
    assert not scheduling.release_due(campaign.county_id, campaign.pk, at=at + LATER)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DRAFT
    assert "受众「乙」有人改过" in campaign.returned_reason
    assert not Share.objects.exists()


def test_one_that_was_deleted_does_not_go_out(
    campaign: Campaign, approver: Officer, at: datetime
) -> None:
    SavedAudience.objects.filter(name="乙").delete()
    with pytest.raises(AudienceChanged):
        approving.release(campaign, by=approver, at=at)


def test_what_was_handed_in_before_meanings_were_kept_is_looked_at_again(
    campaign: Campaign, approver: Officer, at: datetime
) -> None:
    Campaign.objects.update(audience_meant=None)
    with pytest.raises(AudienceChanged):
        approving.release(campaign, by=approver, at=at)


@pytest.mark.django_db(transaction=True)
def test_a_swap_at_the_moment_of_release_waits_for_it(
    campaign: Campaign, author: Officer, approver: Officer, people: list[Resident], lorry: Tag,
    at: datetime,
) -> None:  # fmt: skip
    def swapping() -> None:
        swap(author, people, lorry, at)
        connections.close_all()

    with transaction.atomic():
        assert approving.release(campaign, by=approver, at=at) == 1
        other = threading.Thread(target=swapping)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive(), "it must not change what is being sent"
    other.join()
    assert SavedAudience.objects.get(name="甲").tree == {"tag": ["TRF01002"]}


def test_an_ended_tag_inside_a_saved_audience_keeps_a_draft_from_being_handed_in(
    campaign: Campaign, author: Officer, lorry: Tag, at: datetime
) -> None:
    draft = drafting.draft(by=author, at=at, title="题", body="文", audience={"saved": "乙"})
    lorry.retired_at = at
    lorry.save()
    with pytest.raises(Incomplete, match="「重型货车」已停用"):
        drafting.submit(draft, by=author, at=at, count_seen=1)


def test_words_that_reveal_a_tag_of_a_saved_audience_are_found(
    campaign: Campaign, lorry: Tag
) -> None:
    lorry.sensitive = True
    lorry.save()
    campaign.body = "因为您是重型货车司机，请注意。"
    found = [check for check in wording(campaign) if "重型货车" in check.found]
    assert found, "the message tells who carries the tag"


def test_a_tag_that_ends_is_followed_through_saved_audiences(
    campaign: Campaign, author: Officer, approver: Officer, lorry: Tag, at: datetime
) -> None:
    draft = drafting.draft(by=author, at=at, title="题", body="文", audience={"saved": "乙"})
    among = following_tags.not_sent(campaign.county_id)
    assert set(following_tags.campaigns_naming(lorry, among=among)) == {campaign, draft}
    other = make_tag(author.county, "TRF01002", "重卡")
    following.tell(lorry, other, by=approver, at=at)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DRAFT
    assert "「重型货车」并入了「重卡」" in campaign.returned_reason
    assert SavedAudience.objects.get(name="甲").tree == {"tag": ["TRF01002"]}
    draft.refresh_from_db()
    assert draft.edited_at == at, "its own tree has not changed"


def test_only_its_author_or_the_county_desk_changes_a_saved_audience(
    county: County, campaign: Campaign, author: Officer, station_author: Officer, at: datetime
) -> None:
    with pytest.raises(saving.SomebodyElses, match=author.name):
        saving.save("全县", name="甲", by=station_author, at=at)
    local = saving.save("女", name="所里的", by=station_author, at=at)
    saving.save("男", name="所里的", by=station_author, at=at)
    second = make_officer(county, "second", Role.CAMPAIGN_AUTHOR, station=station_author.station)
    with pytest.raises(saving.SomebodyElses):
        saving.save("女", name="所里的", by=second, at=at)
    with pytest.raises(saving.PermissionDenied):
        saving.delete(local, by=second, at=at)
    saving.save("女", name="所里的", by=author, at=at)
    local.refresh_from_db()
    saving.delete(local, by=author, at=at)
    assert set(SavedAudience.objects.values_list("name", flat=True)) == {"甲", "乙"}
