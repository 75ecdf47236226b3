"""Who may see which part of the county."""

from datetime import timedelta

import pytest

from tests.builders import beat_of, division, make_county, make_officer, make_resident
from weijing.accounts import appointing
from weijing.accounts.models import Officer, Posting, Role
from weijing.accounts.scope import scope_of
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import Station


@pytest.fixture
def people(county):
    """One resident in every group."""
    return {
        (town, village, group): make_resident(division(county, town, village, group))
        for town in ("小沙江镇", "金石桥镇")
        for village in ("桃李村", "红星村")
        for group in ("1组", "2组")
    }


def seen(officer, at):
    return set(Resident.objects.filter(scope_of(officer, at=at).divisions()))


def test_a_village_officer_sees_the_beat_and_nothing_else(county, people, at):
    beat = beat_of(county, "小沙江镇", "桃李村")
    officer = make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)
    assert seen(officer, at) == {
        people["小沙江镇", "桃李村", "1组"],
        people["小沙江镇", "桃李村", "2组"],
    }


def test_a_station_desk_sees_its_township(county, people, at):
    station = Station.objects.get(county=county, name="金石桥派出所")
    chief = make_officer(county, "chief", Role.STATION_COMMAND, station=station)
    assert seen(chief, at) == {p for key, p in people.items() if key[0] == "金石桥镇"}


def test_the_county_desk_sees_its_county_only(county, people, at):
    other = make_county("431302")
    make_resident(division(other, "小沙江镇", "桃李村", "1组"))
    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    assert seen(author, at) == set(people.values())


def test_a_system_administrator_sees_no_resident(county, people, at):
    admin = make_officer(county, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    assert seen(admin, at) == set()


def test_a_posting_counts_from_its_start_to_its_end(county, people, at):
    beat = beat_of(county, "小沙江镇", "桃李村")
    officer = make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)
    Posting.objects.filter(officer=officer).update(ends_at=at)
    assert len(seen(officer, at - timedelta(seconds=1))) == 2
    assert seen(officer, at) == set()


def test_a_posting_without_a_role_opens_nothing(county, people, at):
    beat = beat_of(county, "小沙江镇", "桃李村")
    assert seen(make_officer(county, "nobody", beat=beat), at) == set()


def test_a_new_primary_officer_ends_the_one_before(county, at):
    beat = beat_of(county, "小沙江镇", "桃李村")
    first = make_officer(county, "first", Role.VILLAGE_AUXILIARY, beat=beat)
    second = make_officer(county, "second", Role.VILLAGE_AUXILIARY)
    appointing.post(second, beat=beat, by=None, at=at)
    primaries = Posting.objects.filter(beat=beat, kind="primary", ends_at=None)
    assert [posting.officer for posting in primaries] == [second]
    assert Officer.objects.get(pk=second.pk).station == beat.station
    assert Posting.objects.get(officer=first).ends_at == at


def test_only_a_system_administrator_gives_roles(county, at):
    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        appointing.give_role(author, Role.CAMPAIGN_APPROVER, by=author, at=at)


def test_usernames_differ_in_more_than_case(county, at):
    appointing.open_account(county, username="yang", name="阳", by=None, at=at)
    with pytest.raises(appointing.UsernameTaken):
        appointing.open_account(county, username="YANG", name="阳", by=None, at=at)


@pytest.mark.parametrize("password", ["short", "1234567890", "password12"])
def test_a_weak_password_is_refused_with_words(county, at, password):
    with pytest.raises(appointing.WeakPassword) as refused:
        appointing.open_account(county, username="y", name="阳", by=None, at=at, password=password)
    assert str(refused.value)
