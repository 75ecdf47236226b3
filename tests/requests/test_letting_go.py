"""Who wants to be forgotten leaves nothing behind that nobody needs any more."""

from datetime import timedelta

from tests.requests.conftest import CARD, Town
from tests.requests.test_missing import published
from weijing.privacy import erasing
from weijing.requests import letting_go
from weijing.requests.lost import handing_over, matching, proving, queries
from weijing.requests.missing import finding, sightings
from weijing.requests.models import LostItem, MissingPerson, Sighting


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
    finding.close(missing, "mistaken", **town.acting())
    letting_go.let_go(town.resident, by=town.desk, at=town.at + timedelta(days=1))
    missing.refresh_from_db()
    assert (missing.family, missing.family_phone) == (None, "")
    assert MissingPerson.objects.count() == 1
    assert LostItem.objects.count() == 0
