"""wechatpy, which is not ours, works against the simulator with its base URL swapped."""

from collections.abc import Iterator

import pytest
from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

from tests.wecom_simulator.running import Simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[WeChatClient]:
    base = simulator.facts["base_url"]

    class Swapped(WeChatClient):
        API_BASE_URL = base

        def fetch_access_token(self) -> object:  # wechatpy writes WeCom's host into this one URL
            return self._fetch_access_token(
                url=base + "gettoken", params={"corpid": self.corp_id, "corpsecret": self.secret}
            )

    yield Swapped(simulator.facts["corpid"], simulator.facts["secret"])


def test_departments_and_members(simulator: Simulator, client: WeChatClient) -> None:
    simulator.admin("departments", departments=[{"id": 70, "name": "小沙江派出所"}])
    simulator.member("wx_user", name="李雷", department=[70])
    names = {d["id"]: d["name"] for d in client.department.get()}
    assert names[70] == "小沙江派出所"
    assert client.user.get("wx_user")["name"] == "李雷"
    assert [u["userid"] for u in client.user.list(70, simple=True)] == ["wx_user"]
    assert [u["name"] for u in client.department.get_users(70, simple=False)] == ["李雷"]


def test_customers_ways_tags_and_mass_messages(simulator: Simulator, client: WeChatClient) -> None:
    userid = simulator.member("wx_officer")
    friend = simulator.friend(userid)
    contact = client.external_contact
    assert userid in contact.get_follow_user_list()["follow_user"]
    assert contact.list(userid)["external_userid"] == [friend]
    assert contact.get(friend)["follow_user"][0]["userid"] == userid
    way = contact.add_contact_way(type=1, scene=2, user=[userid], state="w")
    assert contact.get_contact_way(way["config_id"])["contact_way"]["state"] == "w"
    assert contact.del_contact_way(way["config_id"])["errcode"] == 0
    sent = contact.add_msg_template(
        {"chat_type": "single", "external_userid": [friend], "text": {"content": "x"}}
    )
    assert sent["fail_list"] == []


def test_member_tags_and_messages(simulator: Simulator, client: WeChatClient) -> None:
    userid = simulator.member("wx_tagged")
    tagid = client.tag.create("党员")["tagid"]
    client.tag.add_users(tagid, [userid])
    assert [u["userid"] for u in client.tag.get_users(tagid)["userlist"]] == [userid]
    assert tagid in [tag["tagid"] for tag in client.tag.list()]
    client.message.send_text(simulator.facts["agentid"], [userid], "开会")
    client.message.send_text(simulator.facts["agentid"], "", "党员开会", tag_ids=[str(tagid)])
    inbox = simulator.truth(f"inbox?userid={userid}")["messages"]
    assert [m["content"]["content"] for m in inbox] == ["党员开会", "开会"]
    client.tag.delete(tagid)
    assert tagid not in [tag["tagid"] for tag in client.tag.list()]


def test_media_tickets_and_addresses(simulator: Simulator, client: WeChatClient) -> None:
    media_id = client.media.upload("file", ("a.txt", b"0123456789"))["media_id"]
    assert simulator.truth("counts")["media"] >= 1
    assert media_id.startswith("3")
    assert client.jsapi.get_ticket()["ticket"]
    assert client.misc.get_wechat_ips()


def test_it_refreshes_a_token_that_died_early(simulator: Simulator, client: WeChatClient) -> None:
    assert client.department.get()
    simulator.admin("tokens/rotate")
    assert client.department.get()
    with pytest.raises(WeChatClientException) as refused:
        client.user.get("wx_nobody")
    assert refused.value.errcode == 40003
