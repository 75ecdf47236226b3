from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.wecom_simulator.receiving import Receiver
from tests.wecom_simulator.running import Simulator
from wecom_api import Unanswered, WeCom
from wecom_api.attachments import Image
from wecom_api.callbacks import Codec, parse_event
from wecom_api.errors import AlreadyWelcomed, AnotherAppIsWelcoming, InvalidMedia, WelcomeTooLate


def newcomer(simulator: Simulator, userid: str, **more: object) -> tuple[str, str]:
    """A resident who has just added the member, and the welcome code."""
    done = simulator.admin("acts/scan", userid=userid, resident={"name": "阳光"}, **more)
    return done["external_userid"], done["welcome_code"]


def welcomes(simulator: Simulator, external_userid: str) -> list[str]:
    messages = simulator.truth(f"residents/{external_userid}")["messages"]
    return [one["text"] for one in messages if one["kind"] == "welcome"]


def test_the_code_of_the_event_greets_once_within_20_seconds(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("w_once")
    person, _ = newcomer(simulator, userid)
    simulator.admin("callbacks/drain")
    code = receiver.events[-1]["WelcomeCode"]
    simulator.advance(20)
    wecom.welcome.send_welcome_msg(code, text="您好，我是社区民警", attachments=[])
    assert welcomes(simulator, person) == ["您好，我是社区民警"]
    with pytest.raises(AlreadyWelcomed):
        wecom.welcome.send_welcome_msg(code, text="又一次")
    assert welcomes(simulator, person) == ["您好，我是社区民警"]


def test_after_20_seconds_it_is_too_late(simulator: Simulator, wecom: WeCom) -> None:
    person, code = newcomer(simulator, simulator.member("w_late"))
    simulator.advance(20.5)
    with pytest.raises(WelcomeTooLate):
        wecom.welcome.send_welcome_msg(code, text="x")
    with pytest.raises(WelcomeTooLate):
        wecom.welcome.send_welcome_msg("never-was", text="x")
    assert welcomes(simulator, person) == []


def test_who_chats_first_needs_no_greeting(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("w_chat")
    person, code = newcomer(simulator, userid)
    chat = {"userid": userid, "external_userid": person, "from": "resident", "text": "在吗"}
    simulator.admin("acts/chat", **chat)
    with pytest.raises(AlreadyWelcomed):
        wecom.welcome.send_welcome_msg(code, text="x")


def test_of_two_apps_the_first_greets(
    simulator: Simulator, wecom: WeCom, connect: Callable[..., WeCom]
) -> None:
    app = simulator.admin("apps", name="另一个应用")
    other = connect(simulator, secret=app["secret"], agentid=app["agentid"])
    person, code = newcomer(simulator, simulator.member("w_race"))
    other.welcome.send_welcome_msg(code, text="先到")
    with pytest.raises(AnotherAppIsWelcoming):
        wecom.welcome.send_welcome_msg(code, text="后到")
    simulator.advance(2)
    with pytest.raises(AlreadyWelcomed):
        wecom.welcome.send_welcome_msg(code, text="后到")
    assert welcomes(simulator, person) == ["先到"]


def test_a_lost_answer_is_not_greeted_again_by_itself(simulator: Simulator, wecom: WeCom) -> None:
    person, code = newcomer(simulator, simulator.member("w_lost"))
    simulator.admin("faults", api="externalcontact/send_welcome_msg", kind="arrived_no_reply")
    with pytest.raises(Unanswered):
        wecom.welcome.send_welcome_msg(code, text="x")
    assert simulator.admin("faults", "GET")["faults"][0]["hits"] == 1
    assert welcomes(simulator, person) == ["x"]


def test_a_greeting_with_an_old_picture_is_refused_and_the_code_still_works(
    simulator: Simulator, wecom: WeCom
) -> None:
    media_id = wecom.media.upload("image", filename="a.png", content=b"0" * 10).media_id
    simulator.advance(3 * 86_400 + 1)
    person, code = newcomer(simulator, simulator.member("w_media"))
    with pytest.raises(InvalidMedia):
        wecom.welcome.send_welcome_msg(code, text="x", attachments=[Image(media_id)])
    wecom.welcome.send_welcome_msg(code, text="没有图片")
    assert welcomes(simulator, person) == ["没有图片"]


def test_a_half_contact_is_told_and_can_be_greeted_but_is_no_customer(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    userid = simulator.member("w_half")
    person, code = newcomer(simulator, userid, half=True)
    simulator.admin("callbacks/drain")
    assert receiver.events[-1]["ChangeType"] == "add_half_external_contact"
    wecom.welcome.send_welcome_msg(code, text="您好")
    assert wecom.customers.list(userid) == ()
    simulator.admin("acts/accept", userid=userid, external_userid=person)
    simulator.admin("callbacks/drain")
    assert receiver.events[-1]["ChangeType"] == "add_external_contact"
    assert "WelcomeCode" not in receiver.events[-1]


def test_our_codec_reads_what_the_simulator_posts(
    simulator: Simulator, wecom: WeCom, receiver: Receiver
) -> None:
    facts = simulator.facts
    codec = Codec(
        token=facts["token"],
        encoding_aes_key=facts["encoding_aes_key"],
        receiveid=facts["corpid"],
    )
    posts: list[tuple[str, bytes]] = []
    take = receiver.take

    def noted(path: str, body: bytes) -> int:
        posts.append((path, body))
        return take(path, body)

    receiver.take = noted  # type: ignore[method-assign]
    userid = simulator.member("w_codec")
    person, code = newcomer(simulator, userid, state="扫码")
    simulator.admin("callbacks/drain")
    path, body = posts[-1]
    query = dict(parse_qsl(urlsplit(path).query))
    event = parse_event(codec.decrypt_message(body, **query))
    assert (event.event, event.change_type) == ("change_external_contact", "add_external_contact")
    assert (event.to_user, event.from_user, event.msg_type) == (facts["corpid"], "sys", "event")
    assert (event.user_id, event.external_user_id) == (userid, person)
    assert (event.state, event.welcome_code) == ("扫码", code)
    assert event.create_time == int(simulator.now())
    assert b"<AgentID>" not in body
