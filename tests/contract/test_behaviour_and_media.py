from collections.abc import Callable

import pytest

from tests.wecom_simulator.running import Simulator
from wecom_api import InvalidRequest, WeCom
from wecom_api.attachments import File
from wecom_api.behaviour import BehaviourDay
from wecom_api.errors import AttachmentRefused, InvalidMedia

DAY = 86_400
MIB = 1024 * 1024


def busy_day(simulator: Simulator, userid: str) -> dict[str, float]:
    """Two new contacts, one answered after six minutes, one who leaves: the true figures."""
    people = [simulator.admin("acts/scan", userid=userid, resident={"name": n}) for n in ("a", "b")]
    ask = {"userid": userid, "text": "?", "from": "resident"}
    for one in people:
        simulator.admin("acts/chat", **ask, external_userid=one["external_userid"])
    simulator.advance(360)
    first = people[0]["external_userid"]
    simulator.admin(
        "acts/chat", userid=userid, external_userid=first, text="!", **{"from": "member"}
    )
    simulator.admin(
        "acts/resident-deletes", userid=userid, external_userid=people[1]["external_userid"]
    )
    return simulator.truth(f"behaviour?userid={userid}")


def to_nine_next_morning(simulator: Simulator, day: float) -> None:
    simulator.admin("clock", set=day + DAY + 9 * 3600)


def test_a_day_is_reported_next_morning_alone_or_summed(simulator: Simulator, wecom: WeCom) -> None:
    one, two = simulator.member("b_one"), simulator.member("b_two")
    truth = busy_day(simulator, one)
    busy_day(simulator, two)
    day = int(truth["day"])
    ask = wecom.behaviour.get_user_behavior_data
    simulator.admin("clock", set=day + DAY + 600)
    assert ask(userid=[one], start_time=day, end_time=day) == ()
    to_nine_next_morning(simulator, day)
    (alone,) = ask(userid=[one], start_time=day + 3600, end_time=day + 7200)
    assert alone == BehaviourDay(
        stat_time=day,
        new_apply_cnt=0,
        new_contact_cnt=2,
        chat_cnt=1,  # the other one was only asked, nobody answered
        message_cnt=1,
        reply_percentage=50.0,
        avg_reply_time=6.0,
        negative_feedback_cnt=1,
    )
    assert alone.new_contact_cnt == truth["new_contact"]
    (both,) = ask(userid=[one, two], start_time=day, end_time=day)
    assert (both.stat_time, both.new_contact_cnt, both.message_cnt) == (day, 4, 2)


def test_a_department_is_summed_and_a_quiet_day_has_no_replies(
    simulator: Simulator, wecom: WeCom
) -> None:
    simulator.admin("departments", departments=[{"id": 75, "name": "所"}])
    userid = simulator.member("b_party", department=[75])
    day = int(busy_day(simulator, userid)["day"])
    to_nine_next_morning(simulator, day)
    quiet, busy = wecom.behaviour.get_user_behavior_data(
        partyid=[75], start_time=day - DAY, end_time=day
    )
    assert (quiet.stat_time, quiet.reply_percentage, quiet.avg_reply_time) == (
        day - DAY,
        None,
        None,
    )
    assert (busy.stat_time, busy.chat_cnt) == (day, 1)


def test_30_days_at_most_and_180_back(simulator: Simulator, wecom: WeCom) -> None:
    userid = simulator.member("b_far")
    today = int(simulator.now()) // DAY * DAY
    with pytest.raises(InvalidRequest):
        wecom.behaviour.get_user_behavior_data(
            userid=[userid], start_time=today - 40 * DAY, end_time=today
        )
    path = "externalcontact/get_user_behavior_data"
    for start, end in ((today - 40 * DAY, today), (today - 200 * DAY, today - 190 * DAY)):
        refused = simulator.call(path, userid=[userid], start_time=start, end_time=end)
        assert refused["errcode"] == 40058


def test_an_upload_lasts_three_days_and_belongs_to_the_corp(
    simulator: Simulator, wecom: WeCom, connect: Callable[..., WeCom]
) -> None:
    friend = simulator.friend(simulator.member("m_user"))
    media = wecom.media.upload("file", filename="通告.pdf", content=b"%PDF-1.7", content_type="a/b")
    assert (media.type, media.created_at) == ("file", int(simulator.now()))
    app = simulator.admin("apps", name="别的应用")
    other = connect(simulator, secret=app["secret"], agentid=app["agentid"])
    send = {"external_userids": [friend], "attachments": [File(media.media_id)]}
    assert other.group_messages.add_msg_template(**send).msgid
    stored = simulator.http.get(
        simulator.facts["base_url"] + "media/get",
        params={"access_token": simulator.token(), "media_id": media.media_id},
    )
    assert stored.content == b"%PDF-1.7"
    assert stored.headers["content-type"] == "a/b"
    simulator.advance(3 * DAY)
    assert wecom.group_messages.add_msg_template(**send).msgid
    simulator.advance(1)
    with pytest.raises(InvalidMedia):
        wecom.group_messages.add_msg_template(**send)


def test_media_of_moments_do_not_hang_on_messages(simulator: Simulator, wecom: WeCom) -> None:
    friend = simulator.friend(simulator.member("m_scene"))
    answer = simulator.http.post(
        simulator.facts["base_url"] + "media/upload_attachment",
        params={"access_token": simulator.token(), "media_type": "image", "attachment_type": "1"},
        files={"media": ("a.png", b"0" * 10, "image/png")},
    ).json()
    assert isinstance(answer["created_at"], int)
    with pytest.raises(AttachmentRefused) as refusal:
        wecom.group_messages.add_msg_template(
            external_userids=[friend], attachments=[File(answer["media_id"])]
        )
    assert refusal.value.errcode == 41072


@pytest.mark.parametrize(
    ("kind", "most"), [("image", 10), ("voice", 2), ("video", 10), ("file", 20)]
)
def test_both_draw_the_line_at_the_same_size(
    simulator: Simulator, wecom: WeCom, kind: str, most: int
) -> None:
    assert wecom.media.upload(kind, filename="x", content=b"0" * most * MIB).media_id
    assert wecom.media.upload(kind, filename="x", content=b"0" * 6).media_id
    for wrong in (b"0" * 5, b"0" * (most * MIB + 1)):
        with pytest.raises(InvalidRequest):
            wecom.media.upload(kind, filename="x", content=wrong)
        answer = simulator.http.post(
            simulator.facts["base_url"] + "media/upload",
            params={"access_token": simulator.token(), "type": kind},
            files={"media": ("x", wrong)},
        ).json()
        assert answer["errcode"] == (44001 if len(wrong) < 6 else 45001)


def test_a_picture_for_ever_has_an_address(wecom: WeCom) -> None:
    one, two = (wecom.media.uploadimg(filename="a.png", content=b"01234") for _ in range(2))
    assert one.startswith("https://")
    assert one != two
