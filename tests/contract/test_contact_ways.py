import pytest

from tests.contract.conftest import times_called
from tests.wecom_simulator.receiving import Receiver
from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, WeCom
from wecom_api.contact_ways import MULTI, SINGLE, ContactWay
from wecom_api.errors import ContactWayRefused, NotPermitted, UnknownMember


def test_the_state_of_a_way_arrives_with_the_resident_who_scans_it(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("scanned")
    way = wecom.contact_ways.add(user=[userid], state="v1-431-7", remark="白马村 七组")
    assert way.qr_code.startswith("https://")
    done = simulator.admin("acts/scan", config_id=way.config_id, resident={"name": "小雨"})
    simulator.admin("callbacks/drain")
    follower = wecom.customers.get(done["external_userid"]).follow_user[0]
    assert (follower.userid, follower.state, follower.add_way) == (userid, "v1-431-7", 1)
    assert follower.oper_userid == done["external_userid"]
    event = receiver.events[-1]
    assert (event["ChangeType"], event["State"]) == ("add_external_contact", "v1-431-7")
    assert event["UserID"] == userid


def test_a_way_is_read_changed_and_deleted(simulator: Simulator, wecom: WeCom) -> None:
    one, two = simulator.member("way_a"), simulator.member("way_b")
    added = wecom.contact_ways.add(user=[one], state="a", remark="b", skip_verify=False, style=2)
    assert wecom.contact_ways.get(added.config_id) == ContactWay(
        added.config_id, SINGLE, 2, 2, "b", False, "a", added.qr_code, (one,), ()
    )
    wecom.contact_ways.update(added.config_id, user=[two], skip_verify=True)
    changed = wecom.contact_ways.get(added.config_id)
    assert (changed.user, changed.skip_verify) == ((two,), True)
    assert (changed.state, changed.remark, changed.qr_code) == ("a", "b", added.qr_code)
    wecom.contact_ways.delete(added.config_id)
    for gone in (wecom.contact_ways.get, wecom.contact_ways.delete):
        with pytest.raises(ContactWayRefused):
            gone(added.config_id)


def test_without_skip_verify_the_resident_waits(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("way_waits")
    way = wecom.contact_ways.add(user=[userid], skip_verify=False)
    done = simulator.admin("acts/scan", config_id=way.config_id, resident={"name": "大海"})
    assert done["status"] == "none"
    assert wecom.customers.list(userid) == ()
    simulator.admin("acts/accept", userid=userid, external_userid=done["external_userid"])
    assert wecom.customers.list(userid) == (done["external_userid"],)


def test_a_way_of_a_department_leads_to_one_of_its_members(
    simulator: Simulator, wecom: WeCom
) -> None:
    simulator.admin("departments", departments=[{"id": 70, "name": "所"}])
    staff = {simulator.member(f"way_d{n}", department=[70]) for n in range(3)}
    way = wecom.contact_ways.add(party=[70])
    assert wecom.contact_ways.get(way.config_id).type == MULTI
    assert wecom.contact_ways.get(way.config_id).party == (70,)
    done = simulator.admin("acts/scan", config_id=way.config_id, resident={"name": "木子"})
    assert done["userid"] in staff


def test_ways_are_listed_over_pages_and_by_time(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("way_many")
    simulator.advance(10)
    start = int(simulator.now())
    made = {wecom.contact_ways.add(user=[userid]).config_id for _ in range(1005)}
    simulator.admin("calls", "DELETE")
    listed = list(wecom.contact_ways.list(start_time=start, end_time=start))
    assert len(listed) == 1005
    assert set(listed) == made
    assert times_called(simulator, "externalcontact/list_contact_way") == {"0": 2}
    assert not made & set(wecom.contact_ways.list(end_time=start - 1))


def test_what_a_way_may_not_be_is_refused_by_both(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("way_no")
    with pytest.raises(InvalidRequest):
        wecom.contact_ways.add(user=[userid], state="s" * 31)
    add = "externalcontact/add_contact_way"
    long = simulator.call(add, type=1, scene=2, user=[userid], state="s" * 31)
    assert long["errcode"] == 41037
    simulator.member("way_asleep", status=4)
    simulator.member("way_without", customer_contact=0)
    with pytest.raises(ContactWayRefused) as asleep:
        wecom.contact_ways.add(user=["way_asleep"])
    assert asleep.value.errcode == 41054
    with pytest.raises(NotPermitted):
        wecom.contact_ways.add(user=["way_without"])
    with pytest.raises(UnknownMember):
        wecom.contact_ways.add(user=["way_nobody"])
    crowd = [f"way_c{n}" for n in range(101)]
    simulator.admin("departments", departments=[{"id": 71, "name": "大所"}])
    simulator.admin("members", members=[{"userid": u, "department": [71]} for u in crowd])
    with pytest.raises(ContactWayRefused) as crowded:
        wecom.contact_ways.add(party=[71])
    assert crowded.value.errcode == 41041
    simulator.admin("settings", contact_way_cap=1)
    with pytest.raises(ContactWayRefused) as full:
        wecom.contact_ways.add(user=[userid])
    assert full.value.errcode == 41045
