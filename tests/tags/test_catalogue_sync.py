"""Our tags in the corp's library: made once, found by name, repaired."""

import pytest

from tests.builders import make_tag
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom, errors
from wecom_api.tags import NewTag
from weijing.tags import catalogue_sync, loading
from weijing.tags.models import Tag, TagGroup
from weijing.tags.projecting import is_projected
from weijing.territory.models import County


def library(wecom: WeCom) -> dict[str, dict[str, str]]:
    """Names and ids of tags by the names of their groups."""
    groups = wecom.tags.get_corp_tag_list()
    return {group.group_name: {tag.name: tag.id for tag in group.tag} for group in groups}


@pytest.fixture
def two_tags(county: County) -> list[Tag]:
    return [
        make_tag(county, "TRF01001", "重型货车", group_name="营运车辆"),
        make_tag(county, "TRF01002", "校车"),
    ]


def test_the_whole_catalogue_is_made_once(county: County, wecom: WeCom) -> None:
    loading.load(county)
    synced = catalogue_sync.sync_catalogue(county, wecom=wecom)
    tags = list(Tag.objects.select_related("group"))
    wanted = [tag for tag in tags if is_projected(tag)]
    assert (synced.made, synced.waiting) == (len(wanted), 0)
    assert all(tag.wecom_tag_id for tag in wanted)
    assert not any(tag.wecom_tag_id for tag in tags if tag.sensitive)
    names = library(wecom)
    assert sum(len(tags) for tags in names.values()) == len(wanted)

    again = catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert (again.made, again.adopted, again.renamed) == (0, 0, 0)
    assert library(wecom) == names


def test_tags_made_by_hand_under_our_name_are_ours(
    county: County, wecom: WeCom, two_tags: list[Tag]
) -> None:
    made = wecom.tags.add_corp_tag([NewTag("校车"), NewTag("别的")], group_name="营运车辆")
    synced = catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert (synced.made, synced.adopted) == (1, 1)
    assert Tag.objects.get(name="校车").wecom_tag_id == made.tag[0].id
    assert set(library(wecom)["营运车辆"]) == {"重型货车", "校车", "别的"}


def test_renamed_tags_and_groups_get_their_names_back(
    county: County, wecom: WeCom, two_tags: list[Tag]
) -> None:
    catalogue_sync.sync_catalogue(county, wecom=wecom)
    wecom.tags.edit_corp_tag(Tag.objects.get(name="校车").wecom_tag_id, name="大鼻子校车")
    wecom.tags.edit_corp_tag(TagGroup.objects.get().wecom_group_id, name="车")
    synced = catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert synced.renamed == 2
    assert set(library(wecom)["营运车辆"]) == {"重型货车", "校车"}


def test_deleted_tags_and_groups_are_made_anew(
    county: County, wecom: WeCom, two_tags: list[Tag]
) -> None:
    catalogue_sync.sync_catalogue(county, wecom=wecom)
    old = Tag.objects.get(name="校车").wecom_tag_id
    wecom.tags.del_corp_tag(tag_id=[old])
    assert catalogue_sync.sync_catalogue(county, wecom=wecom).made == 1
    assert Tag.objects.get(name="校车").wecom_tag_id not in ("", old)

    wecom.tags.del_corp_tag(group_id=[TagGroup.objects.get().wecom_group_id])
    assert catalogue_sync.sync_catalogue(county, wecom=wecom).made == 2
    assert set(library(wecom)["营运车辆"]) == {"重型货车", "校车"}


@pytest.mark.parametrize("kind", ["arrived_no_reply", "cut_body"])
def test_a_lost_answer_makes_no_second_tag(
    county: County, wecom: WeCom, simulator: Simulator, two_tags: list[Tag], kind: str
) -> None:
    simulator.admin("faults", api="externalcontact/add_corp_tag", kind=kind)
    synced = catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert (synced.adopted, synced.waiting) == (2, 0)
    assert set(library(wecom)["营运车辆"]) == {"重型货车", "校车"}


def test_a_full_library_is_said_and_leaves_the_rest_as_it_is(
    county: County, wecom: WeCom, simulator: Simulator, two_tags: list[Tag]
) -> None:
    simulator.admin("settings", corp_tag_cap=1)
    synced = catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert synced.waiting == 2


def test_wecom_down_is_the_callers_matter(
    county: County, wecom: WeCom, simulator: Simulator, two_tags: list[Tag]
) -> None:
    simulator.admin("faults", api="externalcontact/get_corp_tag_list", kind="http_500", times=None)
    with pytest.raises(errors.Unavailable):
        catalogue_sync.sync_catalogue(county, wecom=wecom)
    assert not Tag.objects.filter(wecom_tag_id__gt="").exists()
