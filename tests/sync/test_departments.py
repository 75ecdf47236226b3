from datetime import datetime

import pytest

from tests.builders import make_officer
from tests.sync.corp import Corp
from wecom_api import WeCom
from weijing.accounts.models import Officer
from weijing.sync.address_book import read_address_book
from weijing.sync.departments import TooManyLeft
from weijing.sync.models import SyncRun
from weijing.territory.models import County, Station


def test_a_station_of_the_same_name_adopts_the_department(
    county: County, corp: Corp, wecom: WeCom
) -> None:
    corp.department(2, "小沙江派出所")
    corp.department(3, "白水洞派出所")
    corp.department(4, "政工室")

    read_address_book(county.pk, wecom)

    names = dict(Station.objects.values_list("name", "wecom_department_id"))
    assert names == {"小沙江派出所": 2, "金石桥派出所": None, "白水洞派出所": 3}


def test_a_renamed_department_renames_its_station(county: County, corp: Corp, wecom: WeCom) -> None:
    corp.department(3, "白水洞派出所")
    read_address_book(county.pk, wecom)
    corp.department(3, "白水洞镇派出所")

    read_address_book(county.pk, wecom)

    assert Station.objects.get(wecom_department_id=3).name == "白水洞镇派出所"


def test_a_department_renamed_to_another_stations_name_waits_for_a_person(
    county: County, corp: Corp, wecom: WeCom
) -> None:
    corp.department(2, "小沙江派出所")
    read_address_book(county.pk, wecom)
    corp.department(2, "金石桥派出所")

    read_address_book(county.pk, wecom)

    assert Station.objects.get(wecom_department_id=2).name == "小沙江派出所"


def test_members_become_officers_of_the_nearest_station_above(
    county: County, corp: Corp, wecom: WeCom
) -> None:
    corp.department(2, "小沙江派出所")
    corp.department(5, "社区警务中队", parentid=2)
    corp.member("p1", department=[5], position="社区民警")
    corp.member("p2", department=[1], customer_contact=0)

    read_address_book(county.pk, wecom)

    first = Officer.objects.get(wecom_userid="p1")
    assert first.station is not None and first.station.name == "小沙江派出所"
    assert (first.serves_residents, first.rank_kind) == (True, Officer.RankKind.POLICE)
    assert not first.role_grants.exists()
    assert not first.has_usable_password()
    assert Officer.objects.get(wecom_userid="p2").serves_residents is False


def test_userids_are_compared_without_case(county: County, corp: Corp, wecom: WeCom) -> None:
    ours = make_officer(county, "chenwei", wecom_userid="ChenWei")
    corp.member("chenwei", department=[1])

    changes = read_address_book(county.pk, wecom)

    assert changes.created == []
    assert Officer.objects.get(pk=ours.pk).wecom_userid == "chenwei"


def test_a_local_account_of_the_same_name_is_not_opened_by_wecom(
    county: County, corp: Corp, wecom: WeCom
) -> None:
    local = make_officer(county, "admin", wecom_userid="")
    corp.member("admin", department=[1])

    read_address_book(county.pk, wecom)

    local.refresh_from_db()
    assert local.wecom_userid == ""
    assert Officer.objects.get(wecom_userid="admin").username == "admin@wecom"


def test_who_left_becomes_inactive_and_is_listed(county: County, corp: Corp, wecom: WeCom) -> None:
    corp.found(officers=3)
    read_address_book(county.pk, wecom)
    corp.member("p2", status=5)

    changes = read_address_book(county.pk, wecom)

    officer = Officer.objects.get(wecom_userid="p2")
    assert changes.left == [officer.pk]
    assert (officer.is_active, officer.serves_residents) == (False, False)
    assert SyncRun.objects.order_by("-started_at", "-pk")[0].progress["left"] == [officer.pk]


def test_who_comes_back_is_active_again(county: County, corp: Corp, wecom: WeCom) -> None:
    corp.found(officers=3)
    read_address_book(county.pk, wecom)
    corp.member("p2", status=5)
    read_address_book(county.pk, wecom)
    corp.member("p2", status=1)

    read_address_book(county.pk, wecom)

    officer = Officer.objects.get(wecom_userid="p2")
    assert (officer.is_active, officer.serves_residents) == (True, True)


def test_an_account_that_a_person_here_has_ended_stays_ended(
    county: County, corp: Corp, wecom: WeCom
) -> None:
    corp.found(officers=2)
    read_address_book(county.pk, wecom)
    Officer.objects.filter(wecom_userid="p1").update(is_active=False)

    read_address_book(county.pk, wecom)

    assert Officer.objects.get(wecom_userid="p1").is_active is False


def test_a_shrunken_scope_shuts_nobody_out(county: County, corp: Corp, wecom: WeCom) -> None:
    corp.found(officers=30)
    read_address_book(county.pk, wecom)
    for number in range(1, 21):
        corp.member(f"p{number}", status=5)

    with pytest.raises(TooManyLeft):
        read_address_book(county.pk, wecom)
    assert Officer.objects.filter(is_active=True).count() == 30

    read_address_book(county.pk, wecom, many_may_leave=True)
    assert Officer.objects.filter(is_active=True).count() == 10


def test_reading_twice_changes_nothing(
    county: County, corp: Corp, wecom: WeCom, at: datetime
) -> None:
    corp.found(officers=3)
    read_address_book(county.pk, wecom)
    before = list(Officer.objects.order_by("pk").values())

    changes = read_address_book(county.pk, wecom)

    assert (changes.stations, changes.created, changes.changed, changes.left) == (0, [], [], [])
    assert list(Officer.objects.order_by("pk").values()) == before
