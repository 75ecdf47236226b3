"""Renamed, merged, retired: the people, the codes, the drafts and the searches follow."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.builders import (
    beat_of,
    give_tag,
    make_contact,
    make_county,
    make_officer,
    make_tag,
)
from tests.tags.catalogue_people import Catalogue
from weijing.accounts.models import Officer, Role
from weijing.audiences import counting, expression
from weijing.campaigns import approving, drafting
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.core.errors import PermissionDenied
from weijing.residents import consent
from weijing.residents.models import ContactWay
from weijing.tags import assigning, finding, loading, queries
from weijing.tags.catalogue import carrying, merging, renaming, retiring
from weijing.tags.catalogue.naming import NameTaken
from weijing.tags.catalogue.wording import ForbiddenTopic
from weijing.tags.models import Tag, TagAssignment, TagChange, TagProjection, WayTag
from weijing.territory.models import County


def merge(catalogue: Catalogue, tag: Tag, into: Tag, **more: object) -> int:
    return merging.merge(tag, into, **catalogue.keeping, **more)  # type: ignore[arg-type]


def rename(catalogue: Catalogue, tag: Tag, name: str, **more: object) -> Tag:
    return renaming.rename(tag, name, **catalogue.keeping, **more)  # type: ignore[arg-type]


def retire(catalogue: Catalogue, tag: Tag, **more: object) -> int:
    given = {"reason": "没有人用", **more}
    return retiring.retire(tag, **catalogue.keeping, **given)  # type: ignore[arg-type]


# --- renaming -------------------------------------------------------------------------------


def test_a_renamed_tag_is_found_by_both_names_and_keeps_code_and_people(
    catalogue: Catalogue,
) -> None:
    give_tag(catalogue.person(), catalogue.truck)
    tag = rename(catalogue, catalogue.truck, "重型载货车")
    assert (tag.code, tag.initials) == ("TRF01001", "zxzhc")
    assert TagAssignment.objects.get().tag.name == "重型载货车"
    for word in ("重型载货车", "重型货车", "zxzhc"):
        assert [one.pk for one in queries.search(word, county_id=catalogue.county.pk)] == [tag.pk]
        assert finding.meanings(word, catalogue.county.pk) == [tag]
    assert TagChange.objects.get().former_name == "重型货车"


def test_the_software_does_not_take_the_countys_name_back(catalogue: Catalogue) -> None:
    Tag.objects.filter(pk__in=[catalogue.truck.pk, catalogue.bus.pk]).delete()
    loading.load(catalogue.county)
    school_bus = Tag.objects.get(code="TRF01004")
    rename(catalogue, school_bus, "接送学生的车")
    loading.load(catalogue.county)
    school_bus.refresh_from_db()
    assert school_bus.name == "接送学生的车"


def test_a_name_is_never_given_to_another_tag(catalogue: Catalogue) -> None:
    rename(catalogue, catalogue.truck, "重型载货车")
    for taken in ("校车", "重型货车"):
        other = catalogue.bus if taken != "校车" else catalogue.truck
        with pytest.raises(NameTaken):
            rename(catalogue, other, taken)
    assert rename(catalogue, catalogue.truck, "重型货车").name == "重型货车", "its own, back"


def test_renaming_minds_the_forbidden_topics_and_who_looked_at_what(catalogue: Catalogue) -> None:
    with pytest.raises(ForbiddenTopic):
        rename(catalogue, catalogue.truck, "少数民族货车")
    with pytest.raises(renaming.RenamedMeanwhile):
        rename(catalogue, catalogue.truck, "大货车", seen="货车")
    station = make_officer(
        catalogue.county, "chief", Role.STATION_COMMAND, station=catalogue.officer.station
    )
    with pytest.raises(PermissionDenied):
        renaming.rename(
            catalogue.truck, "大货车", by=station, scope=catalogue.scope(station), at=catalogue.at
        )


# --- merging --------------------------------------------------------------------------------


def test_who_carried_one_carries_the_other_once(catalogue: Catalogue) -> None:
    people = [catalogue.person() for _ in range(3)]
    make_contact(catalogue.officer, people[0])
    for person in people[:2]:
        give_tag(person, catalogue.truck)
    for person in people[1:]:
        give_tag(person, catalogue.bus)
    assert merge(catalogue, catalogue.truck, catalogue.bus) == 2
    held = TagAssignment.objects.all()
    assert {(row.resident_id, row.tag_id) for row in held} == {
        (p.pk, catalogue.bus.pk) for p in people
    }
    assert TagProjection.objects.get().contact.identity.resident_id == people[0].pk
    kinds = list(TagChange.objects.order_by("kind").values_list("kind", "people"))
    assert kinds == [("merged", 2), ("received", 2)]


def test_the_word_confirmed_last_counts_and_nobody_keeps_it_longer_than_either_would(
    catalogue: Catalogue, at: datetime
) -> None:
    Tag.objects.filter(pk=catalogue.bus.pk).update(retention_days=30)
    early, late = at - timedelta(days=20), at - timedelta(days=10)
    newer, older = catalogue.person(), catalogue.person()
    for person, tag, when, basis in [
        (newer, catalogue.truck, late, "新"), (newer, catalogue.bus, early, "旧"),
        (older, catalogue.truck, early, "旧"), (older, catalogue.bus, late, "新"),
    ]:  # fmt: skip
        assigning.assign(person, [tag], source="visit", basis=basis, by=catalogue.officer, at=when)
    merge(catalogue, catalogue.truck, Tag.objects.get(pk=catalogue.bus.pk))
    for person in (newer, older):
        row = TagAssignment.objects.get(resident=person)
        assert (row.basis, row.confirmed_at) == ("新", late)
        assert row.expires_on == clock.local_day(late) + timedelta(days=30)


def test_an_audience_counts_the_people_that_came_over(catalogue: Catalogue) -> None:
    for _ in range(3):
        give_tag(catalogue.person(), catalogue.truck)
    give_tag(catalogue.person(), catalogue.bus)
    tree = {"tag": ["TRF01002"]}

    def meant() -> int:
        node = expression.parse(tree, county_id=catalogue.county.pk)
        return counting.count(node, county_id=catalogue.county.pk)

    assert meant() == 1
    merge(catalogue, catalogue.truck, catalogue.bus)
    assert meant() == 4


def test_only_tags_of_the_same_rules_are_merged(catalogue: Catalogue) -> None:
    county = catalogue.county
    alone = make_tag(county, "GRD02001", "独居老人", needs_separate_consent=True)
    help_ = make_tag(county, "GRD03001", "行动不便需上门", needs_separate_consent=True)
    road = make_tag(county, "TRF04001", "干线公路一段", subject="road")
    for tag, into in [(alone, catalogue.bus), (catalogue.bus, alone), (alone, help_),
                      (road, catalogue.bus), (catalogue.bus, catalogue.bus)]:  # fmt: skip
        with pytest.raises(merging.DifferentRules):
            merge(catalogue, tag, into)
    foreign = make_tag(make_county("431302"), "TRF01001", "重型货车")
    with pytest.raises(PermissionDenied):
        merge(catalogue, catalogue.bus, foreign)


def test_a_merge_of_another_number_than_was_read_does_nothing(catalogue: Catalogue) -> None:
    give_tag(catalogue.person(), catalogue.truck)
    with pytest.raises(merging.CountChanged):
        merge(catalogue, catalogue.truck, catalogue.bus, seen=0)
    assert TagAssignment.objects.get().tag == catalogue.truck
    assert merge(catalogue, catalogue.truck, catalogue.bus, seen=1) == 1


def test_an_ended_tag_is_offered_to_nobody_and_its_names_lead_to_the_other(
    catalogue: Catalogue,
) -> None:
    person, county_id = catalogue.person(), catalogue.county.pk
    merge(catalogue, catalogue.truck, catalogue.bus)
    assert catalogue.truck not in queries.offered_to_officers(county_id)
    assert not queries.search("重型货车", county_id=county_id).exists()
    assert queries.search_ended("重型货车", county_id=county_id).get() == catalogue.truck
    for word in ("重型货车", "TRF01001", "校车"):
        assert finding.meanings(word, county_id) == [catalogue.bus]
    with pytest.raises(assigning.TagHasEnded):
        assigning.assign(person, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    with pytest.raises(renaming.HasEnded):
        merge(catalogue, catalogue.truck, catalogue.bus)


def test_codes_give_the_other_tag(catalogue: Catalogue, at: datetime) -> None:
    def way(village: str, *tags: Tag) -> ContactWay:
        beat = beat_of(catalogue.county, "小沙江镇", village)
        made = ContactWay.objects.create(
            county=catalogue.county, beat=beat, state=f"w{beat.pk}", created_at=at
        )
        for tag in tags:
            WayTag.objects.create(county=catalogue.county, way=made, tag=tag, set_at=at)
        return made

    one = way("桃李村", catalogue.truck)
    two = way("红星村", catalogue.truck, catalogue.bus)
    merge(catalogue, catalogue.truck, catalogue.bus)
    assert {(row.way_id, row.tag_id) for row in WayTag.objects.all()} == {
        (one.pk, catalogue.bus.pk), (two.pk, catalogue.bus.pk),
    }  # fmt: skip
    retire(catalogue, catalogue.bus)
    assert not WayTag.objects.exists()


def test_rows_that_come_back_later_are_brought_to_where_the_tag_went(catalogue: Catalogue) -> None:
    """As when two records are parted again that were joined while the tag was alive."""
    third = make_tag(catalogue.county, "TRF01003", "公交车")
    merge(catalogue, catalogue.truck, catalogue.bus)
    merge(catalogue, catalogue.bus, third)
    back, gone = catalogue.person(), make_tag(catalogue.county, "TRF01005", "别的车")
    retire(catalogue, gone)
    give_tag(back, catalogue.truck)
    give_tag(back, gone)
    assert carrying.settle(catalogue.county.pk, at=catalogue.at) == 2
    assert TagAssignment.objects.get().tag == third
    assert carrying.settle(catalogue.county.pk, at=catalogue.at) == 0


@pytest.mark.django_db(transaction=True)
def test_nobody_keeps_an_ended_tag_however_fast_they_got_it(
    catalogue: Catalogue, at_once: Callable[..., list[object]]
) -> None:
    people = [catalogue.person() for _ in range(12)]

    def put_on() -> None:
        for person in people:
            assigning.assign(person, [catalogue.truck], source="visit", by=None, at=catalogue.at)

    at_once(put_on, lambda: merge(catalogue, catalogue.truck, catalogue.bus))
    assert not TagAssignment.objects.filter(tag=catalogue.truck).exists()


# --- retiring -------------------------------------------------------------------------------


def test_a_retired_tag_takes_its_people_along(catalogue: Catalogue) -> None:
    give_tag(catalogue.person(), catalogue.truck)
    with pytest.raises(retiring.ReasonMissing):
        retire(catalogue, catalogue.truck, reason=" ")
    assert retire(catalogue, catalogue.truck) == 1
    assert not TagAssignment.objects.exists()
    assert TagChange.objects.get().reason == "没有人用"
    assert finding.meanings("重型货车", catalogue.county.pk) == []


# --- drafts ---------------------------------------------------------------------------------


@pytest.fixture
def author(catalogue: Catalogue) -> Officer:
    return make_officer(catalogue.county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)


def drafted(catalogue: Catalogue, author: Officer, *codes: str) -> Campaign:
    tree = {"all": [{"tag": list(codes)}, {"except": [{"tag": ["TRF01001"]}]}]}
    return drafting.draft(
        by=author, at=catalogue.at, title="提醒", body="乡亲您好。——隆回县公安局", audience=tree,
    )  # fmt: skip


def test_a_draft_names_the_other_tag_in_every_place(catalogue: Catalogue, author: Officer) -> None:
    draft = drafted(catalogue, author, "TRF01001", "TRF01002")
    merge(catalogue, catalogue.truck, catalogue.bus)
    draft.refresh_from_db()
    assert draft.audience == {
        "all": [{"tag": ["TRF01002"]}, {"except": [{"tag": ["TRF01002"]}]}],
    }
    with pytest.raises(drafting.EditedMeanwhile):
        before = catalogue.at - timedelta(1)
        drafting.edit(draft, by=author, at=catalogue.at, seen_edited_at=before, title="x")


def test_what_waits_for_approval_goes_back_with_the_reason(
    catalogue: Catalogue, author: Officer
) -> None:
    person = catalogue.person(consents=("contact", "publicity"))
    make_contact(catalogue.officer, person)
    give_tag(person, catalogue.bus)
    draft = drafted(catalogue, author, "TRF01002")
    drafting.submit(draft, by=author, at=catalogue.at, count_seen=1)
    other = make_tag(catalogue.county, "TRF01003", "公交车")
    merge(catalogue, catalogue.bus, other)
    draft.refresh_from_db()
    assert draft.state == Campaign.State.DRAFT
    assert "并入了「公交车」" in draft.returned_reason
    with pytest.raises(approving.NotSubmitted):
        approving.release(draft, by=catalogue.keeper, at=catalogue.at)


def test_a_draft_with_a_retired_tag_cannot_be_handed_in(
    catalogue: Catalogue, author: Officer
) -> None:
    draft = drafted(catalogue, author, "TRF01002")
    retire(catalogue, catalogue.bus)
    draft.refresh_from_db()
    assert draft.audience["all"][0] == {"tag": ["TRF01002"]}, (
        "dropped silently, it would mean everyone"
    )
    with pytest.raises(drafting.Incomplete, match="校车」已停用"):
        drafting.submit(draft, by=author, at=catalogue.at, count_seen=1)


# --- who may carry what ---------------------------------------------------------------------


def test_a_child_never_carries_what_its_guardian_agreed_to(
    county: County, catalogue: Catalogue
) -> None:
    guarded = make_tag(county, "GRD01002", "留守儿童监护人", needs_separate_consent=True,
                       set_by_resident_only=True)  # fmt: skip
    child = catalogue.person(born_on=catalogue.at.date() - timedelta(days=10 * 365))
    with pytest.raises(consent.TooYoung):
        consent.give(child, ["GRD01"], by=None, at=catalogue.at)
    with pytest.raises(assigning.ConsentMissing):
        assigning.assign(child, [guarded], source="guardian", by=None, at=catalogue.at)


def test_roads_topics_and_the_systems_own_words_are_not_put_on_people(catalogue: Catalogue) -> None:
    county, person = catalogue.county, catalogue.person()
    road = make_tag(county, "TRF04001", "干线公路一段", subject="road")
    topic = make_tag(county, "SAF01001", "刷单返利宣传", subject="topic")
    state = make_tag(county, "SOC14001", "待核实手机号", set_by_resident_only=True)
    for tag in (road, topic, state):
        with pytest.raises((assigning.TagBelongsElsewhere, assigning.OnlyTheResident)):
            assigning.assign(person, [tag], source="visit", by=catalogue.officer, at=catalogue.at)
    for tag in (road, state):
        with pytest.raises(assigning.TagBelongsElsewhere):
            assigning.assign(person, [tag], source="self", by=None, at=catalogue.at)
    assigning.assign(person, [topic], source="self", by=None, at=catalogue.at)
