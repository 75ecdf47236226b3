"""What becomes of a tag here becomes of it in WeCom: in the library and on every pair."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders import make_contact, make_resident
from tests.tags.catalogue_people import Catalogue
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from wecom_api.tags import NewTag
from weijing.residents.models import Contact, Resident
from weijing.tags import assigning, catalogue_sync, marking, projecting
from weijing.tags.catalogue import merging, renaming, retiring
from weijing.tags.models import Tag, TagProjection


@pytest.fixture
def contact(simulator: Simulator, catalogue: Catalogue, wecom: WeCom) -> Contact:
    """A pair that is a friendship in WeCom too; the library is there."""
    simulator.member("yang")
    resident = make_resident(catalogue.place)
    made = make_contact(catalogue.officer, resident, simulator.friend("yang"))
    catalogue_sync.sync_catalogue(catalogue.county, wecom=wecom)
    return made


@pytest.fixture
def resident(contact: Contact) -> Resident:
    return contact.identity.resident


@pytest.fixture
def library(simulator: Simulator) -> Callable[[], set[str]]:
    def names() -> set[str]:
        groups = simulator.call("externalcontact/get_corp_tag_list")["tag_group"]
        return {tag["name"] for group in groups for tag in group["tag"]}

    return names


@pytest.fixture
def shown(simulator: Simulator, contact: Contact) -> Callable[[], set[str]]:
    def names() -> set[str]:
        found = simulator.read(
            "externalcontact/get", external_userid=contact.identity.external_userid
        )
        return {tag["tag_name"] for tag in found["follow_user"][0]["tags"]}

    return names


def follow(catalogue: Catalogue, wecom: WeCom) -> None:
    """What the worker does, in its order."""
    catalogue_sync.sync_catalogue(catalogue.county, wecom=wecom)
    projecting.want_all_differing(catalogue.county.pk, at=catalogue.at)
    marking.project_due(catalogue.county.pk, wecom=wecom, at=catalogue.at + timedelta(seconds=1))


def test_a_renamed_tag_is_renamed_where_it_is(
    catalogue: Catalogue, wecom: WeCom, resident: Resident, shown: Callable[[], set[str]]
) -> None:
    assigning.assign(resident, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    follow(catalogue, wecom)
    before = Tag.objects.get(pk=catalogue.truck.pk).wecom_tag_id
    renaming.rename(catalogue.truck, "重型载货车", **catalogue.keeping)  # type: ignore[arg-type]
    follow(catalogue, wecom)
    assert shown() == {"重型载货车"}
    assert Tag.objects.get(pk=catalogue.truck.pk).wecom_tag_id == before


def test_a_tag_of_ones_own_comes_into_the_library_and_on_the_pair(
    catalogue: Catalogue, wecom: WeCom, resident: Resident, shown: Callable[[], set[str]]
) -> None:
    tag = catalogue.confirm(catalogue.propose('"冷链"【货】车'))
    assigning.assign(resident, [tag], source="visit", by=catalogue.officer, at=catalogue.at)
    follow(catalogue, wecom)
    assert shown() == {'"冷链"【货】车'}


def test_a_merged_tag_leaves_the_library_and_its_people_show_the_other(
    catalogue: Catalogue,
    wecom: WeCom,
    resident: Resident,
    contact: Contact,
    library: Callable[[], set[str]],
    shown: Callable[[], set[str]],
) -> None:
    assigning.assign(resident, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    follow(catalogue, wecom)
    merging.merge(catalogue.truck, catalogue.bus, **catalogue.keeping)  # type: ignore[arg-type]
    follow(catalogue, wecom)
    assert (library(), shown()) == ({"校车"}, {"校车"})
    contact.refresh_from_db()
    assert contact.wecom_tag_ids == [Tag.objects.get(pk=catalogue.bus.pk).wecom_tag_id]
    assert not TagProjection.objects.exists()


@pytest.mark.parametrize("kind", ["arrived_no_reply", "cut_body"])
def test_a_lost_answer_to_the_deletion_is_looked_up(
    catalogue: Catalogue,
    wecom: WeCom,
    simulator: Simulator,
    resident: Resident,
    library: Callable[[], set[str]],
    kind: str,
) -> None:
    retiring.retire(catalogue.truck, reason="没有人用", **catalogue.keeping)  # type: ignore[arg-type]
    simulator.admin("faults", api="externalcontact/del_corp_tag", kind=kind)
    synced = catalogue_sync.sync_catalogue(catalogue.county, wecom=wecom)
    assert (library(), synced.waiting) == ({"校车"}, 0)
    assert Tag.objects.get(pk=catalogue.truck.pk).wecom_tag_id == ""


def test_a_tag_that_became_sensitive_is_seen_by_nobody_in_wecom(
    catalogue: Catalogue,
    wecom: WeCom,
    resident: Resident,
    library: Callable[[], set[str]],
    shown: Callable[[], set[str]],
) -> None:
    assigning.assign(resident, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    follow(catalogue, wecom)
    Tag.objects.filter(pk=catalogue.truck.pk).update(sensitive=True)
    follow(catalogue, wecom)
    assert (library(), shown()) == ({"校车"}, set())


def test_a_tag_that_somebody_else_made_is_taken_off_people_and_left_in_the_library(
    catalogue: Catalogue,
    wecom: WeCom,
    simulator: Simulator,
    resident: Resident,
    library: Callable[[], set[str]],
    shown: Callable[[], set[str]],
) -> None:
    assigning.assign(resident, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    follow(catalogue, wecom)
    simulator.admin("faults", api="externalcontact/del_corp_tag", kind="errcode", errcode=41110,
                    times=None)  # fmt: skip
    retiring.retire(catalogue.truck, reason="没有人用", **catalogue.keeping)  # type: ignore[arg-type]
    follow(catalogue, wecom)
    assert (library(), shown()) == ({"重型货车", "校车"}, set())


def test_a_pair_that_names_a_tag_deleted_a_moment_ago_is_looked_at_again(
    catalogue: Catalogue, wecom: WeCom, resident: Resident, shown: Callable[[], set[str]]
) -> None:
    assigning.assign(resident, [catalogue.truck], source="visit", by=None, at=catalogue.at)
    wecom.tags.del_corp_tag(tag_id=[Tag.objects.get(pk=catalogue.truck.pk).wecom_tag_id])
    at = catalogue.at + timedelta(seconds=1)
    assert marking.project_due(catalogue.county.pk, wecom=wecom, at=at) == 0
    assert TagProjection.objects.get().parked_because == ""
    follow(catalogue, wecom)
    assert shown() == {"重型货车"}


def test_a_full_library_keeps_the_new_tag_waiting_and_disturbs_no_other(
    catalogue: Catalogue, wecom: WeCom, simulator: Simulator, resident: Resident
) -> None:
    simulator.admin("settings", corp_tag_cap=2)
    tag = catalogue.confirm(catalogue.propose())
    assert catalogue_sync.sync_catalogue(catalogue.county, wecom=wecom).waiting == 1
    assigning.assign(resident, [tag, catalogue.bus], source="visit", by=None, at=catalogue.at)
    follow(catalogue, wecom)
    assert not TagProjection.objects.exists()
    simulator.admin("settings", corp_tag_cap=10)
    follow(catalogue, wecom)
    assert Tag.objects.get(pk=tag.pk).wecom_tag_id in Contact.objects.get().wecom_tag_ids


def test_theirs_by_our_new_name_is_waited_for(
    catalogue: Catalogue, wecom: WeCom, resident: Resident
) -> None:
    wecom.tags.add_corp_tag([NewTag("重型载货车")], group_name="营运车辆")
    renaming.rename(catalogue.truck, "重型载货车", **catalogue.keeping)  # type: ignore[arg-type]
    assert catalogue_sync.sync_catalogue(catalogue.county, wecom=wecom).waiting == 1
