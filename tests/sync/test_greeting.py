import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.builders import beat_of, make_officer
from tests.sync.corp import Corp
from tests.sync.postbox import Postbox
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.accounts import appointing
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.core import env
from weijing.residents import links
from weijing.residents.models import ContactWay, ResidentLink, WechatIdentity, WelcomeText
from weijing.residents.ways import welcoming
from weijing.sync import greeting
from weijing.sync.address_book import read_address_book
from weijing.sync.inbox import take_waiting
from weijing.sync.models import Greeting, InboxEvent
from weijing.territory.models import Beat, County

Now = Callable[[], datetime]
API = "externalcontact/send_welcome_msg"


@pytest.fixture
def added(county: County, corp: Corp, wecom: WeCom, postbox: Postbox, now: Now) -> str:
    """A resident who has just added p1; the event is in the inbox. The external_userid."""
    corp.found(officers=1)
    read_address_book(county.pk, wecom)
    met = corp.act("scan", userid="p1", resident={"name": "阳光"})
    postbox.deliver(at=now())
    return str(met["external_userid"])


def welcomes(simulator: Simulator, external_userid: str) -> list[str]:
    messages = simulator.truth(f"residents/{external_userid}")["messages"]
    return [message["text"] for message in messages if message["kind"] == "welcome"]


def greet_all(county: County, wecom: WeCom, now: Now) -> None:
    for row in Greeting.objects.filter(state=Greeting.State.WAITING):
        greeting.greet(county.pk, row.pk, wecom, now=now, sleep=lambda _: None)


def test_a_new_contact_is_greeted_once_by_name(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert "隆回县公安局阳p1" in text
    row = Greeting.objects.get()
    assert (row.state, row.code) == (Greeting.State.SENT, "")


def test_a_repeated_callback_greets_nobody_twice(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now, postbox: Postbox
) -> None:
    take_waiting(at=now())
    greet_all(county, wecom, now)
    InboxEvent.objects.update(outcome="")
    take_waiting(at=now())
    greet_all(county, wecom, now)

    assert len(welcomes(simulator, added)) == 1
    assert Greeting.objects.count() == 1


def test_the_same_greeting_given_to_two_workers_is_sent_by_one(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    take_waiting(at=now())
    id = Greeting.objects.get().pk
    simulator.admin("calls", "DELETE")

    greeting.greet(county.pk, id, wecom, now=now)
    greeting.greet(county.pk, id, wecom, now=now)

    assert simulator.admin("calls", "GET")["calls"][API] == {"0": 1}


def test_a_lost_answer_is_never_repeated(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    take_waiting(at=now())
    simulator.admin("faults", api=API, kind="arrived_no_reply", times=1)

    greet_all(county, wecom, now)
    greet_all(county, wecom, now)

    assert Greeting.objects.get().state == Greeting.State.UNSURE
    assert len(welcomes(simulator, added)) == 1


def test_after_twenty_seconds_it_is_too_late_and_nothing_is_called(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    simulator.advance(25)
    take_waiting(at=now())
    simulator.admin("calls", "DELETE")

    greet_all(county, wecom, now)

    assert Greeting.objects.get().state == Greeting.State.LATE
    assert API not in simulator.admin("calls", "GET")["calls"]


def test_a_sender_who_died_leaves_it_unsure_for_good(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    take_waiting(at=now())
    Greeting.objects.update(state=Greeting.State.SENDING)
    simulator.advance(60)

    assert greeting.give_up_on_forgotten(at=now()) == 1
    greet_all(county, wecom, now)

    assert Greeting.objects.get().state == Greeting.State.UNSURE
    assert welcomes(simulator, added) == []


@pytest.fixture
def public_url(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(env.environment(), "public_url", "https://weijing.example.gov.cn")
    return "https://weijing.example.gov.cn"


def test_the_greeting_brings_the_resident_s_own_link_which_opens_their_page(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now, public_url: str
) -> None:
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    found = re.search(rf"{re.escape(public_url)}(/r/open/[\w-]{{43}}/)$", text)
    assert found, text
    assert len(text.encode()) < 4_000
    identity = WechatIdentity.objects.get(external_userid=added)
    link = ResidentLink.objects.get()
    assert (link.resident, link.identity) == (identity.resident, identity)
    key = found[1].split("/")[-2]
    assert links.open_with(county.pk, key, at=now()).resident == identity.resident


def test_a_greeting_is_sent_without_a_link_when_the_contact_cannot_be_read(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now, public_url: str
) -> None:
    take_waiting(at=now())
    simulator.admin("faults", api="externalcontact/get", kind="not_arrived", times=20)

    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert "/r/open/" not in text
    assert "随时告诉我" in text
    assert not ResidentLink.objects.exists()


def test_a_reading_that_takes_too_long_leaves_the_time_for_the_greeting(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now, public_url: str
) -> None:
    take_waiting(at=now())
    simulator.admin("faults", api="externalcontact/get", kind="slow", delay_seconds=4, times=20)
    Greeting.objects.update(not_after=now() + timedelta(seconds=9))  # one to look, eight to send
    started = time.monotonic()

    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert "/r/open/" not in text
    assert time.monotonic() - started < 3


def test_without_a_public_address_there_is_no_link_to_send(
    county: County, added: str, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    take_waiting(at=now())
    greet_all(county, wecom, now)
    (text,) = welcomes(simulator, added)
    assert "/r/" not in text


class Words:
    """桃李村, which p1 serves, and its station's chief."""

    def __init__(self, county: County, now: Now) -> None:
        self.county, self.now = county, now
        self.beat = beat_of(county, "小沙江镇", "桃李村")
        self.chief = make_officer(county, "chief", Role.STATION_COMMAND, station=self.beat.station)

    def write(self, text: str, beat: Beat | None = None) -> WelcomeText:
        beat = beat or self.beat
        seen = welcoming.version(welcoming.latest(self.county.pk, beat.pk))
        scope = scope_of(self.chief, at=self.now())
        return welcoming.write(
            self.county, beat, text, seen=seen, by=self.chief, scope=scope, at=self.now()
        )

    def post(self, userid: str) -> None:
        officer = Officer.objects.get(wecom_userid=userid)
        appointing.post(officer, beat=self.beat, by=None, at=self.now() - timedelta(days=1))


@pytest.fixture
def words(county: County, now: Now) -> Words:
    return Words(county, now)


def test_a_new_contact_is_greeted_in_the_words_of_the_officer_s_beat(
    county: County, added: str, words: Words, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    words.post("p1")
    words.write("旧的。")
    written = words.write("您好，我是{单位}{姓名}，管{网格}。")
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert text.startswith("您好，我是隆回县公安局阳p1，管桃李村网格。\n您的信息只用来联系您")
    assert Greeting.objects.get().welcome == written


def test_the_code_that_was_scanned_says_whose_words(
    county: County, corp: Corp, words: Words, wecom: WeCom, simulator: Simulator, now: Now,
    postbox: Postbox,
) -> None:  # fmt: skip
    corp.found(officers=1)
    read_address_book(county.pk, wecom)
    words.post("p1")
    other = beat_of(county, "小沙江镇", "红星村")
    words.write("桃李村的话。")
    written = words.write("红星村的话。", other)
    ContactWay.objects.create(county=county, beat=other, state="wRED", created_at=now())
    way = wecom.contact_ways.add(user=["p1"], state="wRED")
    met = corp.act("scan", config_id=way.config_id, resident={"name": "阳光"})
    postbox.deliver(at=now())
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, str(met["external_userid"]))
    assert text.startswith("红星村的话。")
    assert Greeting.objects.get().welcome == written


def test_an_emptied_text_gives_way_to_the_software_s_own(
    county: County, added: str, words: Words, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    words.post("p1")
    words.write("我们的话。")
    words.write("")
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert "遇到可疑电话和转账" in text
    assert Greeting.objects.get().welcome is None


def test_the_longest_text_that_may_be_saved_is_taken_by_wecom(
    county: County, added: str, words: Words, wecom: WeCom, simulator: Simulator, now: Now,
    public_url: str,
) -> None:  # fmt: skip
    words.post("p1")
    room = welcoming.MAX_BYTES - welcoming.size_bytes(county, "")
    words.write("好" * (room // 3))
    take_waiting(at=now())
    greet_all(county, wecom, now)

    (text,) = welcomes(simulator, added)
    assert public_url in text
    assert Greeting.objects.get().state == Greeting.State.SENT
