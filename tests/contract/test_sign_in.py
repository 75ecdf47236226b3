import hashlib
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.conftest import times_called
from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, WeCom
from wecom_api.errors import SignInExpired
from wecom_api.sign_in import PRIVATE_INFO

BACK = "https://weijing.invalid:8443/sign-in/back?next=%2Fdesk%2F"


def came_back(simulator: Simulator, url: str, **who: str) -> dict[str, str]:
    """The query with which the browser returns to us after choosing who it is."""
    address, _, fragment = url.partition("#")
    answer = simulator.http.get(f"{address}&" + "&".join(f"{k}={v}" for k, v in who.items()))
    assert answer.status_code == 302, answer.text
    target = urlsplit(answer.headers["location"])
    assert target.netloc == "weijing.invalid:8443"
    assert fragment in ("", "wechat_redirect")
    return {name: values[0] for name, values in parse_qs(target.query).items()}


@pytest.mark.parametrize("page", ["authorize_url", "qr_url"])
def test_a_member_comes_back_with_state_and_a_code_that_works_once(
    simulator: Simulator, wecom: WeCom, page: str
) -> None:
    userid = simulator.member("s_member")
    url = getattr(wecom.sign_in, page)(BACK, state="Abc123")
    back = came_back(simulator, url, auto_userid=userid)
    assert (back["state"], back["next"]) == ("Abc123", "/desk/")
    visitor = wecom.sign_in.getuserinfo(back["code"])
    assert (visitor.userid, visitor.user_ticket) == (userid, "")
    assert (visitor.openid, visitor.external_userid) == ("", "")
    with pytest.raises(SignInExpired):
        wecom.sign_in.getuserinfo(back["code"])


def test_a_code_lasts_five_minutes(simulator: Simulator, wecom: WeCom) -> None:
    url = wecom.sign_in.authorize_url(BACK, state="s")
    code = came_back(simulator, url, auto_userid=simulator.member("s_slow"))["code"]
    simulator.advance(301)
    for stale in (code, "never-was"):
        with pytest.raises(SignInExpired):
            wecom.sign_in.getuserinfo(stale)


def test_without_a_choice_the_page_asks_who_you_are(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("s_choose", name="赵民警")
    page = simulator.http.get(wecom.sign_in.qr_url(BACK, state="s") + "&q=s_choose")
    assert page.status_code == 200
    assert "赵民警" in page.text
    assert userid in page.text


def test_private_information_comes_by_ticket_for_half_an_hour(
    simulator: Simulator, wecom: WeCom
) -> None:
    userid = simulator.member("s_private", mobile="13800000006", gender="2", email="p@example.org")
    url = wecom.sign_in.authorize_url(BACK, state="s", scope=PRIVATE_INFO)
    ticket = wecom.sign_in.getuserinfo(
        came_back(simulator, url, auto_userid=userid)["code"]
    ).user_ticket
    detail = wecom.sign_in.getuserdetail(ticket)
    assert (detail.userid, detail.mobile, detail.gender) == (userid, "13800000006", 2)
    assert (detail.email, detail.biz_mail, detail.address) == ("p@example.org", "", "")
    simulator.advance(1800)
    for dead in (ticket, "never-was"):
        with pytest.raises(SignInExpired):
            wecom.sign_in.getuserdetail(dead)


def test_a_resident_is_named_only_to_an_app_that_sees_a_follower(
    simulator: Simulator, wecom: WeCom, connect: Callable[..., WeCom]
) -> None:
    friend = simulator.friend(simulator.member("s_follow"))
    url = wecom.sign_in.authorize_url(BACK, state="s")
    visitor = wecom.sign_in.getuserinfo(
        came_back(simulator, url, auto_external_userid=friend)["code"]
    )
    assert (visitor.userid, visitor.external_userid) == ("", friend)
    assert visitor.openid
    app = simulator.admin("apps", name="看不见", scope_parties=[])
    blind = connect(simulator, secret=app["secret"], agentid=app["agentid"])
    url = blind.sign_in.authorize_url(BACK, state="s")
    code = came_back(simulator, url, auto_external_userid=friend)["code"]
    with pytest.raises(SignInExpired):
        wecom.sign_in.getuserinfo(code)
    stranger = blind.sign_in.getuserinfo(code)
    assert (stranger.userid, stranger.external_userid) == ("", "")
    assert stranger.openid


def test_only_the_trusted_domain_with_its_port_is_led_back_to(
    simulator: Simulator, wecom: WeCom
) -> None:
    path = f"apps/{simulator.facts['agentid']}"
    simulator.admin(path, trusted_domains=["weijing.invalid:8443"])
    userid = simulator.member("s_domain")
    for redirect, status in ((BACK, 302), ("https://weijing.invalid/sign-in/back", 400)):
        url = wecom.sign_in.authorize_url(redirect, state="s").partition("#")[0]
        assert simulator.http.get(f"{url}&auto_userid={userid}").status_code == status
    simulator.admin(path, trusted_domains=[])
    with pytest.raises(InvalidRequest):
        wecom.sign_in.authorize_url(BACK, state="not-only-letters")


def test_tickets_are_fetched_once_and_sign_what_the_browser_shows(
    simulator: Simulator, wecom: WeCom
) -> None:
    corp, agent = wecom.js_sdk.corp_ticket(), wecom.js_sdk.agent_ticket()
    assert corp != agent
    for signed, ticket in (
        (wecom.js_sdk.config_signature("https://weijing.invalid/a?b=1#c"), corp),
        (wecom.js_sdk.agent_config_signature("https://weijing.invalid/a?b=1"), agent),
    ):
        text = (
            f"jsapi_ticket={ticket}&noncestr={signed.noncestr}"
            f"&timestamp={signed.timestamp}&url=https://weijing.invalid/a?b=1"
        )
        assert signed.signature == hashlib.sha1(text.encode()).hexdigest()
    assert times_called(simulator, "get_jsapi_ticket") == {"0": 1}
    assert times_called(simulator, "ticket/get") == {"0": 1}
    raw = simulator.read("ticket/get", type="agent_config")
    assert raw["ticket"] == agent
    assert simulator.read("ticket/get", type="jsapi")["errcode"] == 91040
