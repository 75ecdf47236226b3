import pytest

from wecom_api.departments import Department
from wecom_api.errors import InvalidRequest, OutOfScope, Unavailable, UnknownMember
from wecom_api.members import Member, MemberName, MemberPlace


def test_departments_are_read_with_wecoms_names_and_unknown_fields_ignored(script, wecom):
    script.answer(
        "department/list",
        {
            "department": [
                {"id": 1, "name": "隆回县公安局", "parentid": 0, "order": 4294967295},
                {
                    "id": "2",
                    "name": "桃洪派出所",
                    "department_leader": ["li"],
                    "parentid": "1",
                    "new_field": {"x": 1},
                },
            ]
        },
    )
    assert wecom.departments.list() == (
        Department(id=1, name="隆回县公安局", order=4294967295),
        Department(id=2, name="桃洪派出所", department_leader=("li",), parentid=1),
    )
    assert script.asked("department/list")[0].query == {"access_token": "token-1"}


def test_a_subtree_is_asked_for_by_id(script, wecom):
    script.answer("department/simplelist", {"department_id": [{"id": 7, "parentid": 2}]})
    assert wecom.departments.simplelist(7) == (Department(id=7, parentid=2),)
    assert script.asked("department/simplelist")[0].query["id"] == "7"


def test_one_department_is_one_object(script, wecom):
    script.answer("department/get", {"department": {"id": 2, "name": "桃洪派出所"}})
    assert wecom.departments.get(2).name == "桃洪派出所"


def test_a_department_out_of_scope_is_said_to_be_so(script, wecom):
    script.answer("department/get", {"errcode": 60011, "department": {}})
    with pytest.raises(OutOfScope):
        wecom.departments.get(9)


def test_members_of_one_department_are_listed_by_name(script, wecom):
    script.answer(
        "user/simplelist", {"userlist": [{"userid": "li", "name": "李静", "department": [2, 3]}]}
    )
    assert wecom.members.simplelist(2) == (MemberName("li", "李静", (2, 3)),)
    assert script.asked("user/simplelist")[0].query["department_id"] == "2"


def test_a_member_of_the_private_edition_is_read_as_well(script, wecom):
    script.answer(
        "user/get",
        {
            "userid": "li",
            "gender": "1",
            "status": 1,
            "department": [2],
            "extattr": {
                "attrs": [
                    {"type": 0, "name": "警号", "text": {"value": "430001"}},
                    {"type": 0, "name": "岗位", "value": "社区民警"},
                    {"type": 1, "name": "主页", "web": {"url": "https://a.example", "title": "x"}},
                ]
            },
        },
    )
    assert wecom.members.get("li") == Member(
        userid="li",
        gender=1,
        status=1,
        department=(2,),
        attributes=(("警号", "430001"), ("岗位", "社区民警"), ("主页", "https://a.example")),
    )


def test_a_member_may_be_nothing_but_a_userid(script, wecom):
    script.answer("user/get", {"errcode": 0, "userid": "li"})
    assert wecom.members.get("li") == Member(userid="li")


def test_a_member_who_left_is_unknown(script, wecom):
    script.answer("user/get", {"errcode": 60111})
    with pytest.raises(UnknownMember):
        wecom.members.get("gone")


def test_full_members_are_listed(script, wecom):
    script.answer("user/list", {"userlist": [{"userid": "li", "position": "所长"}]})
    assert wecom.members.list(2) == (Member(userid="li", position="所长"),)


def test_all_ids_are_walked_page_by_page(script, wecom):
    script.answer(
        "user/list_id",
        {"dept_user": [{"userid": "a", "department": 1}], "next_cursor": "c1"},
        {"dept_user": [{"userid": "b", "department": "2"}], "next_cursor": ""},
    )
    assert list(wecom.members.list_id()) == [MemberPlace("a", 1), MemberPlace("b", 2)]
    bodies = [request.json for request in script.asked("user/list_id")]
    assert bodies == [{"limit": 10000}, {"cursor": "c1", "limit": 10000}]


def test_a_cursor_that_does_not_move_ends_in_an_error_and_not_in_a_loop(script, wecom):
    page = {"dept_user": [], "next_cursor": "c1"}
    script.answer("user/list_id", page, page, page)
    with pytest.raises(Unavailable):
        list(wecom.members.list_id())


def test_a_phone_number_leads_to_a_userid(script, wecom):
    script.answer("user/getuserid", {"userid": "li"})
    assert wecom.members.getuserid("13900000000") == "li"
    with pytest.raises(InvalidRequest):
        wecom.members.getuserid("1")
