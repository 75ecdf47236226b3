import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.sync.corp import Corp
from tests.sync.postbox import Postbox
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.core import env
from weijing.residents import links
from weijing.residents.models import ResidentLink, WechatIdentity
from weijing.sync import greeting
from weijing.sync.address_book import read_address_book
from weijing.sync.inbox import take_waiting
from weijing.sync.models import Greeting, InboxEvent
from weijing.territory.models import County

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
