"""What those of the campaigns' tests say, and people of one station beside them."""

import pytest

from tests.builders import make_officer
from weijing.accounts.models import Officer, Role
from weijing.territory.models import County, Station


@pytest.fixture
def station(county: County) -> Station:
    return Station.objects.get(county=county, name="小沙江派出所")


@pytest.fixture
def station_author(county: County, station: Station) -> Officer:
    return make_officer(county, "local", Role.CAMPAIGN_AUTHOR, station=station)


@pytest.fixture
def chief(county: County, station: Station) -> Officer:
    return make_officer(county, "chief", Role.STATION_COMMAND, station=station)
