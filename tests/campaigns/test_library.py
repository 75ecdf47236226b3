"""The library: another person reads every version before it is used."""

from datetime import timedelta

import pytest

from tests.builders import make_officer
from tests.campaigns.pictures import picture
from weijing.accounts.models import Role
from weijing.audit.models import AuditEntry
from weijing.campaigns.content import attaching, discarding, judging, using, writing
from weijing.campaigns.content.models import ContentVersion
from weijing.campaigns.content.wording import ForbiddenWording
from weijing.core.errors import PermissionDenied

pytestmark = pytest.mark.django_db
TEXT = {"title": "雨天山路行车", "topic": "traffic", "body": "雨天慢行，不占道。隆回县公安局"}
State = ContentVersion.State


@pytest.fixture
def version(author, at):
    return writing.begin(**TEXT, by=author, at=at)


@pytest.fixture
def published(version, author, approver, at):
    attaching.attach_file(version, "路.png", picture("PNG"), by=author, at=at)
    writing.submit(version, by=author, at=at)
    judging.publish(version, by=approver, at=at)
    version.refresh_from_db()
    return version


def test_nobody_reviews_what_they_wrote(county, at):
    both = make_officer(county, "both", Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER,
                        county_desk=True)  # fmt: skip
    mine = writing.begin(**TEXT, by=both, at=at)
    writing.submit(mine, by=both, at=at)
    with pytest.raises(PermissionDenied):
        judging.publish(mine, by=both, at=at)
    assert using.offered(county.pk) == []


def test_a_text_is_offered_once_another_person_has_read_it(version, author, approver, county, at):
    assert using.offered(county.pk) == []
    writing.submit(version, by=author, at=at)
    with pytest.raises(PermissionDenied):
        judging.publish(version, by=author, at=at)
    assert using.offered(county.pk) == []
    judging.publish(version, by=approver, at=at)
    assert using.offered(county.pk, topic="traffic", search="山路") == [version]
    assert using.offered(county.pk, topic="anti_fraud") == []
    with pytest.raises(judging.NotToBeJudged):
        judging.publish(version, by=approver, at=at)


def test_a_published_version_never_changes_its_successor_does(
    published, author, approver, county, at
):
    with pytest.raises(writing.NotInWork):
        writing.edit(published, **TEXT | {"body": "别的"}, by=author, at=at)
    with pytest.raises(attaching.NotOpen):
        attaching.detach(published, published.attachments.get().pk, by=author, at=at)
    second = writing.next_version(published.item, by=author, at=at)
    assert (second.number, second.body) == (2, published.body)
    assert second.attachments.get().file_id == published.attachments.get().file_id
    assert writing.next_version(published.item, by=author, at=at) == second  # a second tap
    writing.edit(second, **TEXT | {"body": "雨天别出门。隆回县公安局"}, by=author, at=at)
    assert using.offered(county.pk) == [published]  # until the new one is read
    writing.submit(second, by=author, at=at)
    judging.publish(second, by=approver, at=at)
    second.refresh_from_db()
    assert using.offered(county.pk) == [second]


def test_two_people_do_not_prepare_different_next_versions(published, author, county, at):
    writing.next_version(published.item, by=author, at=at)
    other = make_officer(county, "other", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(writing.NotInWork):
        writing.next_version(published.item, by=other, at=at)


def test_what_is_given_back_comes_with_a_reason_and_goes_again(version, author, approver, at):
    writing.submit(version, by=author, at=at)
    with pytest.raises(judging.NoReason):
        judging.give_back(version, by=approver, at=at, reason=" ")
    judging.give_back(version, by=approver, at=at, reason="地名写错")
    version.refresh_from_db()
    assert (version.state, version.returned_reason) == (State.DRAFT, "地名写错")
    writing.submit(version, by=author, at=at)
    version.refresh_from_db()
    assert version.returned_reason == ""


def test_a_text_saved_meanwhile_is_not_overwritten(version, author, at):
    later = at + timedelta(minutes=1)
    writing.edit(version, **TEXT | {"body": "一"}, by=author, at=later, seen_edited_at=at)
    with pytest.raises(writing.TextEditedMeanwhile):
        writing.edit(version, **TEXT | {"body": "二"}, by=author, at=later, seen_edited_at=at)
    version.refresh_from_db()
    assert version.body == "一"


def test_forbidden_words_do_not_get_into_the_library(author, at):
    version = writing.begin(**TEXT | {"body": "请立即转账。"}, by=author, at=at)
    with pytest.raises(ForbiddenWording):
        writing.submit(version, by=author, at=at)


def test_a_draft_takes_words_and_attachments_and_says_whence(published, draft, author, at):
    using.use(published, draft, by=author, at=at)
    draft.refresh_from_db()
    assert draft.body == TEXT["body"] and draft.title == "台风蓝色预警"
    assert attaching.attachments_of(draft).get().file.name == "路.png"
    using.use(published, draft, by=author, at=at, behind=True)
    draft.refresh_from_db()
    assert draft.body == f"{TEXT['body']}\n{TEXT['body']}"
    assert attaching.attachments_of(draft).count() == 1  # the same picture once
    assert [one.version_id for one in using.used_in(draft)] == [published.pk]
    assert using.compared(draft).has_more  # the reviewed text stands there twice
    assert AuditEntry.objects.filter(action="content.used", object_id=draft.pk).count() == 2


def test_what_is_withdrawn_or_overtaken_is_not_used(published, draft, author, approver, at):
    judging.withdraw(published.item, by=approver, at=at, reason="政策变了")
    with pytest.raises(using.NotOffered):
        using.use(published, draft, by=author, at=at)
    with pytest.raises(judging.AlreadyWithdrawn):
        judging.withdraw(published.item, by=approver, at=at, reason="政策变了")
    draft.refresh_from_db()
    assert draft.body != published.body


def test_a_text_is_taken_back_by_its_author_until_it_is_judged(version, author, approver, at):
    writing.submit(version, by=author, at=at)
    with pytest.raises(PermissionDenied):
        discarding.recall(version, by=approver, at=at)
    discarding.recall(version, by=author, at=at)
    with pytest.raises(judging.NotToBeJudged):
        judging.publish(version, by=approver, at=at)
    writing.edit(version, **TEXT | {"body": "别的"}, by=author, at=at)
    later = at + timedelta(minutes=1)
    writing.submit(version, by=author, at=later)
    with pytest.raises(judging.SubmittedAnew):
        judging.publish(version, by=approver, at=later, read=at)
    judging.publish(version, by=approver, at=later, read=later)
    with pytest.raises(judging.NotToBeJudged):
        discarding.recall(version, by=author, at=later)


def test_a_draft_is_discarded_alone_and_with_its_item_when_it_was_the_only_version(
    published, author, approver, county, at
):
    second = writing.next_version(published.item, by=author, at=at)
    with pytest.raises(writing.NotInWork):
        discarding.discard(published, by=author, at=at)
    stranger = make_officer(county, "stranger", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        discarding.discard(second, by=stranger, at=at)
    assert discarding.discard(second, by=approver, at=at) is False  # its author may have left
    assert using.offered(county.pk) == [published]
    with pytest.raises(writing.NotInWork):
        discarding.discard(second, by=author, at=at)
    assert writing.next_version(published.item, by=stranger, at=at).number == 2
    only = writing.begin(**TEXT, by=author, at=at)
    attaching.attach_file(only, "路.png", picture("PNG"), by=author, at=at)
    assert discarding.discard(only, by=author, at=at) is True
    assert not type(only.item).objects.filter(pk=only.item_id).exists()
    assert AuditEntry.objects.filter(action="content.discarded").count() == 2


def test_what_is_being_read_is_not_thrown_away(version, author, at):
    writing.submit(version, by=author, at=at)
    with pytest.raises(writing.NotInWork):
        discarding.discard(version, by=author, at=at)


def test_only_the_reviewed_words_alone_are_unchanged(published, draft, author, approver, at):
    other = writing.begin(**TEXT | {"title": "二", "body": "开车不打电话。隆回县公安局"}, by=author,
                          at=at)  # fmt: skip
    writing.submit(other, by=author, at=at)
    judging.publish(other, by=approver, at=at)
    using.use(other, draft, by=author, at=at)
    using.use(published, draft, by=author, at=at + timedelta(seconds=1))  # in place of it
    using.use(other, draft, by=author, at=at + timedelta(seconds=2), behind=True)
    draft.refresh_from_db()
    found = using.compared(draft)
    assert found.is_exact
    assert [is_there for _, is_there in found.uses] == [True, True]

    draft.body = draft.body.replace("开车不", "开车也不")
    assert [is_there for _, is_there in using.compared(draft).uses] == [True, False]
    draft.body = f"别信：\n{published.body}\n{other.body}"
    found = using.compared(draft)
    assert (found.is_exact, found.has_more, found.added) == (False, True, 3)
    draft.body = f"{other.body}\n{published.body}"
    found = using.compared(draft)
    assert (found.is_exact, found.has_more, found.added) == (False, True, 0)
