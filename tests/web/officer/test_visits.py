"""登记走访 over HTTP: plain forms, what a phone sends later, and who may do neither."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client

from tests.builders import make_household, make_officer, make_resident
from weijing.accounts.models import Role
from weijing.core import clock
from weijing.residents.models import DoorVisit, DoorVisitCorrection, Household

BACKEND = "weijing.accounts.signing_in.PasswordBackend"


def text_of(answer):
    page = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def now_ms():
    return int(clock.now().timestamp() * 1000)


@pytest.fixture
def home(beat):
    household = make_household(beat.place(), "17")
    make_resident(beat.place(), household=household)
    return household


def form_at(home):
    return f"/o/grid/households/{home.pk}/visits/new/"


def post(beat, home, outcome, *, which="", **changes):
    fields = {"outcome": outcome, "note": "", "key": uuid.uuid4(), "seen": now_ms(), **changes}
    return beat.client.post(form_at(home) + which, fields)


def send(beat, home, outcome, **changes):
    """As a phone does."""
    fields = {
        "outcome": outcome, "note": "", "key": uuid.uuid4(), "seen": now_ms(), "seconds_ago": 0,
        "officer": beat.officer.pk, **changes,
    }  # fmt: skip
    return beat.client.post(form_at(home), fields, headers={"accept": "application/json"})


def test_a_visit_is_recorded_and_one_is_back_on_the_list_one_came_from(beat, home):
    which = f"?from=group%3D{home.division.code}"
    assert "登记走访" in text_of(beat.client.get(form_at(home) + which))
    answer = post(beat, home, "absent", which=which, note="晚上在家")
    assert answer["Location"] == f"/o/grid/unlinked/?group={home.division.code}"
    page = text_of(beat.client.get(answer["Location"]))
    assert "已登记 17号：家中无人。" in page
    visit = DoorVisit.objects.get()
    assert (visit.officer, visit.note) == (beat.officer, "晚上在家")


@pytest.mark.parametrize("which", ["?from=//evil.example", "?from=list%3D1%26x", "?from=", ""])
def test_a_form_leads_nowhere_else(beat, home, which):
    assert post(beat, home, "absent", which=which)["Location"] == f"/o/grid/households/{home.pk}/"


def test_a_button_tapped_twice_is_one_visit(beat, home):
    page = beat.client.get(form_at(home)).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    for _ in range(2):
        assert post(beat, home, "absent", key=key).status_code == 302
    assert DoorVisit.objects.count() == 1


def test_without_a_finding_the_form_says_so(beat, home):
    for outcome in ("", "nonsense"):
        answer = post(beat, home, outcome)
        assert answer.status_code == 422
        assert "请选走访结果" in text_of(answer)
    assert post(beat, home, "absent", key="no key").status_code == 422
    assert post(beat, home, "absent", seen="x").status_code == 422
    assert post(beat, home, "absent", note="长" * 121).status_code == 422
    assert not DoorVisit.objects.exists()


def test_a_door_left_in_peace_is_grey_with_its_day_and_asks_nothing(beat, home):
    post(beat, home, "refused", seen=0)
    page = beat.client.get(f"/o/grid/unlinked/?group={home.division.code}").content.decode()
    assert "cell--quiet" in page
    assert re.search(r"\d{4} 年 \d+ 月 \d+ 日</span>以前不再问", page)
    assert "visits/new" not in page
    form = beat.client.get(form_at(home)).content.decode()
    assert "以前请不要再问" in form
    assert re.findall(r'type="radio"[^>]*value="(\w+)"', form) == ["added", "moved", "vacant"]
    answer = post(beat, home, "absent")
    assert answer.status_code == 422
    assert "没有登记：这户已表示不愿意" in text_of(answer)
    assert post(beat, home, "added").status_code == 302  # they came by themselves


def test_who_found_that_they_moved_is_told_what_changes_the_roll(beat, home):
    answer = beat.client.get(post(beat, home, "moved")["Location"])
    assert "请在住户页给搬走的人办「搬走」" in text_of(answer)


def test_a_mistake_is_put_right_on_the_same_day(beat, home):
    post(beat, home, "refused")
    visit = DoorVisit.objects.get()
    page = beat.client.get(f"/o/grid/households/{home.pk}/").content.decode()
    assert f"/o/visits/{visit.pk}/" in page
    beat.client.post(f"/o/visits/{visit.pk}/", {"outcome": "absent", "note": ""})
    assert DoorVisitCorrection.objects.get().outcome == "refused"
    page = beat.client.get(f"/o/grid/households/{home.pk}/")
    assert "家中无人" in text_of(page)
    assert "原登记「不愿意加」" in text_of(page)

    DoorVisit.objects.update(recorded_at=clock.now() - timedelta(days=1))
    assert (
        f"/o/visits/{visit.pk}/"
        not in beat.client.get(f"/o/grid/households/{home.pk}/").content.decode()
    )
    answer = beat.client.post(f"/o/visits/{visit.pk}/", {"outcome": "refused", "note": ""})
    assert answer.status_code == 422
    assert "只能在登记当天改" in text_of(answer)


def test_another_s_visit_and_another_s_door_are_not_there(beat, home):
    post(beat, home, "absent")
    visit = DoorVisit.objects.get()
    beat.client.force_login(beat.neighbour, backend=BACKEND)
    assert beat.client.get(form_at(home)).status_code == 404
    assert post(beat, home, "absent").status_code == 404
    assert beat.client.get(f"/o/visits/{visit.pk}/").status_code == 404
    assert beat.client.post(f"/o/visits/{visit.pk}/", {"outcome": "away"}).status_code == 404
    desk = make_officer(beat.county, "desk", Role.CAMPAIGN_AUTHOR, county_desk=True)
    beat.client.force_login(desk, backend=BACKEND)
    assert post(beat, home, "absent").status_code == 403
    assert DoorVisit.objects.count() == 1


def test_what_a_phone_kept_is_dated_by_how_long_it_kept_it(beat, home):
    """Its clock may be wrong; how long ago something was, it knows."""
    answer = send(beat, home, "absent", seconds_ago=7200)
    assert answer.status_code == 200
    assert answer.json()["is_settled"]
    assert answer.json()["is_recorded"]
    age = clock.now() - DoorVisit.objects.get().at
    assert timedelta(seconds=7200) <= age < timedelta(seconds=7300)


def test_what_a_phone_sends_again_is_answered_as_the_first_time(beat, home):
    key = uuid.uuid4()
    for _ in range(3):
        assert send(beat, home, "absent", key=key).json()["is_recorded"]
    assert DoorVisit.objects.count() == 1


def test_what_was_changed_on_the_phone_after_it_was_tried_is_put_right(beat, home):
    key = uuid.uuid4()
    send(beat, home, "refused", key=key)  # its answer was lost
    assert send(beat, home, "absent", key=key, changed="1", note="看错门").json()["is_recorded"]
    assert list(DoorVisit.objects.values_list("outcome", "note")) == [("absent", "看错门")]
    assert DoorVisitCorrection.objects.get().outcome == "refused"
    fresh = uuid.uuid4()  # it had never arrived
    assert send(beat, home, "away", key=fresh, changed="1").json()["is_recorded"]
    assert DoorVisit.objects.get(phone_key=fresh).outcome == "away"

    DoorVisit.objects.update(recorded_at=clock.now() - timedelta(days=1))
    late = send(beat, home, "refused", key=key, changed="1")
    assert (late.status_code, late.json()["is_settled"]) == (422, True)
    assert "只能在登记当天改" in late.json()["told"]


def test_what_can_never_be_recorded_is_settled_and_told(beat, home):
    gone = send(beat, Household(pk=12345), "absent")
    assert (gone.status_code, gone.json()["is_settled"]) == (404, True)
    assert "已经不归你管" in gone.json()["told"]
    old = send(beat, home, "absent", seconds_ago=10**9)
    assert (old.status_code, old.json()["is_recorded"]) == (422, False)
    assert "7 天以上" in old.json()["told"]
    wrong = send(beat, home, "nonsense")
    assert (wrong.status_code, wrong.json()["is_settled"]) == (422, True)
    assert "请选走访结果" in wrong.json()["told"]
    assert not DoorVisit.objects.exists()


def test_a_visit_whose_answer_was_lost_is_known_after_the_place_went_to_another(beat, home):
    key = uuid.uuid4()
    send(beat, home, "absent", key=key)
    home.division = beat.place("1组", "红星村")
    home.save()
    answer = send(beat, home, "absent", key=key)
    assert (answer.status_code, answer.json()["is_recorded"]) == (200, True)
    assert send(beat, home, "absent").status_code == 404


def test_a_visit_of_another_officer_stays_on_the_phone(beat, home):
    answer = send(beat, home, "absent", officer=beat.neighbour.pk)
    assert (answer.status_code, answer.json()["is_settled"]) == (409, False)
    assert send(beat, home, "absent", officer="").status_code == 409
    assert not DoorVisit.objects.exists()


def test_a_phone_that_is_signed_out_is_led_to_the_sign_in_page(beat, home):
    beat.client.logout()
    assert send(beat, home, "absent").status_code == 302


def test_a_form_of_another_site_records_nothing(beat, home):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(beat.officer, backend=BACKEND)
    assert strict.post(form_at(home), {"outcome": "absent"}).status_code == 403


def test_the_program_that_keeps_the_lists_is_served_where_it_may_keep_them(client, county):
    answer = client.get("/o/worker.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    program = answer.content.decode()
    for path in re.findall(r'"(/static/[^"?]+)\?v=', program):
        assert client.get(path).status_code == 200, path
    assert program.count("/static/") > 30
    assert client.get("/o/offline/").status_code == 200
    assert "阳" not in client.get("/o/offline/").content.decode()


def test_the_list_of_everything_says_why_and_leads_to_each_place(beat, home):
    post(beat, home, "away")
    page = beat.client.get("/o/grid/unlinked/")
    assert "在外务工" in text_of(page)
    assert f"?group={home.division.code}" in page.content.decode()


def test_a_place_of_others_is_not_there(beat):
    assert beat.client.get("/o/grid/unlinked/?group=430524").status_code == 404
    neighbours = beat.place("1组", "红星村").code
    assert beat.client.get(f"/o/grid/unlinked/?group={neighbours}").status_code == 404
