"""Coverage on the desk: every level, by officer, by day; and lists handed out from there."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.builders import make_contact, make_household, make_resident
from weijing.core import clock
from weijing.residents.figures import keeping, trends
from weijing.residents.models import CoverageDay, DoorVisit, WalkingList

MOST_QUERIES = 30
GROUP = "430524001001001"


def text_of(answer):
    """What a person reads, without tags and the white space between them."""
    page = answer.content.decode().split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def knock(desk, household, outcome):
    now = clock.now()
    DoorVisit.objects.create(
        county=desk.county, household=household, officer=desk.officers["桃李村"], outcome=outcome,
        at=now, recorded_at=now, phone_key=uuid.uuid4(),
    )  # fmt: skip


@pytest.fixture
def missing(desk):
    """Five doors of 桃李村1组 without a contact, one of which said no."""
    group = desk.place("小沙江镇", "桃李村", "1组")
    homes = [make_household(group, str(number)) for number in (10, 2, 12, 7, 5)]
    for home in homes:
        make_resident(group, household=home)
    knock(desk, homes[-1], "refused")
    return homes


@pytest.mark.parametrize(
    "url",
    [
        "/desk/coverage/",
        "/desk/coverage/?level=officer",
        "/desk/coverage/?level=officer&sort=rate&q=阳",
        "/desk/coverage/?level=nonsense&sort=nonsense&page=nonsense",
        "/desk/grids/430524001/",
        "/desk/grids/430524001001/",
        f"/desk/grids/{GROUP}/",
        f"/desk/grids/{GROUP}/?state=refused",
        "/desk/walks/",
        "/desk/walks/?state=closed",
    ],
)
def test_pages_open_with_few_queries(desk, missing, url):
    keeping.fold(desk.county.pk, at=clock.now())
    for officer in (desk.author, desk.chief):
        client = desk.client(officer)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url)
        assert answer.status_code == 200
        assert len(queries) <= MOST_QUERIES


def test_a_household_is_shown_in_its_state(desk, missing):
    page = text_of(desk.client(desk.chief).get(f"/desk/grids/{GROUP}/"))
    assert "已联系 1 / 7 户" in page
    assert page.count("不愿意") == 2  # the household's own, and the filter's
    only = text_of(desk.client(desk.chief).get(f"/desk/grids/{GROUP}/?state=refused"))
    assert "5号" in only
    assert "10号" not in only


def test_the_states_add_up_to_what_is_missing(desk, missing):
    page = text_of(desk.client(desk.chief).get("/desk/grids/430524001001/"))
    for tile in ("未联系 6 户", "可走访 5 户", "不愿意 1 户"):
        assert tile in page


def test_by_officer_says_contacts_added_and_remarks_complete(desk):
    person = make_resident(
        desk.place("小沙江镇", "桃李村", "2组"), household_role="head", phone="15400001234"
    )
    make_contact(
        desk.officers["桃李村"], person, remark="桃李2组-罗样例-户主", added_at=clock.now()
    )
    page = text_of(desk.client(desk.chief).get("/desk/coverage/?level=officer"))
    row = page.split("阳模拟")[1].split("陈演示")[0]
    assert "+1" in row
    assert "33.3%" in row  # one of three has every field


def test_a_trend_shows_the_days_there_are_and_says_which_are_not(desk):
    client = desk.client(desk.chief)
    assert "从第二天起这里有走势" in text_of(client.get("/desk/coverage/"))
    trends.write_day(desk.county.pk, at=clock.now() - timedelta(days=7))
    CoverageDay.objects.update(households_linked=1)
    page = text_of(client.get("/desk/coverage/?level=town&view=table"))
    assert "有 28 天没有记" in page
    assert "近 7 日 +2 户" in page


def test_a_chief_hands_out_a_list_and_sees_how_far_it_is(desk, missing):
    client = desk.client(desk.chief)
    page = text_of(client.get(f"/desk/walks/new/?place={GROUP}"))
    assert "派发 5 户给 1 位民辅警" in page
    assert "不愿意，不派 1 户" in page
    due = (clock.today() + timedelta(days=3)).isoformat()
    answer = client.post("/desk/walks/new/", {"place": GROUP, "stops": "5", "due": due})
    assert answer.status_code == 302
    (one,) = WalkingList.objects.all()
    knock(desk, missing[0], "absent")
    page = text_of(client.get("/desk/walks/"))
    assert "阳模拟" in page
    assert "1 / 5" in page
    doors = text_of(client.get(f"/desk/walks/{one.pk}/"))
    assert re.findall(r"\d+号", doors) == ["2号", "4号", "7号", "10号", "12号"]
    assert "罗" not in doors  # addresses only
    client.post(f"/desk/walks/{one.pk}/close/")
    assert "现在没有在走的清单" in text_of(client.get("/desk/walks/"))
    assert "结束" in text_of(client.get("/desk/walks/?state=closed"))


def test_another_number_than_agreed_is_said_and_nothing_is_handed_out(desk, missing):
    client = desk.client(desk.chief)
    due = clock.today().isoformat()
    answer = client.post("/desk/walks/new/", {"place": GROUP, "stops": "6", "due": due})
    assert answer.status_code == 422
    assert "刚才是 6 户，现在是 5 户" in text_of(answer)
    past = {"place": GROUP, "stops": "5", "due": "2020-01-01"}
    assert "完成日期已经过了" in text_of(client.post("/desk/walks/new/", past))
    for bad in ({"place": GROUP, "stops": "五", "due": "2020-13-41"}, {"stops": "5", "due": due}):
        assert client.post("/desk/walks/new/", bad).status_code == 422
    assert not WalkingList.objects.exists()


def test_nobody_hands_out_what_is_not_theirs(desk, missing):
    chief = desk.client(desk.chief)
    assert chief.get("/desk/walks/new/?place=430524002").status_code == 404
    for officer in (desk.author, desk.officers["桃李村"], desk.admin):
        assert desk.client(officer).get("/desk/walks/new/").status_code == 403
        answer = desk.client(officer).post("/desk/walks/new/", {"place": GROUP, "stops": "5"})
        assert answer.status_code == 403
    assert chief.get("/desk/walks/1/").status_code == 404
    assert chief.get("/desk/walks/1/close/").status_code == 405
