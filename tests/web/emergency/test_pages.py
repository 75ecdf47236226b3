"""An event from the first report to the sheet, as people click through it without JavaScript."""

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.builders import division, give_tag, make_household, make_officer, make_tag
from tests.campaigns.emergency.conftest import Scene
from weijing.accounts.models import Officer, Role
from weijing.audit.models import AuditEntry
from weijing.campaigns import pausing
from weijing.campaigns.emergency.models import (
    DutyAccount,
    EmergencyEvent,
    EmergencyMessage,
    EventDivision,
    HouseholdCall,
)
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.territory.models import RoadSection, Station

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


def pushed(scene: Scene) -> str:
    number = report(scene, scene.luo)
    verify(scene, number)
    write(scene, number)
    approve(scene, number)
    return number


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


def test_who_has_let_it_go_stops_it_on_the_same_page(scene: Scene) -> None:
    number = pushed(scene)
    here = f"/desk/emergency/{number}/"
    leader = browser(scene.leader)
    assert "停止这条消息" in leader.get(here).content.decode()
    said = {"step": "stop", "message": str(EmergencyMessage.objects.get().pk)}
    second = browser(scene.second_leader)
    assert "停止这条消息" not in second.get(here).content.decode()
    assert second.post(here, said).status_code == 403
    assert leader.post(here, said).status_code == 302
    assert Campaign.objects.get().state == "cancelled"
    page = leader.get(here).content.decode()
    assert "已停止" in page
    assert "停止这条消息" not in page
    assert leader.post(here, said).status_code == 422
    assert "停止首次推送" in leader.get(f"{here}sheet/").content.decode()


def test_a_pause_is_said_where_people_wait_for_news(scene: Scene) -> None:
    number = pushed(scene)
    approver = make_officer(scene.county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True)
    pausing.pause(scene.county, by=approver, at=scene.at, reason="写错了")
    part = browser(scene.leader).get(f"/desk/emergency/{number}/", headers={"HX-Request": "true"})
    assert "全县群发已暂停" in part.content.decode()


def test_what_asks_every_five_seconds_draws_only_what_moves(scene: Scene) -> None:
    number = pushed(scene)
    leader = browser(scene.leader)
    here = f"/desk/emergency/{number}/"
    with CaptureQueriesContext(connection) as asked:
        part = leader.get(here, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="figures"')
    told = [query for query in asked.captured_queries if "WITH person AS" in query["sql"]]
    assert len(told) == 1
    assert not any("campaigns_eventdivision" in q["sql"] for q in asked.captured_queries)


def test_households_still_to_be_called_are_listed_before_all_others(scene: Scene) -> None:
    number = pushed(scene)
    event = EmergencyEvent.objects.get()
    place = scene.residents["罗一"].division
    states = ["answered"] * 60 + ["calling", "escalated", "ended"]
    for n, state in enumerate(states):
        HouseholdCall.objects.create(
            county=scene.county,
            event=event,
            household=make_household(place, f"9{n}"),
            state=state,
            due_at=scene.at if state == "calling" else None,
            ended_at=None if state == "calling" else scene.at,
        )
    page = browser(scene.leader).get(f"/desk/emergency/{number}/calls/").content.decode()
    order = [page.index(word) for word in ("该打了", "已交村干部", "已应答")]
    assert order == sorted(order)
    second = browser(scene.leader).get(f"/desk/emergency/{number}/calls/?page=2").content.decode()
    assert second.count('id="call-') == len(states) - 50
    assert "解除时未应答" in second


def test_whole_numbers_are_shown_only_of_who_is_still_to_be_called(scene: Scene) -> None:
    person = scene.residents["罗一"]
    person.phone = "15400007777"
    person.save()
    give_tag(person, make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    number = pushed(scene)
    here = f"/o/emergency/{number}/"
    phone = browser(scene.luo)
    assert "15400007777" in phone.get(here).content.decode()
    call = HouseholdCall.objects.get()
    phone.post(here, {"call": str(call.pk), "result": "phone:answered"})
    assert "15400007777" not in phone.get(here).content.decode()


def test_whom_nothing_reached_is_counted_and_paged_within_the_own_places(scene: Scene) -> None:
    for n in range(60):
        scene.person(f"新{n}", "小沙江镇", "桃李村", "2组", officer=None)
    number = pushed(scene)
    path = f"/desk/emergency/{number}/not-reached/"
    county = words(browser(scene.leader).get(path).content.decode())
    assert "共 62 人" in county
    assert "新" in county
    last = browser(scene.leader).get(f"{path}?page=2").content.decode()
    assert last.count('scope="row"') == 12
    station = words(browser(scene.duty).get(path).content.decode())
    assert "您负责的地方 62 人，全部 62 人" in station
    # A station that answers for another township, where one driver lives who was reached.
    other = Station.objects.get(county=scene.county, name="金石桥派出所")
    far = make_officer(scene.county, "chief2", Role.STATION_COMMAND, station=other)
    EventDivision.objects.create(
        county=scene.county,
        event=EmergencyEvent.objects.get(),
        division=division(scene.county, "金石桥镇", "桃李村"),
    )
    elsewhere = words(browser(far).get(path).content.decode())
    assert "您负责的地方 0 人，全部 62 人" in elsewhere
    assert "您负责的地方都通知到了" in elsewhere


def test_an_event_that_spreads_is_changed_on_its_page(scene: Scene) -> None:
    number = pushed(scene)
    here = f"/desk/emergency/{number}/"
    page = browser(scene.author).get(here).content.decode()
    assert "改情况" in page
    until = (scene.at + timedelta(hours=2)).astimezone(clock.COUNTY_TIME)
    said = {
        "step": "change", "how": "photo", "severity": "red", "detour": "走国道", "phone": "",
        "valid_until": f"{until:%Y-%m-%dT%H:%M}",
        "places": [
            division(scene.county, "小沙江镇", "桃李村").code,
            division(scene.county, "金石桥镇", "桃李村").code,
        ],
    }  # fmt: skip
    assert browser(scene.author).post(here, {**said, "severity": ""}).status_code == 422
    assert browser(scene.author).post(here, said).status_code == 302
    event = EmergencyEvent.objects.get()
    assert (event.severity, event.detour) == ("red", "走国道")
    page = browser(scene.author).get(f"{here}?kind=update").content.decode()
    assert "绕行：走国道" in page
    assert "金石桥镇桃李村" in words(page).replace(" ", "")
    sheet = words(browser(scene.author).get(f"{here}sheet/").content.decode())
    assert sheet.index("首次推送") < sheet.index("改情况")


def test_a_road_is_changed_and_brought_back(scene: Scene) -> None:
    client = browser(scene.author)
    here = "/desk/emergency/setup/"
    page = client.get(f"{here}?section={scene.road.pk}").content.decode()
    assert "改这段路" in page
    assert 'value="S240 小沙江段"' in page
    place = scene.road.divisions.first()
    assert place is not None
    said = {
        "step": "road", "section": str(scene.road.pk), "road": "S240", "name": "S240 新名",
        "from_km": "1", "to_km": "9", "places": [place.code],
    }  # fmt: skip
    assert client.post(here, said).status_code == 302
    scene.road.refresh_from_db()
    assert (scene.road.name, scene.road.divisions.count()) == ("S240 新名", 1)
    client.post(here, {"step": "retire", "section": str(scene.road.pk)})
    again = {**said, "section": ""}
    assert client.post(here, again).status_code == 302
    assert RoadSection.objects.get(retired_at=None) == scene.road
    assert client.get(f"{here}?section=99999999999999999999").status_code == 404


def test_a_duty_leader_starts_with_what_is_on(scene: Scene) -> None:
    answer = browser(scene.leader).get("/", follow=True)
    assert answer.redirect_chain[-1][0] == "/desk/emergency/"
    assert answer.status_code == 200
