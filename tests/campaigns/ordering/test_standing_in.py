from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.builders import make_contact, make_officer
from tests.campaigns.conftest import EVERYONE
from weijing.accounts.models import Absence, Officer, Posting, Role
from weijing.accounts.scope import scope_of
from weijing.campaigns import approving
from weijing.campaigns.models import Campaign, Share
from weijing.campaigns.ordering import standing_in
from weijing.campaigns.reach import reach
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import County

WEEK = timedelta(days=7)


def away(officer: Officer, at: datetime, deputy: Officer | None = None) -> Absence:
    """From now on for a week."""
    return standing_in.note(
        officer, by=officer, at=at, starts_at=at, ends_at=at + WEEK, deputy=deputy
    )


def senders(submitted: Campaign, approver: Officer, at: datetime) -> dict[str, int]:
    """Through whom a message goes out, and to how many."""
    approving.release(submitted, by=approver, at=at, count_seen=submitted.submitted_count)
    return dict(Share.objects.values_list("officer__username", "people"))


def test_the_deputy_sends_to_whom_they_have_as_a_contact(
    submitted: Campaign, officer: Officer, second_officer: Officer, approver: Officer,
    people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    for person in people:
        make_contact(second_officer, person, added_at=at - timedelta(days=300))
    away(officer, at, second_officer)
    assert senders(submitted, approver, at) == {"yang": 3}


def test_the_deputy_comes_before_whoever_was_added_last(
    submitted: Campaign, county: County, officer: Officer, second_officer: Officer,
    approver: Officer, people: list[Resident], at: datetime,
) -> None:  # fmt: skip
    third = make_officer(county, "third", Role.VILLAGE_AUXILIARY, serves_residents=True)
    for person in people:
        make_contact(second_officer, person, added_at=at - timedelta(days=300))
        make_contact(third, person, added_at=at - timedelta(days=1))
    away(officer, at, second_officer)
    assert senders(submitted, approver, at) == {"yang": 3}


def test_without_the_deputy_the_next_contact_sends_and_nobody_is_left_out_unsaid(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    at: datetime,
) -> None:  # fmt: skip
    third = make_officer(county, "third", Role.VILLAGE_AUXILIARY, serves_residents=True)
    make_contact(third, people[0])
    assert reach(EVERYONE, county_id=county.pk, at=at).left_out["officer_away"] == 0
    away(officer, at, second_officer)
    found = reach(EVERYONE, county_id=county.pk, at=at)
    assert (found.reachable, found.officers) == (1, 1)
    assert (found.left_out["officer_away"], found.left_out["no_contact"]) == (2, 0)
    assert found.matched == found.reachable + sum(found.left_out.values())


def test_before_and_afterwards_everything_is_as_ever(
    county: County, officer: Officer, people: list[Resident], at: datetime
) -> None:
    standing_in.note(officer, by=officer, at=at, starts_at=at + WEEK, ends_at=at + 2 * WEEK)
    counts = [reach(EVERYONE, county_id=county.pk, at=at + n * WEEK).reachable for n in (0, 1, 2)]
    assert counts == [3, 0, 3]


def test_who_is_back_sends_again(
    county: County, officer: Officer, people: list[Resident], at: datetime
) -> None:
    absence = away(officer, at)
    assert reach(EVERYONE, county_id=county.pk, at=at).reachable == 0
    later = at + timedelta(hours=1)
    standing_in.end(absence, by=officer, at=later)
    assert reach(EVERYONE, county_id=county.pk, at=later).reachable == 3
    with pytest.raises(standing_in.BadAbsence):
        standing_in.end(absence, by=officer, at=later)


def test_a_new_contact_of_the_deputy_counts_at_once(
    county: County, officer: Officer, second_officer: Officer, people: list[Resident],
    at: datetime,
) -> None:  # fmt: skip
    away(officer, at, second_officer)
    assert reach(EVERYONE, county_id=county.pk, at=at).reachable == 0
    make_contact(second_officer, people[0])
    found = reach(EVERYONE, county_id=county.pk, at=at)
    assert (found.reachable, found.left_out["officer_away"]) == (1, 2)


def test_a_head_notes_it_for_the_station_and_nobody_for_another(
    county: County, officer: Officer, second_officer: Officer, chief: Officer, at: datetime
) -> None:
    times = {"at": at, "starts_at": at, "ends_at": at + WEEK}
    standing_in.note(officer, by=chief, deputy=second_officer, **times)
    with pytest.raises(PermissionDenied):
        standing_in.note(second_officer, by=officer, **times)
    admin = make_officer(county, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    with pytest.raises(PermissionDenied):
        standing_in.note(officer, by=admin, **times)
    assert [each.officer for each in standing_in.visible_to(scope_of(chief, at=at), at=at)] == [
        officer
    ]


def test_a_deputy_is_of_the_same_station(county: County, officer: Officer, at: datetime) -> None:
    far = make_officer(county, "far", Role.VILLAGE_AUXILIARY, serves_residents=True)
    for deputy in (far, officer):
        with pytest.raises(standing_in.BadAbsence):
            away(officer, at, deputy)
    assert not Posting.objects.filter(officer=far).exists()


def test_two_absences_do_not_overlap(officer: Officer, at: datetime) -> None:
    away(officer, at)
    with pytest.raises(standing_in.BadAbsence):
        away(officer, at + timedelta(days=1))
    away(officer, at + WEEK)


@pytest.mark.parametrize(
    ("starts", "ends"), [(WEEK, WEEK), (WEEK, timedelta(0)), (-2 * WEEK, -WEEK), (WEEK, 60 * WEEK)]
)
def test_a_time_that_makes_no_sense_is_refused(
    officer: Officer, at: datetime, starts: timedelta, ends: timedelta
) -> None:
    with pytest.raises(standing_in.BadAbsence):
        standing_in.note(officer, by=officer, at=at, starts_at=at + starts, ends_at=at + ends)


def test_the_database_knows_no_deputy_of_oneself(officer: Officer, at: datetime) -> None:
    absence = away(officer, at)
    with pytest.raises(IntegrityError, match="another_deputy"), transaction.atomic():
        Absence.objects.filter(pk=absence.pk).update(deputy=officer)
