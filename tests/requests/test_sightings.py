"""What somebody saw reaches the officer in charge, and nobody else; too much of it is stopped."""

from datetime import timedelta
from typing import Any

import pytest

from tests.requests.conftest import Town
from tests.requests.test_missing import published
from weijing.core.errors import PermissionDenied
from weijing.requests.missing import finding, publishing, sightings
from weijing.requests.missing.opening import NotThisStep
from weijing.requests.models import MissingPerson, Sighting
from weijing.residents import phones

HERE = "192.0.2.7"


def tell(town: Town, missing: MissingPerson, place: str = "车站", **fields: Any) -> Sighting:
    usual = {"seen_at": town.at, "by": None, "at": town.at}
    return sightings.tell(missing, place, **{**usual, **fields})


def test_a_sighting_is_new_until_somebody_deals_with_it(town: Town) -> None:
    missing = published(town)
    seen = tell(town, missing, words="往南走了", phone="154 0000 0413", address=HERE)
    assert sightings.new_for(town.officer) == 1
    assert sightings.new_for(town.neighbour) == 0
    assert HERE not in str(Sighting.objects.values().get())
    with pytest.raises(PermissionDenied):
        sightings.decide(seen, "followed", **town.acting(town.neighbour))
    sightings.decide(seen, "followed", **town.acting())
    with pytest.raises(NotThisStep):
        sightings.decide(seen, "not_them", **town.acting(town.desk))
    assert sightings.new_for(town.officer) == 0
    assert sightings.of(missing)[0].phone == "15400000413"


def test_residents_tell_while_the_notice_is_shown_officers_while_it_is_open(town: Town) -> None:
    missing = published(town)
    publishing.take_down(missing, **town.acting())
    with pytest.raises(sightings.NotLookedFor):
        tell(town, missing)
    tell(town, missing, by=town.neighbour)
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    with pytest.raises(sightings.NotLookedFor):
        tell(town, missing, by=town.neighbour)


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"place": " "}, sightings.NoPlace), ({"phone": "12"}, phones.NotAPhone)],
)
def test_it_says_where_and_a_number_that_can_be_called(
    town: Town, fields: dict[str, Any], error: type[Exception]
) -> None:
    missing = published(town)
    with pytest.raises(error):
        tell(town, missing, **fields)


def test_a_time_to_come_becomes_now(town: Town) -> None:
    seen = tell(town, published(town), seen_at=town.at + timedelta(days=3))
    assert seen.seen_at == town.at


def test_one_phone_does_not_flood_the_officer(town: Town) -> None:
    missing = published(town)
    for _ in range(sightings.MOST_AN_HOUR):
        tell(town, missing, address=HERE)
    with pytest.raises(sightings.TooManyTold):
        tell(town, missing, address=HERE)
    tell(town, missing, address="192.0.2.8")
    tell(town, missing, address=HERE, at=town.at + timedelta(hours=1, seconds=1))
