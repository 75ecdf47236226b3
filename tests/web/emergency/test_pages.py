"""An event from the first report to the sheet, as people click through it without JavaScript."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.builders import give_tag, make_officer, make_tag
from tests.campaigns.emergency.conftest import Scene
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.campaigns.emergency.models import (
    DutyAccount,
    EmergencyEvent,
    EmergencyMessage,
    HouseholdCall,
)
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.territory.models import RoadSection

BACKEND = "weijing.accounts.signing_in.PasswordBackend"


@pytest.fixture
def at() -> datetime:
    """Pages ask the real clock."""
    return clock.now()


def browser(officer: Officer) -> Client:
    client = Client()
    client.force_login(officer, backend=BACKEND)
    return client


def report(scene: Scene, officer: Officer, page: str = "/o/emergency/new/", **fields: str) -> str:
    moment = (scene.at - timedelta(minutes=5)).astimezone(clock.COUNTY_TIME)
    answer = browser(officer).post(
        page,
        {
            "kind": "mudslide", "source": "patrol", "road": str(scene.road.pk),
            "place": "K23+400", "happened_at": f"{moment:%Y-%m-%dT%H:%M}", **fields,
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    return str(EmergencyEvent.objects.get().number)


def verify(scene: Scene, number: str) -> None:
    until = (scene.at + timedelta(hours=6)).astimezone(clock.COUNTY_TIME)
    answer = browser(scene.author).post(
        f"/desk/emergency/{number}/",
        {
            "step": "verify", "how": "photo", "severity": "orange",
            "valid_until": f"{until:%Y-%m-%dT%H:%M}", "detour": "走 X055",
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()


def write(scene: Scene, number: str, kind: str = "first") -> None:
    answer = browser(scene.author).post(
        f"/desk/emergency/{number}/",
        {"step": "write", "kind": kind, "body": "请不要前往。——隆回县公安局",
         "groups": ["residents", "often"]},
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()


def approve(scene: Scene, number: str, *, typed: str | None = None, status: int = 302) -> str:
    client = browser(scene.leader)
    page = client.get(f"/desk/emergency/{number}/").content.decode()
    message = re.search(r'name="message" value="(\d+)"', page)
    people = re.search(r'name="people_seen" value="(\d+)"', page)
    assert message and people
    answer = client.post(
        f"/desk/emergency/{number}/",
        {
            "step": "approve",
            "message": message[1],
            "people_seen": people[1],
            "typed": people[1] if typed is None else typed,
        },
    )
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_from_the_first_report_to_the_sheet(scene: Scene) -> None:
    give_tag(scene.residents["罗一"], make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    number = report(scene, scene.luo)
    assert number.startswith("JJ-")
    verify(scene, number)
    page = browser(scene.author).get(f"/desk/emergency/{number}/").content.decode()
    assert "附近村的群众" in page and "常走这一带的驾驶人" in page
    write(scene, number)
    refused = approve(scene, number, typed="3", status=422)
    assert "还没有发" in refused
    assert not Campaign.objects.exists()
    approve(scene, number)
    assert EmergencyMessage.objects.get().people == 8

    leader = browser(scene.leader)
    for path in ("", "calls/", "not-reached/", "sheet/"):
        answer = leader.get(f"/desk/emergency/{number}/{path}")
        assert answer.status_code == 200, path
        assert "罗一" not in answer.content.decode(), path
    part = leader.get(f"/desk/emergency/{number}/", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div id="figures"')

    review = {"step": "review", "right": "yes", "message": str(EmergencyMessage.objects.get().pk)}
    assert leader.post(f"/desk/emergency/{number}/", review).status_code == 403
    second = browser(scene.second_leader)
    assert "事后复核" in second.get("/desk/emergency/").content.decode()
    assert second.post(f"/desk/emergency/{number}/", review).status_code == 302

    write(scene, number, "clear")
    approve(scene, number)
    assert EmergencyEvent.objects.get().state == "cleared"
    sheet = leader.get(f"/desk/emergency/{number}/sheet/").content.decode()
    assert "上报到第一人收到" in sheet and "解除" in sheet and "妥当" in sheet
    ended = leader.get("/desk/emergency/?list=ended").content.decode()
    assert number in ended


def test_an_officer_calls_from_the_phone_and_the_reading_is_noted(scene: Scene) -> None:
    person = scene.residents["罗一"]
    person.phone = "15400007777"
    person.save()
    give_tag(person, make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    number = report(scene, scene.luo)
    verify(scene, number)
    write(scene, number)
    approve(scene, number)
    phone = browser(scene.luo)
    assert "户等你叫应" in phone.get("/o/today/").content.decode()
    assert "1 起险情" in re.sub(r"<[^>]+>", "", phone.get("/o/today/").content.decode())
    page = phone.get(f"/o/emergency/{number}/").content.decode()
    assert 'href="tel:15400007777"' in page
    seen = AuditEntry.objects.filter(purpose="emergency.call", object_id=person.pk)
    assert seen.filter(actor=scene.luo).exists()
    call = HouseholdCall.objects.get()
    for result in ("phone:no_answer", "phone:answered"):
        answer = phone.post(f"/o/emergency/{number}/", {"call": str(call.pk), "result": result})
        assert answer.status_code == 302
    call.refresh_from_db()
    assert (call.state, call.tries) == ("answered", 2)
    wrong = phone.post(f"/o/emergency/{number}/", {"call": str(call.pk), "result": "phone:busy"})
    assert wrong.status_code == 422
    neighbour = browser(scene.yang)
    assert "15400007777" not in neighbour.get(f"/o/emergency/{number}/").content.decode()
    taken = neighbour.post(
        f"/o/emergency/{number}/", {"call": str(call.pk), "result": "phone:busy"}
    )
    assert taken.status_code == 404


@pytest.mark.parametrize(
    "path", ["", "new/", "setup/", "{number}/", "{number}/calls/", "{number}/sheet/"]
)
def test_who_sees_no_emergencies_gets_none_of_its_pages(scene: Scene, path: str) -> None:
    number = report(scene, scene.luo)
    admin = make_officer(scene.county, "admin", Role.SYSTEM_ADMIN, county_desk=True)
    answer = browser(admin).get(f"/desk/emergency/{path.format(number=number)}")
    assert answer.status_code == 403


def test_another_stations_desk_does_not_find_the_event(scene: Scene) -> None:
    from weijing.territory.models import Station

    number = report(scene, scene.luo)
    station = Station.objects.get(county=scene.county, name="金石桥派出所")
    far = make_officer(scene.county, "chief2", Role.STATION_COMMAND, station=station)
    client = browser(far)
    for path in ("", "calls/", "not-reached/", "sheet/"):
        assert client.get(f"/desk/emergency/{number}/{path}").status_code == 404
    assert client.post(f"/desk/emergency/{number}/", {"step": "reject"}).status_code == 404
    assert browser(scene.duty).get(f"/desk/emergency/{number}/").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": ""},
        {"place": ""},
        {"road": "", "places": ""},
        {"road": "999"},
        {"happened_at": "yesterday"},
        {"place": "K1\0"},
    ],
    ids=str,
)
def test_an_incomplete_report_keeps_what_was_typed(scene: Scene, fields: dict[str, str]) -> None:
    said = {
        "kind": "mudslide", "source": "patrol", "road": str(scene.road.pk), "place": "K23+400",
        "happened_at": "2026-01-01T10:00", "note": "两车道都堵了", **fields,
    }  # fmt: skip
    for officer, page in ((scene.luo, "/o/emergency/new/"), (scene.author, "/desk/emergency/new/")):
        answer = browser(officer).post(page, said)
        assert answer.status_code == 422
        assert "两车道都堵了" in answer.content.decode()
    assert not EmergencyEvent.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        {"step": "verify", "how": "photo", "severity": "orange", "valid_until": "soon"},
        {
            "step": "verify",
            "how": "rumour",
            "severity": "orange",
            "valid_until": "2099-01-01T00:00",
        },
        {"step": "reject", "because": ""},
        {"step": "write", "kind": "first", "body": "x", "groups": "residents"},
        {"step": "approve", "message": "1", "people_seen": "8", "typed": "8"},
    ],
    ids=str,
)
def test_a_step_that_cannot_be_taken_says_why_and_changes_nothing(
    scene: Scene, said: dict[str, str]
) -> None:
    number = report(scene, scene.luo)
    answer = browser(scene.author).post(f"/desk/emergency/{number}/", said)
    assert answer.status_code == 422
    assert "没有办成" in answer.content.decode()
    assert EmergencyEvent.objects.get().state == "reported"
    assert (
        browser(scene.author).post(f"/desk/emergency/{number}/", {"step": "x"}).status_code == 404
    )


def test_a_drill_is_framed_and_called_one_everywhere(scene: Scene) -> None:
    number = report(scene, scene.author, "/desk/emergency/new/", is_drill="on")
    assert number.startswith("YL-")
    for officer, path in (
        (scene.author, f"/desk/emergency/{number}/"),
        (scene.author, "/desk/emergency/"),
        (scene.luo, f"/o/emergency/{number}/"),
        (scene.luo, "/o/emergency/"),
    ):
        assert "演练" in browser(officer).get(path).content.decode(), path


def test_the_county_desk_keeps_roads_and_duty_accounts(scene: Scene) -> None:
    client = browser(scene.author)
    place = scene.road.divisions.first()
    assert place is not None
    said = {"step": "road", "road": "X055", "name": "南麻公路", "from_km": "1.5", "to_km": "20"}
    assert client.post("/desk/emergency/setup/", said).status_code == 422
    assert client.post("/desk/emergency/setup/", {**said, "from_km": "NaN"}).status_code == 422
    answer = client.post("/desk/emergency/setup/", {**said, "places": [place.code]})
    assert answer.status_code == 302
    road = RoadSection.objects.get(name="南麻公路")
    client.post("/desk/emergency/setup/", {"step": "retire", "section": str(road.pk)})
    assert "南麻公路</option>" not in client.get("/desk/emergency/new/").content.decode()
    account = DutyAccount.objects.get()
    station = str(account.station_id)
    wrong = {"step": "duty", "station": station, "officer": str(scene.author.pk)}
    assert client.post("/desk/emergency/setup/", wrong).status_code == 422
    none = {"step": "duty", "station": station, "officer": ""}
    assert client.post("/desk/emergency/setup/", none).status_code == 302
    assert not DutyAccount.objects.exists()
    assert browser(scene.duty).get("/desk/emergency/setup/").status_code == 403


def test_a_duty_leader_starts_with_what_is_on(scene: Scene) -> None:
    answer = browser(scene.leader).get("/", follow=True)
    assert answer.redirect_chain[-1][0] == "/desk/emergency/"
    assert answer.status_code == 200
