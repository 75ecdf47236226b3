"""A large release stores whom it is for as numbers; each share is listed before it is asked."""

from datetime import datetime

import pytest
from django.db import connection

from tests.builders import make_contact, make_officer, make_resident
from tests.campaigns.conftest import EVERYONE
from tests.campaigns.fake_wecom import FakeWeCom
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.campaigns import asking, exporting, listing, releasing, results, sweeping
from weijing.campaigns.models import Campaign, Delivery, PlannedPeople, Share
from weijing.campaigns.reach import reach
from weijing.residents import audience_changes
from weijing.residents.merges import uniting
from weijing.residents.models import Resident, WechatIdentity
from weijing.territory.models import County, Station


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "LISTED_AT_ONCE", 0)


@pytest.fixture
def chief(county: County) -> Officer:
    return make_officer(
        county, "chief", Role.STATION_COMMAND, station=Station.objects.get(name="小沙江派出所")
    )


@pytest.fixture
def released(draft: Campaign, approver: Officer, at: datetime) -> Campaign:
    draft.state, draft.released_at, draft.released_by = Campaign.State.RELEASED, at, approver
    draft.confirm_by = at.replace(hour=23)
    draft.save()
    releasing.plan(draft, at=at)
    return draft


def make_one(absorbed: Resident, survivor: Resident, *, by: Officer, at: datetime) -> None:
    uniting.unite(survivor, absorbed, by=by, scope=scope_of(by, at=at), at=at)


def share_of(campaign: Campaign) -> Share:
    return Share.objects.get(campaign=campaign)


def test_a_large_release_lists_nobody_at_once_and_a_job_lists_them_all(
    released: Campaign, county: County, people: list[Resident]
) -> None:
    assert share_of(released).people == 3
    assert not Delivery.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args ->> 'county_id' FROM procrastinate_jobs "
            "WHERE task_name = 'campaigns.list_people'"
        )
        assert cursor.fetchall() == [(str(county.pk),)]

    assert listing.write_all(county.pk) == 3
    assert set(Delivery.objects.values_list("resident_id", "external_userid", "result")) == {
        (person.pk, f"wm{person.pk}", "pending") for person in people
    }
    assert not PlannedPeople.objects.exists()
    assert listing.write_all(county.pk) == 0


def test_an_officer_is_asked_for_exactly_the_people_of_the_plan(
    released: Campaign, people: list[Resident], at: datetime
) -> None:
    wecom = FakeWeCom(at)
    asking.ask(share_of(released), wecom=wecom, at=at, monotonic=wecom.monotonic)  # type: ignore[arg-type]
    [task] = wecom.tasks
    assert set(task.external_userids) == {f"wm{person.pk}" for person in people}
    assert Delivery.objects.count() == 3


def test_who_waits_to_be_listed_has_a_message_on_its_way(
    released: Campaign, county: County, at: datetime
) -> None:
    assert reach(EVERYONE, county_id=county.pk, at=at).left_out["received_today"] == 3
    listing.write_all(county.pk)
    assert reach(EVERYONE, county_id=county.pk, at=at).left_out["received_today"] == 3


def test_what_was_stopped_before_it_was_listed_counts_no_more_but_is_listed(
    released: Campaign, county: County, at: datetime
) -> None:
    Share.objects.filter(campaign=released).update(state="cancelled", ended_at=at)
    assert reach(EVERYONE, county_id=county.pk, at=at).left_out["received_today"] == 0
    assert listing.write_all(county.pk) == 3


def test_who_deleted_the_officer_meanwhile_is_listed_as_wecom_will_say_it(
    released: Campaign, county: County, officer: Officer, people: list[Resident]
) -> None:
    officer.contacts.filter(identity__resident=people[0]).update(state="removed_by_resident")
    audience_changes.people(county.pk, [people[0].pk])
    assert listing.write_all(county.pk) == 3


def test_who_was_merged_meanwhile_gets_it_under_the_record_that_remains(
    released: Campaign, county: County, chief: Officer,
    people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    other = make_resident(people[0].division, "罗一同", consents=("contact", "publicity"))
    make_one(people[0], other, by=chief, at=at)
    assert listing.write_all(county.pk) == 3
    assert Delivery.objects.filter(resident=other).get().external_userid == f"wm{people[0].pk}"


def test_two_who_turn_out_to_be_one_get_it_once_and_the_figures_say_so(
    released: Campaign, county: County, chief: Officer, people: list[Resident], at: datetime
) -> None:
    make_one(people[0], people[1], by=chief, at=at)
    assert listing.write_all(county.pk) == 2
    assert share_of(released).results == {"pending": 2}


def test_who_has_no_account_any_more_is_not_listed(
    released: Campaign, county: County, people: list[Resident]
) -> None:
    WechatIdentity.objects.get(resident=people[0]).delete()
    assert listing.write_all(county.pk) == 2
    assert share_of(released).results == {"pending": 2}


def test_what_a_dead_job_left_is_found(released: Campaign, county: County, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    Share.objects.filter(campaign=released).update(state="cancelled", ended_at=at)
    Campaign.objects.filter(pk=released.pk).update(state="cancelled")
    assert county.pk in sweeping.counties_with_work()
    sweeping.find_forgotten(county.pk, at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert ("campaigns.list_people",) in cursor.fetchall()


def test_a_list_that_is_not_whole_says_so_and_is_not_taken_away(
    released: Campaign, county: County, approver: Officer, at: datetime
) -> None:
    scope = scope_of(approver, at=at)
    found = results.listed(released, results.Wanted(), scope=scope)
    assert (found.count(), found.unlisted) == (0, 3)
    with pytest.raises(exporting.StillBeingListed, match="3 人"):
        exporting.check(found, by=approver, scope=scope, at=at)
    listing.write_all(county.pk)
    found = results.listed(released, results.Wanted(), scope=scope)
    assert (found.count(), found.unlisted, len(found[0:9])) == (3, 0, 3)


def test_an_urgent_message_is_listed_at_once(
    draft: Campaign, people: list[Resident], at: datetime
) -> None:
    draft.is_urgent = True
    draft.save()
    releasing.plan(draft, at=at)
    assert Delivery.objects.count() == 3


def test_a_second_account_is_not_asked_for_as_well(
    released: Campaign, county: County, officer: Officer, people: list[Resident]
) -> None:
    make_contact(officer, people[0], "wm-newer-phone")
    listing.write_all(county.pk)
    assert Delivery.objects.filter(resident=people[0]).count() == 1
