"""Officers' own mass messages, read back from WeCom over real HTTP; their words stay there."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

import pytest

from tests.campaigns.over_http import Stage, client, people_known_to
from tests.wecom_simulator.running import Simulator
from wecom_simulator.settings import Settings
from weijing.accounts.models import Officer
from weijing.campaigns import asking, own_sends
from weijing.campaigns.models import OwnMessage, Share
from weijing.core.clock import local_day
from weijing.privacy import copying
from weijing.residents.models import Resident
from weijing.territory.models import County


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("wecom"), "--clock", "frozen=2026-11-24T10:00")
    yield one
    one.stop()


@pytest.fixture
def stage(process: Simulator, county: County, people: list[Resident]) -> Stage:
    process.admin("settings", **asdict(Settings()))
    process.admin("faults", "DELETE")
    process.advance(9 * 86_400)
    people_known_to(process, county)
    return Stage(process, county, client(process))


def sends(stage: Stage, officer: Officer, *people: Resident) -> str:
    answer = stage.simulator.admin(
        "acts/mass/personal", userid=officer.wecom_userid, text="明天来我这里办证",
        external_userids=[f"wm{person.pk}" for person in people],
    )  # fmt: skip
    return str(answer["msgid"])


def take_down(stage: Stage) -> int:
    return own_sends.take_down(stage.county, wecom=stage.wecom, at=stage.now)


def test_who_got_it_is_stored_once_and_what_it_said_is_not(
    stage: Stage, officer: Officer, people: list[Resident]
) -> None:
    msgid = sends(stage, officer, people[0], people[2])
    assert take_down(stage) == 1
    assert take_down(stage) == 0
    kept = OwnMessage.objects.get()
    assert (kept.msgid, kept.officer, kept.sent_on) == (msgid, officer, local_day(stage.now))
    assert kept.people == sorted([people[0].ordinal, people[2].ordinal])
    columns = {field.name for field in OwnMessage._meta.get_fields()}
    assert columns == {"id", "county", "msgid", "officer", "sent_on", "people"}


def test_a_friend_who_has_left_got_nothing(
    stage: Stage, officer: Officer, people: list[Resident]
) -> None:
    stage.simulator.admin(
        "acts/resident-deletes", userid=officer.wecom_userid, external_userid=f"wm{people[0].pk}"
    )
    sends(stage, officer, people[0], people[1])
    take_down(stage)
    assert OwnMessage.objects.get().people == [people[1].ordinal]


def test_what_the_county_orders_is_not_an_officers_own(
    stage: Stage, share: Share, officer: Officer
) -> None:
    asking.ask(share, wecom=stage.wecom, at=stage.now)
    assert take_down(stage) == 0


def test_a_resident_sees_that_an_officer_wrote_to_them_and_when(
    stage: Stage, officer: Officer, people: list[Resident], at: datetime
) -> None:
    sends(stage, officer, people[0])
    take_down(stage)
    said = [line for _, line in copying._messages(people[0])]
    assert any("自己在企业微信群发" in line for line in said)
    assert not copying._messages(people[1])


def test_what_is_older_than_two_months_is_dropped(
    stage: Stage, officer: Officer, people: list[Resident]
) -> None:
    OwnMessage.objects.create(
        county=stage.county, msgid="old", officer=officer, people=[people[0].ordinal],
        sent_on=local_day(stage.now - own_sends.KEPT).replace(day=1),
    )  # fmt: skip
    take_down(stage)
    assert not OwnMessage.objects.exists()
