"""A walking list on the officer's phone: today's page says it, the list leads from door to door."""

import re
import uuid
from datetime import timedelta

import pytest

from tests.builders import make_household, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.residents.adding import walking
from weijing.residents.models import DoorVisit


def text_of(answer):
    page = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.fixture
def walking_list(beat):
    group = beat.place()
    for number in (10, 2, 7):
        make_resident(group, household=make_household(group, str(number)))
    chief = make_officer(
        beat.county, "chief", Role.STATION_COMMAND, station=beat.officer.station, name="周所长"
    )
    (one,) = walking.hand_out(
        [group], due_on=clock.today() + timedelta(days=3), stops_seen=3, by=chief,
        scope=scope_of(chief, at=clock.now()), at=clock.now() - timedelta(hours=1),
    )  # fmt: skip
    return one


def test_today_says_what_is_to_be_walked_and_leads_there(beat, walking_list):
    page = beat.client.get("/o/today/")
    assert "要走访的户 1 张清单" in text_of(page)
    assert f"/o/grid/unlinked/?list={walking_list.pk}" in page.content.decode()


def test_the_list_goes_from_door_to_door_and_keeps_what_was_found(beat, walking_list):
    url = f"/o/grid/unlinked/?list={walking_list.pk}"
    page = text_of(beat.client.get(url))
    assert re.findall(r"\d+号", page) == ["2号", "7号", "10号"]
    assert "派出所派发" in page
    assert "周所长" not in page  # the phone keeps this page, and no names
    first = walking_list.stops.get(number=1)
    DoorVisit.objects.create(
        county=beat.county, household_id=first.household_id, officer=beat.officer,
        outcome="absent", at=clock.now(), recorded_at=clock.now(), phone_key=uuid.uuid4(),
    )  # fmt: skip
    page = text_of(beat.client.get(url))
    assert "1 / 3 户" in page
    assert "家中无人" in page


def test_a_list_that_is_closed_or_anothers_is_not_there(beat, walking_list):
    url = f"/o/grid/unlinked/?list={walking_list.pk}"
    for bad in ("x", "0", "-1", "9" * 30):
        assert beat.client.get(f"/o/grid/unlinked/?list={bad}").status_code == 404
    beat.client.force_login(beat.neighbour, backend="weijing.accounts.signing_in.PasswordBackend")
    assert beat.client.get(url).status_code == 404
    beat.client.force_login(beat.officer, backend="weijing.accounts.signing_in.PasswordBackend")
    walking.close(walking_list, by=beat.officer, at=clock.now())
    assert beat.client.get(url).status_code == 404
    assert "要走访的户" not in text_of(beat.client.get("/o/today/"))


def test_a_late_list_is_said_to_be_late(beat, walking_list):
    walking_list.due_on = clock.today() - timedelta(days=1)
    walking_list.save()
    assert "超期" in text_of(beat.client.get("/o/today/"))
    assert "超期" in text_of(beat.client.get(f"/o/grid/unlinked/?list={walking_list.pk}"))
