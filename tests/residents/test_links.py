"""A resident's own door: opens with its key alone, for its person alone, until it is ended."""

from datetime import date, datetime, timedelta

import pytest

from tests.builders import beat_of, division, make_contact, make_county, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.residents import links
from weijing.residents.links import NoDoorOfTheirOwn, NoSuchDoor
from weijing.residents.merges import merging
from weijing.residents.models import IdentitySharer, Resident, ResidentLink
from weijing.territory.models import County


@pytest.fixture
def resident(county: County) -> Resident:
    return make_resident(division(county, "小沙江镇", "桃李村", "1组"))


@pytest.fixture
def officer(county: County) -> Officer:
    return make_officer(
        county, "yang", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )


def test_the_key_opens_the_door_of_its_person(resident: Resident, at: datetime) -> None:
    key = links.issue(resident, by=None, at=at)
    assert links.open_with(resident.county_id, key, at=at).resident == resident


def test_neither_the_row_nor_the_trail_holds_the_key(resident: Resident, at: datetime) -> None:
    key = links.issue(resident, by=None, at=at)
    links.open_with(resident.county_id, key, at=at)

    row = ResidentLink.objects.get()
    assert key not in repr(row.__dict__)
    assert not AuditEntry.objects.filter(details__icontains=key).exists()
    assert len(row.key_digest) == 64


@pytest.mark.parametrize("forged", ["", "x", "A" * 43, "' OR 1=1 --", "\x00", "钥匙"])
def test_a_forged_key_opens_nothing(resident: Resident, at: datetime, forged: str) -> None:
    links.issue(resident, by=None, at=at)
    with pytest.raises(NoSuchDoor):
        links.open_with(resident.county_id, forged, at=at)


def test_the_digest_of_a_key_is_no_key(resident: Resident, at: datetime) -> None:
    links.issue(resident, by=None, at=at)
    with pytest.raises(NoSuchDoor):
        links.open_with(resident.county_id, ResidentLink.objects.get().key_digest, at=at)


def test_a_key_does_not_open_another_county(resident: Resident, at: datetime) -> None:
    other = make_county("431302")
    key = links.issue(resident, by=None, at=at)
    with pytest.raises(NoSuchDoor):
        links.open_with(other.pk, key, at=at)


def test_a_link_ends_by_age(resident: Resident, at: datetime) -> None:
    key = links.issue(resident, by=None, at=at)
    link = links.open_with(resident.county_id, key, at=at + timedelta(days=179))
    for later in (timedelta(days=180), timedelta(days=400)):
        with pytest.raises(NoSuchDoor):
            links.open_with(resident.county_id, key, at=at + later)
        with pytest.raises(NoSuchDoor):
            links.open_again(resident.county_id, link.pk, at=at + later)


def test_ending_the_link_ends_the_visit_that_is_on(resident: Resident, at: datetime) -> None:
    keys = [links.issue(resident, by=None, at=at) for _ in range(2)]
    link = links.open_with(resident.county_id, keys[0], at=at)

    assert links.end(resident, by=None, at=at) == 2
    with pytest.raises(NoSuchDoor):
        links.open_again(resident.county_id, link.pk, at=at)
    with pytest.raises(NoSuchDoor):
        links.open_with(resident.county_id, keys[1], at=at)


def test_a_new_link_does_not_end_the_one_in_another_chat(resident: Resident, at: datetime) -> None:
    first = links.issue(resident, by=None, at=at)
    links.issue(resident, by=None, at=at)
    assert links.open_with(resident.county_id, first, at=at).resident == resident


def test_a_child_has_no_door(county: County, at: datetime) -> None:
    place = division(county, "小沙江镇", "桃李村", "1组")
    child = make_resident(place, "罗小样", born_on=date(2012, 11, 25))
    with pytest.raises(NoDoorOfTheirOwn, match="监护人"):
        links.issue(child, by=None, at=at)
    assert links.issue(child, by=None, at=at + timedelta(days=1))  # the 14th birthday


def test_the_door_of_the_dead_is_closed(resident: Resident, at: datetime) -> None:
    key = links.issue(resident, by=None, at=at)
    Resident.objects.update(lifecycle=Resident.Lifecycle.DECEASED)
    with pytest.raises(NoSuchDoor):
        links.open_with(resident.county_id, key, at=at)
    resident.refresh_from_db()
    with pytest.raises(NoDoorOfTheirOwn):
        links.issue(resident, by=None, at=at)


def test_a_stranger_found_on_the_roll_keeps_the_link_of_the_greeting(
    county: County, resident: Resident, officer: Officer, at: datetime
) -> None:
    stranger = make_resident(None, "阳光", county=county, lifecycle=Resident.Lifecycle.PROVISIONAL)
    identity = make_contact(officer, stranger).identity
    key = links.issue(stranger, by=None, at=at, identity=identity)
    merging.merge(county.pk, [merging.Pair(stranger.pk, resident.pk)], by=officer, at=at)

    assert links.open_with(county.pk, key, at=at).resident == resident


def test_both_of_a_couple_share_and_nobody_else(
    county: County, resident: Resident, officer: Officer, at: datetime
) -> None:
    wife = make_resident(resident.division, "周样本")
    neighbour = make_resident(resident.division, "王示例")
    identity = make_contact(officer, resident).identity
    make_contact(officer, neighbour)
    IdentitySharer.objects.create(
        county=county, identity=identity, resident=wife, recorded_at=at, recorded_by=officer
    )
    assert links.is_shared(resident)
    assert links.is_shared(wife)
    assert not links.is_shared(neighbour)
