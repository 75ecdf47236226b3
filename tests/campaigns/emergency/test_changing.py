"""What moves on after the first text: the place, the tags that proposed it, the roads."""

from datetime import timedelta

import pytest

from tests.builders import division, give_tag, make_officer, make_tag
from tests.campaigns.emergency.conftest import Scene
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.campaigns.emergency import duty, proposing, reporting, verifying, wording
from weijing.campaigns.emergency.models import EmergencyEvent, HouseholdCall
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.campaigns.emergency.verifying import Findings, NotThatFar
from weijing.campaigns.models import Delivery
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.tags.catalogue import merging, renaming
from weijing.tags.models import Tag
from weijing.territory.models import RoadSection


def spread(scene: Scene, event: EmergencyEvent, **fields: object) -> int:
    """To a village of the next township."""
    places = [
        division(scene.county, "小沙江镇", "桃李村"),
        division(scene.county, "金石桥镇", "桃李村"),
    ]
    found = Findings(
        **{
            "how": "photo",
            "severity": "red",
            "valid_until": scene.at + timedelta(hours=3),
            "detour": "走国道",
            "divisions": places,
            **fields,
        }
    )
    return verifying.change(event, found, by=scene.author, at=scene.at)


def told(message) -> set[str]:
    rows = Delivery.objects.filter(share__campaign=message.campaign)
    return set(rows.values_list("resident__name", flat=True))


def test_an_event_that_spreads_reaches_who_is_new_and_calls_them(scene: Scene) -> None:
    give_tag(scene.residents["远方邻居"], make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    first = scene.pushed()
    event = first.event
    assert "远方邻居" not in told(first)
    assert spread(scene, event) == 1
    assert HouseholdCall.objects.get().household == scene.residents["远方邻居"].household
    event.refresh_from_db()
    assert (event.severity, event.detour) == ("red", "走国道")
    second = scene.pushed(event, "update")
    # Everybody of before, also who lives where it is over, and the new village; each once.
    assert told(second) == told(first) | {"远方邻居"}
    assert Delivery.objects.filter(share__campaign=second.campaign).count() == len(told(second))
    assert EmergencyEvent.objects.count() == 1


def test_what_was_unticked_stays_unticked_when_the_place_changes(scene: Scene) -> None:
    event = scene.pushed().event
    groups = {group.key: group for group in proposing.groups(event)}
    EmergencyEvent.objects.update(audience=proposing.tree([groups["residents"]]))
    spread(scene, event)
    event.refresh_from_db()
    assert proposing.chosen_keys(event) == {"residents"}
    people = Resident.objects.filter(ordinal__in=proposing.people(event))
    assert "远方邻居" in people.values_list("name", flat=True)
    assert not people.filter(name="阳一").exists()


def test_only_who_handles_it_changes_it_and_only_while_it_is_on(scene: Scene) -> None:
    event = scene.verified()
    with pytest.raises(NotThatFar):
        spread(scene, event)
    event = scene.pushed(event).event
    found = Findings("photo", "red", scene.at + timedelta(hours=1))
    with pytest.raises(PermissionDenied):
        verifying.change(event, found, by=scene.luo, at=scene.at)
    with pytest.raises(Incomplete):
        spread(scene, event, valid_until=scene.at)
    scene.pushed(event, "clear")
    with pytest.raises(NotThatFar):
        spread(scene, event)


def test_the_template_says_nothing_that_is_not_so_any_more(scene: Scene) -> None:
    event = scene.verified()
    assert "有效到" in wording.template(event, "update", at=scene.at)
    assert "有效到" not in wording.template(event, "update", at=scene.at + timedelta(hours=9))
    place = division(scene.county, "小沙江镇", "桃李村")
    slope = scene.report(road=None, divisions=[place], place="后山")
    for kind in ("clear", "correction"):
        assert "道路" in wording.template(event, kind, at=scene.at)
        assert "道路" not in wording.template(slope, kind, at=scene.at)


# --- tags -----------------------------------------------------------------------------------------


def test_households_tagged_as_beside_a_dangerous_road_are_proposed(scene: Scene) -> None:
    make_tag(scene.county, "TRF06003", "小沙江险情路段周边户")
    make_tag(scene.county, "TRF06004", "金石桥险情路段周边户")
    found = {group.key: group.tree for group in proposing.groups(scene.report())}
    assert found["beside"] == {"tag": ["TRF06003"]}


def test_a_renamed_tag_is_proposed_as_before(scene: Scene) -> None:
    keeper = make_officer(scene.county, "keeper", Role.CAMPAIGN_APPROVER, county_desk=True)
    scope = scope_of(keeper, at=scene.at)
    tag = Tag.objects.get(code="TRF05003")
    renaming.rename(tag, "常走小沙江的司机", by=keeper, scope=scope, at=scene.at)
    found = {group.key: group.tree for group in proposing.groups(scene.report())}
    assert found["often"] == {"tag": ["TRF05003"]}


def test_a_merged_tag_lives_on_in_what_is_proposed_and_in_what_is_on(scene: Scene) -> None:
    event = scene.pushed().event
    keeper = make_officer(scene.county, "keeper", Role.CAMPAIGN_APPROVER, county_desk=True)
    scope = scope_of(keeper, at=scene.at)
    other = make_tag(scene.county, "TRF05901", "货车常行驾驶人")
    tag = Tag.objects.get(code="TRF05003")
    merging.merge(tag, other, by=keeper, scope=scope, at=scene.at)
    found = {group.key: group.tree for group in proposing.groups(event)}
    assert found["often"] == {"tag": ["TRF05901"]}
    event.refresh_from_db()
    assert {"tag": ["TRF05901"]} in event.audience["any"]
    assert "often" in proposing.chosen_keys(event)
    people = Resident.objects.filter(ordinal__in=proposing.people(event))
    assert people.filter(name="远方司机").exists()


# --- roads ----------------------------------------------------------------------------------------


def keep(scene: Scene, section: RoadSection | None, **fields: object) -> RoadSection:
    said = {"road": "S240", "name": "S240 小沙江段", "divisions": list(scene.road.divisions.all())}
    return duty.keep_road(section, by=scene.author, at=scene.at, **{**said, **fields})


def test_a_section_retired_by_mistake_comes_back_under_its_name(scene: Scene) -> None:
    event = scene.report()
    with pytest.raises(Incomplete):
        keep(scene, None)
    duty.retire_road(scene.road, by=scene.author, at=scene.at)
    assert keep(scene, None) == scene.road
    scene.road.refresh_from_db()
    assert scene.road.retired_at is None
    assert event.road == scene.road


def test_a_section_takes_no_name_of_another_and_not_half_the_county(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = keep(scene, None, name="南麻公路")
    with pytest.raises(Incomplete):
        keep(scene, other)
    assert keep(scene, other, name="南麻公路二段").pk == other.pk
    monkeypatch.setattr(duty, "MOST_PLACES", 1)
    with pytest.raises(Incomplete):
        keep(scene, other, name="南麻公路")
    assert reporting.MOST_PLACES == 200
