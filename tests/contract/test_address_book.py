from collections.abc import Callable

import pytest

from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from wecom_api.departments import Department
from wecom_api.errors import NotPermitted, OutOfScope, UnknownDepartment, UnknownMember
from wecom_api.members import ACTIVE, MemberName, MemberPlace


@pytest.fixture
def station(simulator: Simulator) -> int:
    """A station with two police rooms; its id."""
    simulator.admin(
        "departments",
        departments=[
            {"id": 60, "name": "司门前派出所", "name_en": "Simenqian", "order": 7,
             "department_leader": ["chief"]},
            {"id": 61, "name": "第一警务室", "parentid": 60, "order": 2**32 - 1},
            {"id": 62, "name": "第二警务室", "parentid": 60},
        ],
    )  # fmt: skip
    return 60


def test_departments_come_with_every_field(wecom: WeCom, station: int) -> None:
    chief = Department(60, "司门前派出所", "Simenqian", ("chief",), 1, 7)
    room = Department(61, "第一警务室", "", (), 60, 2**32 - 1)
    assert wecom.departments.get(station) == chief
    assert wecom.departments.list(station)[:2] == (chief, room)
    assert wecom.departments.simplelist(station)[:3] == (
        Department(60, parentid=1, order=7),
        Department(61, parentid=60, order=2**32 - 1),
        Department(62, parentid=60),
    )
    assert {1, 60, 61, 62} <= {one.id for one in wecom.departments.list()}


def test_only_what_lies_in_the_scope_of_the_app_is_there(
    simulator: Simulator, connect: Callable[..., WeCom], station: int
) -> None:
    simulator.member("inside", department=[61])
    simulator.member("outside", department=[62])
    app = simulator.admin("apps", name="警务室", scope_parties=[61])
    narrow = connect(simulator, secret=app["secret"], agentid=app["agentid"])
    assert [one.id for one in narrow.departments.list()] == [61]
    assert narrow.customers.get_follow_user_list() == ("inside",)
    with pytest.raises(OutOfScope):
        narrow.departments.get(62)
    with pytest.raises(OutOfScope):
        narrow.members.get("outside")
    with pytest.raises(UnknownDepartment):
        narrow.departments.get(999_999)


def test_members_come_with_every_field_an_app_of_today_may_read(
    simulator: Simulator, wecom: WeCom, station: int
) -> None:
    simulator.admin("departments", departments=[{"id": 63, "name": "第三警务室", "parentid": 60}])
    simulator.member(
        "ZhangSan",
        name="张三",
        department=[61, 63],
        is_leader_in_dept=[1, 0],
        order=[5, 6],
        direct_leader=["chief"],
        position="社区民警",
        alias="老张",
        telephone="0739-0000000",
        mobile="13800000001",
        gender="1",
    )
    member = wecom.members.get("zhangsan")
    assert (member.userid, member.name, member.status) == ("ZhangSan", "张三", ACTIVE)
    assert (member.department, member.is_leader_in_dept, member.order) == ((61, 63), (1, 0), (5, 6))
    assert (member.main_department, member.direct_leader) == (61, ("chief",))
    assert (member.position, member.alias, member.telephone) == ("社区民警", "老张", "0739-0000000")
    assert (member.mobile, member.gender, member.email, member.avatar) == ("", 0, "", "")
    assert wecom.members.list(63) == (member,)
    assert wecom.members.simplelist(63) == (MemberName("ZhangSan", "张三", (61, 63)),)
    assert wecom.members.simplelist(station) == ()
    assert wecom.members.getuserid("13800000001") == "ZhangSan"
    with pytest.raises(UnknownMember):
        wecom.members.getuserid("13800009999")
    with pytest.raises(UnknownMember):
        wecom.members.get("nobody")


def test_an_app_from_before_2022_reads_phone_and_sex(
    simulator: Simulator, connect: Callable[..., WeCom]
) -> None:
    simulator.member("veteran", mobile="13800000003", gender="2", email="v@example.org")
    app = simulator.admin("apps", since_2022=False)
    member = connect(simulator, secret=app["secret"], agentid=app["agentid"]).members.get("veteran")
    assert (member.mobile, member.gender, member.email) == ("13800000003", 2, "v@example.org")
    assert member.avatar.startswith("https://")


def test_all_userids_come_only_with_the_secret_of_the_address_book(
    simulator: Simulator, connect: Callable[..., WeCom], wecom: WeCom, station: int
) -> None:
    simulator.member("of_two", department=[61, 62])
    for n in range(5):
        simulator.member(f"listed_{n}", department=[62])
    with pytest.raises(NotPermitted):
        list(wecom.members.list_id())
    book = connect(simulator, secret=simulator.facts["contact_sync_secret"])
    places = list(book.members.list_id(limit=2))
    assert len(places) == len(set(places))
    assert {MemberPlace("of_two", 61), MemberPlace("of_two", 62)} <= set(places)
    assert {MemberPlace(f"listed_{n}", 62) for n in range(5)} <= set(places)
    assert {one.id for one in book.departments.simplelist(station)} >= {60, 61, 62}
    for forbidden in (
        lambda: book.members.get("of_two"),
        book.departments.list,
        lambda: book.customers.get_follow_user_list(),
    ):
        with pytest.raises(NotPermitted):
            forbidden()
