import re
from pathlib import Path

from tests.wecom_simulator.running import FROZEN, Simulator


def page(simulator: Simulator, path: str) -> str:
    answer = simulator.http.get(simulator.facts["page_url"] + path, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_an_officer_sends_a_waiting_message_from_the_page(simulator: Simulator) -> None:
    userid = simulator.member("page_officer", name="韩梅梅")
    friend = simulator.friend(userid, name="<b>阳光</b>")
    simulator.call(
        "externalcontact/add_msg_template", external_userid=[friend], text={"content": "防溺水提醒"}
    )
    simulator.advance(6)
    assert "韩梅梅" in page(simulator, "?q=page_officer")
    phone = page(simulator, f"members/{userid}")
    assert "防溺水提醒" in phone
    assert "<b>阳光" not in phone
    match = re.search(r'name="msgid" value="([^"]+)"', phone)
    assert match is not None
    url = f"{simulator.facts['page_url']}members/{userid}/send"
    simulator.http.post(url, data={"msgid": match[1]})
    assert "没有待发送的群发" in page(simulator, f"members/{userid}")
    assert "防溺水提醒" in page(simulator, f"residents/{friend}")
    assert simulator.http.post(url, data={"msgid": match[1]}).status_code == 409


def test_what_hangs_on_a_message_is_seen_on_both_phones_until_it_expires(
    simulator: Simulator,
) -> None:
    userid = simulator.member("page_pictures")
    friend = simulator.friend(userid)
    picture = simulator.http.post(
        simulator.facts["base_url"] + "media/upload",
        params={"access_token": simulator.token(), "type": "image"},
        files={"media": ("绕行<b>.png", b"\x89PNG picture", "image/png")},
    ).json()["media_id"]
    link = {"title": "行车<b>要点", "url": "javascript:alert(1)"}
    simulator.call(
        "externalcontact/add_msg_template",
        external_userid=[friend],
        text={"content": "看图"},
        attachments=[
            {"msgtype": "image", "image": {"media_id": picture}},
            {"msgtype": "link", "link": link},
        ],
    )
    simulator.advance(6)
    simulator.admin("acts/mass/confirm", userid=userid)
    said = page(simulator, f"residents/{friend}")
    assert f"/media/{picture}" in said and "行车&lt;b&gt;要点" in said
    assert "javascript:" not in said and "绕行<b>" not in said
    address = f"{simulator.facts['page_url']}media/{picture}"
    assert simulator.http.get(address).content == b"\x89PNG picture"
    simulator.advance(3 * 86_400 + 60)
    assert simulator.http.get(address).status_code == 404


def test_a_person_picks_who_to_be_on_the_sign_in_page(simulator: Simulator) -> None:
    userid = simulator.member("page_signin", name="选我")
    query = {"appid": simulator.facts["corpid"], "redirect_uri": "http://x.invalid/b", "state": "s"}
    for address in (simulator.facts["authorize_url"], simulator.facts["qr_login_url"]):
        shown = simulator.http.get(address, params={**query, "q": "page_signin"})
        assert "选我" in shown.text
        chosen = simulator.http.get(address, params={**query, "auto_userid": userid})
        assert chosen.headers["location"].startswith("http://x.invalid/b?code=")


def test_the_same_seed_plays_the_same_day(tmp_path: Path) -> None:
    seen = []
    for name in ("a", "b"):
        simulator = Simulator(tmp_path / name, "--clock", f"frozen={FROZEN}")
        for n in range(5):
            simulator.member(f"p{n}")
        simulator.admin("generate", relations=200, seed=3)
        simulator.call("externalcontact/add_msg_template", sender="p1", text={"content": "x"})
        simulator.advance(6)
        done = simulator.admin(
            "play", seed=9, scans=20, half=0.2, chats=30, resident_deletes=4, confirm=1.0
        )
        assert done["scans"] + done["half"] == 20
        assert done["sent"] + done.get("not_a_friend", 0) >= 40
        seen.append((done, simulator.truth("counts"), simulator.truth("relations")))
        simulator.stop()
    assert seen[0] == seen[1]


def test_in_a_private_edition_customer_contact_is_not_there(data_dir: Path) -> None:
    simulator = Simulator(data_dir, "--profile", "private")
    simulator.member("priv", mobile="13800000003")
    base, token = simulator.facts["base_url"], simulator.token()
    missing = simulator.http.get(
        base + "externalcontact/get_follow_user_list", params={"access_token": token}
    )
    assert missing.status_code == 404
    assert set(simulator.read("user/get", userid="priv")) == {"errcode", "errmsg", "userid"}
    simulator.admin("settings", private_member_fields=["name", "positions"])
    shown = simulator.read("user/get", userid="priv")
    assert (shown["name"], shown["positions"]) == ("priv", [""])
    assert "mobile" not in shown
    assert simulator.read("user/list", department_id=1, fetch_child=1)["errcode"] == 0
    assert simulator.gettoken(secret="x")["errcode"] == 40091
    simulator.stop()
