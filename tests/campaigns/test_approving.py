import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from tests.builders import make_contact, make_officer, make_resident
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.campaigns import approving, drafting, pausing
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import hours
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import County, Station


def test_releasing_fixes_shares_and_says_so_in_the_trail(
    released: Campaign, approver: Officer, at: datetime
) -> None:
    assert released.state == Campaign.State.RELEASED
    assert released.confirm_by == at + timedelta(hours=24)
    assert list(Share.objects.values_list("state", "people")) == [("waiting", 3)]
    entry = AuditEntry.objects.get(action="campaign.released")
    assert (entry.actor, entry.details["people"]) == (approver, 3)


def test_nobody_releases_their_own(county: County, at: datetime, people: list[Resident]) -> None:
    both = make_officer(
        county, "both", Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER, county_desk=True
    )
    mine = drafting.draft(by=both, at=at, title="题", body="文", audience={"division": ["430524"]})
    drafting.submit(mine, by=both, at=at, count_seen=3)
    with pytest.raises(PermissionDenied):
        approving.release(mine, by=both, at=at)


def test_the_database_refuses_a_release_by_the_author(submitted: Campaign, at: datetime) -> None:
    with pytest.raises(IntegrityError, match="released_by_another"), transaction.atomic():
        Campaign.objects.filter(pk=submitted.pk).update(
            released_by=submitted.drafted_by, released_at=at
        )


@pytest.mark.parametrize("role", [Role.CAMPAIGN_AUTHOR, Role.SYSTEM_ADMIN, Role.STATION_COMMAND])
def test_only_approvers_release(
    submitted: Campaign, county: County, at: datetime, role: Role
) -> None:
    other = make_officer(county, "other", role, county_desk=True)
    with pytest.raises(PermissionDenied):
        approving.release(submitted, by=other, at=at)


def test_a_stations_approver_does_not_release_for_the_county(
    submitted: Campaign, county: County, at: datetime
) -> None:
    small = make_officer(
        county, "small", Role.CAMPAIGN_APPROVER, station=Station.objects.get(name="小沙江派出所")
    )
    with pytest.raises(PermissionDenied):
        approving.release(submitted, by=small, at=at)


def test_the_approver_of_another_county_is_a_stranger(submitted: Campaign, at: datetime) -> None:
    from tests.builders import make_county

    stranger = make_officer(make_county("430525"), "far", Role.CAMPAIGN_APPROVER, county_desk=True)
    with pytest.raises(PermissionDenied):
        approving.release(submitted, by=stranger, at=at)


def test_a_second_tap_releases_nothing(released: Campaign, approver: Officer, at: datetime) -> None:
    with pytest.raises(approving.AlreadyReleased):
        approving.release(released, by=approver, at=at)
    assert Share.objects.count() == 1


def test_a_draft_is_not_released(draft: Campaign, approver: Officer, at: datetime) -> None:
    with pytest.raises(approving.NotSubmitted):
        approving.release(draft, by=approver, at=at)


def test_an_audience_that_grew_is_shown_before_it_goes_out(
    submitted: Campaign, officer: Officer, people: list[Resident], approver: Officer, at: datetime
) -> None:
    make_contact(officer, make_resident(people[0].division, "新来", consents=("publicity",)))

    with pytest.raises(drafting.RecountChanged):
        approving.release(submitted, by=approver, at=at)
    submitted.refresh_from_db()
    assert (submitted.state, Share.objects.count()) == (Campaign.State.SUBMITTED, 0)
    assert approving.release(submitted, by=approver, at=at, count_seen=4) == 4


def test_at_night_nobody_is_asked_unless_the_approver_insists(
    submitted: Campaign, approver: Officer, at: datetime
) -> None:
    night = at + timedelta(hours=12)  # 22:00 in the county
    with pytest.raises(hours.QuietTime, match="现在就发"):
        approving.release(submitted, by=approver, at=night)
    assert Share.objects.count() == 0
    assert approving.release(submitted, by=approver, at=night, at_any_hour=True) == 3
    assert AuditEntry.objects.get(action="campaign.released").details["at_quiet_time"] is True


def test_who_gives_back_says_why(submitted: Campaign, approver: Officer, at: datetime) -> None:
    with pytest.raises(approving.ReasonMissing):
        approving.return_to_author(submitted, by=approver, at=at, reason="  ")
    approving.return_to_author(submitted, by=approver, at=at, reason="少了署名")
    submitted.refresh_from_db()
    assert (submitted.state, submitted.returned_reason) == (Campaign.State.DRAFT, "少了署名")


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_once_release_once(county: County, at: datetime) -> None:
    from tests.builders import beat_of, division

    author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)
    approvers = [
        make_officer(county, f"a{n}", Role.CAMPAIGN_APPROVER, county_desk=True) for n in range(4)
    ]
    officer = make_officer(
        county, "luo", Role.VILLAGE_AUXILIARY, beat=beat_of(county, "小沙江镇", "桃李村")
    )
    place = division(county, "小沙江镇", "桃李村", "1组")
    for n in range(3):
        make_contact(officer, make_resident(place, f"人{n}", consents=("publicity",)))
    campaign = drafting.draft(
        by=author, at=at, title="题", body="文", audience={"division": ["430524"]}
    )
    drafting.submit(campaign, by=author, at=at, count_seen=3)
    outcomes: list[str] = []
    ready = threading.Barrier(len(approvers))

    def approve(by: Officer) -> None:
        ready.wait()
        try:
            approving.release(campaign, by=by, at=at)
            outcomes.append("released")
        except approving.AlreadyReleased:
            outcomes.append("already")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(by,)) for by in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["already", "already", "already", "released"]
    assert Share.objects.count() == 1


def test_approvers_hold_the_kill_switch(
    county: County, author: Officer, approver: Officer, at: datetime
) -> None:
    with pytest.raises(PermissionDenied):
        pausing.pause(county, by=author, at=at, reason="?")
    pausing.pause(county, by=approver, at=at, reason="误发")
    assert pausing.is_paused(county.pk)
    assert pausing.resume(county, by=approver, at=at)
    assert not pausing.is_paused(county.pk)
