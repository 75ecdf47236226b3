"""Who wants to be forgotten leaves nothing behind that nobody needs any more."""

from datetime import timedelta

from tests.requests.conftest import CARD, Town
from tests.requests.test_missing import published
from weijing.privacy import erasing
from weijing.requests import letting_go
from weijing.requests.lost import ending, handing_over, matching, proving, queries
from weijing.requests.missing import finding, sightings
from weijing.requests.models import LostItem, MissingPerson, PublicConsent, Sighting


def test_a_report_nobody_took_up_is_closed_and_empty(town: Town) -> None:
    waiting = town.lost(resident=town.resident, reporter="罗样例", phone="15400000412")
    erasing.erase(town.resident, by=town.desk, at=town.at)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.holder, waiting.reporter, waiting.phone) == (
        "closed", "", "", "",
    )  # fmt: skip
    assert not queries.reported_by(town.resident).exists()


def test_what_is_being_given_back_is_given_back_first(town: Town) -> None:
    lost = town.lost(resident=town.resident, phone="15400000412")
    match = matching.match(lost, town.found(), **town.acting())
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    lost.refresh_from_db()
    assert (lost.state, lost.phone) == ("matched", "15400000412")
    proving.prove(match, "tail", tail=CARD[-4:], looked=True, **town.acting())
    handing_over.hand_over(match, "罗样例", "owner", **town.acting())
    assert ending.expire(town.county.pk, at=town.at + timedelta(days=3)) == 2
    lost.refresh_from_db()
    match.refresh_from_db()
    assert (lost.state, lost.outcome) == ("closed", "returned")
    assert (lost.phone, lost.reporter, lost.holder, lost.resident) == ("", "", "", None)
    assert match.signed == ""
    assert lost.erased_at is not None


def test_what_is_theirs_is_empty_when_the_two_are_parted(town: Town) -> None:
    lost = town.lost(resident=town.resident, phone="15400000412")
    match = matching.match(lost, found := town.found(), **town.acting())
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    matching.part(match, **town.acting())
    lost.refresh_from_db()
    found.refresh_from_db()
    assert (lost.state, lost.phone, lost.resident) == ("closed", "", None)
    assert (found.state, found.holder) == ("found", "罗样例")


def test_who_handed_it_in_is_forgotten_while_it_is_given_back(town: Town) -> None:
    found = town.found(resident=town.resident, reporter="罗小例", phone="15400000412")
    matching.match(town.lost(), found, **town.acting())
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    found.refresh_from_db()
    assert (found.state, found.reporter, found.phone, found.resident) == ("matched", "", "", None)


def test_what_they_handed_in_goes_on_waiting_without_their_name(town: Town) -> None:
    found = town.found(resident=town.resident, reporter="罗小例", phone="15400000412")
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    found.refresh_from_db()
    assert (found.state, found.reporter, found.phone, found.resident) == ("found", "", "", None)
    assert found.holder == "罗样例"


def test_a_search_ends_before_the_family_is_forgotten(town: Town) -> None:
    missing = published(town, family=town.resident)
    sightings.tell(
        missing, "车站", seen_at=town.at, phone="15400000412", resident=town.resident,
        by=None, at=town.at,
    )  # fmt: skip
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    missing.refresh_from_db()
    assert missing.family == town.resident
    assert Sighting.objects.get().phone == ""
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    finding.bring_home(missing, "罗家人", **town.acting())
    assert finding.close_returned(town.county.pk, at=town.at + timedelta(days=3)) == 1
    missing.refresh_from_db()
    assert (missing.handed_to, missing.family_name) == ("", "")
    assert all(row.given_by == "" for row in PublicConsent.objects.all())
    assert (missing.family, missing.family_phone) == (None, "")
    assert MissingPerson.objects.count() == 1
    assert LostItem.objects.count() == 0


def test_of_a_search_that_is_over_nothing_tells_who_asked_for_it(town: Town) -> None:
    missing = published(town, family=town.resident)
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    finding.bring_home(missing, "罗家人", **town.acting())
    finding.close(missing, "", **town.acting())
    letting_go.let_go(town.resident, by=town.desk, at=town.at)
    missing.refresh_from_db()
    assert (missing.family, missing.family_name, missing.family_phone, missing.handed_to) == (
        None, "", "", "",
    )  # fmt: skip
    assert PublicConsent.objects.exists()
    assert all(row.given_by == "" for row in PublicConsent.objects.all())
    assert missing.name == "罗样例"  # kept for its ninety days
