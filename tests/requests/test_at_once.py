"""Two at the same moment: one of them does it, the other hears so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import uuid4

import pytest
from django.db import connection

from tests.builders import beat_of, division, make_county, make_officer, make_resident
from tests.requests.conftest import CARD, Town
from weijing.accounts.models import Role
from weijing.core.errors import DomainError
from weijing.requests.lost import handing_over, matching, proving, taking_in
from weijing.requests.missing import consenting, finding, publishing, reporting, sightings
from weijing.requests.models import LostItem, LostMatch, MissingPerson, Sighting
from weijing.territory.models import Station

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def town(transactional_db: None, at: datetime) -> Town:
    county = make_county()
    beat = beat_of(county, "小沙江镇", "桃李村")
    station = Station.objects.get(county=county, name="小沙江派出所")
    officer = make_officer(county, "yang", Role.VILLAGE_AUXILIARY, beat=beat)
    desk = make_officer(county, "desk", Role.STATION_COMMAND, station=station)
    place = division(county, "小沙江镇", "桃李村", "1组")
    resident = make_resident(place, "罗样例", phone="15400000412")
    return Town(county, officer, officer, desk, desk, resident, at)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Each act in a thread with a connection of its own; "" or the error's name."""

    def run(act: Callable[[], object]) -> str:
        try:
            act()
        except DomainError as refused:
            return type(refused).__name__
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(acts)) as threads:
        return sorted(threads.map(run, acts))


def test_one_found_card_is_matched_once(town: Town) -> None:
    found, first, second = town.found(), town.lost(), town.lost()
    said = at_once(
        lambda: matching.match(first, found, **town.acting()),
        lambda: matching.match(second, found, **town.acting(town.desk)),
        lambda: handing_over.claim(found, "罗样例", "", **town.acting(town.desk)),
    )
    assert said == ["", "NotThisStep", "NotThisStep"]
    assert LostMatch.objects.count() == 1
    assert LostItem.objects.filter(state="matched").count() == 2


def test_a_thing_is_given_back_once(town: Town) -> None:
    found = town.found()
    match = matching.match(town.lost(), found, **town.acting())
    proving.prove(match, "tail", tail=CARD[-4:], looked=True, **town.acting())
    said = at_once(
        *[
            lambda by=by: handing_over.hand_over(match, "罗样例", "owner", **town.acting(by))
            for by in (town.officer, town.desk)
        ],
        lambda: matching.part(LostMatch.objects.get(pk=match.pk), **town.acting(town.desk)),
    )
    assert said == ["", "NotThisStep", "NotThisStep"]
    match.refresh_from_db()
    found.refresh_from_db()
    assert (found.state == "returned") == (match.returned_at is not None)
    assert (found.state == "found") == (match.undone_at is not None)


def test_every_wrong_guess_counts(town: Town) -> None:
    match = matching.match(town.lost(), found := town.found(), **town.acting())
    guesses = [f"{n:04}" for n in range(8)]
    said = at_once(
        *[
            lambda tail=tail: proving.prove(match, "tail", tail=tail, looked=True, **town.acting())
            for tail in guesses
        ]
    )
    assert said.count("WrongTail") == proving.MOST_WRONG_TAILS
    assert said.count("PermissionDenied") == len(guesses) - proving.MOST_WRONG_TAILS
    found.refresh_from_db()
    assert found.wrong_tails == proving.MOST_WRONG_TAILS


def test_a_double_tap_makes_one_search_and_no_sixth_thing(town: Town) -> None:
    told = town.report(resident=town.resident)
    said = at_once(*[lambda: reporting.report(told, by=town.officer, at=town.at)] * 4)
    assert said == ["", "AlreadyLookedFor", "AlreadyLookedFor", "AlreadyLookedFor"]
    thing = town.thing("keys", resident=town.resident)
    said = at_once(*[lambda: taking_in.take_in("lost", thing, by=None, at=town.at)] * 7)
    assert said.count("") == taking_in.MOST_OPEN


def test_two_taps_on_one_form_are_one_report(town: Town) -> None:
    told = town.report(once=uuid4())  # of somebody the book does not know
    said = at_once(*[lambda: reporting.report(told, by=town.officer, at=town.at)] * 4)
    assert said == ["", "AlreadyLookedFor", "AlreadyLookedFor", "AlreadyLookedFor"]
    thing = town.thing("keys", once=uuid4())
    said = at_once(*[lambda: taking_in.take_in("found", thing, by=town.officer, at=town.at)] * 4)
    assert said == ["", "AlreadyTakenIn", "AlreadyTakenIn", "AlreadyTakenIn"]
    assert (MissingPerson.objects.count(), LostItem.objects.count()) == (1, 1)


def test_whoever_renews_while_they_are_found_shows_nothing(town: Town) -> None:
    for _ in range(5):
        missing = town.missing("searching")
        agreed = {"given_by": "罗家人", "relation": "女儿", "channel": "paper"}
        consenting.agree(missing, ["looks"], **agreed, **town.acting())
        publishing.publish(missing, **town.acting())
        at_once(
            lambda m=missing: finding.find(m, "村口", may_tell_family=True, **town.acting()),
            lambda m=missing: publishing.publish(m, **town.acting(town.desk)),
            lambda m=missing: sightings.tell(m, "车站", seen_at=town.at, by=None, at=town.at),
        )
        missing.refresh_from_db()
        assert missing.state == "found"
        assert not publishing.is_shown(missing, at=town.at)
        assert missing.taken_down_at is not None
    assert MissingPerson.objects.count() == 5
    assert Sighting.objects.count() <= 5
