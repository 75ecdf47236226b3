"""Short messages for whom WeCom does not reach: a gateway over real HTTP that breaks."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.campaigns.emergency.conftest import Scene
from weijing.accounts.scope import scope_of
from weijing.campaigns.emergency import (
    calling,
    reaching,
    second_channel,
    taking_over,
    texting,
)
from weijing.campaigns.emergency.models import HouseholdCall, Sms, Takeover
from weijing.campaigns.models import Delivery, Share
from weijing.core import sms
from weijing.core.env import keyring
from weijing.core.errors import DomainError, PermissionDenied
from weijing.residents.merges import uniting
from weijing.residents.models import Resident

State = Sms.State


class Gateway:
    """The simulator in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "sms_simulator", "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.facts = json.loads(self.process.stdout.readline())
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.client = sms.HttpGateway(self.facts["base_url"], self.facts["secret"])

    def settings(self, **wanted: Any) -> None:
        answer = self.http.post(f"{self.facts['admin_url']}/settings", json=wanted)
        assert answer.status_code == 200, answer.text

    @property
    def phones(self) -> Counter[str]:
        answer = self.http.get(f"{self.facts['admin_url']}/truth").json()["messages"]
        return Counter(row["to"] for row in answer if row["state"] != "failed")

    @property
    def texts(self) -> list[str]:
        answer = self.http.get(f"{self.facts['admin_url']}/truth").json()["messages"]
        return [row["text"] for row in answer]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def gateway(configure: Callable[..., None]) -> Iterator[Gateway]:
    one = Gateway()
    one.settings(delivery_seconds=0)
    configure(sms_base_url=one.facts["base_url"], sms_secret=one.facts["secret"])
    yield one
    one.stop()


def send(scene: Scene, gateway: Gateway, *, minutes: float = 0) -> datetime:
    at = scene.at + timedelta(minutes=minutes)
    left = Sms.objects.filter(state__in=[State.WAITING, State.SENDING])
    for _ in range(6):
        if not left.exists():
            break
        texting.send_due(scene.county.pk, gateway=gateway.client, at=at)
        at += timedelta(seconds=90)
    return at


def give_phone(person: Resident, phone: str) -> None:
    person.phone = phone
    person.phone_index = keyring().blind_index(phone, purpose="phone")
    person.save()


def test_who_has_a_number_and_no_contact_gets_a_short_message_at_once(
    scene: Scene, gateway: Gateway
) -> None:
    message = scene.pushed()
    send(scene, gateway)
    assert gateway.phones == Counter({"15400009001": 1})
    assert "泥石流" in gateway.texts[0]
    found = reaching.reached(message, at=scene.at)
    assert (found.people["sms"], found.people["waiting"], found.people["not_reached"]) == (1, 6, 1)
    texting.ask_reports(scene.county.pk, gateway=gateway.client, at=scene.at + timedelta(minutes=2))
    assert Sms.objects.get().state == State.DELIVERED


@pytest.mark.parametrize(
    "faults",
    [["http_500"], ["accepted_no_reply"], ["cut_body"], ["accepted_no_reply", "cut_body"]],
    ids=str,
)
def test_whatever_breaks_nobody_gets_it_twice_and_nobody_is_lost(
    scene: Scene, gateway: Gateway, faults: list[str]
) -> None:
    scene.pushed()
    gateway.settings(faults=faults)
    send(scene, gateway)
    assert gateway.phones == Counter({"15400009001": 1})
    assert Sms.objects.get().state == State.ACCEPTED


def test_a_worker_that_died_with_a_batch_is_followed_by_another(
    scene: Scene, gateway: Gateway
) -> None:
    scene.pushed()
    batch = texting._take(scene.county.pk, at=scene.at)
    gateway.client.send(batch.texts)  # it arrived; nobody has written it down
    assert not texting.send_due(scene.county.pk, gateway=gateway.client, at=scene.at)
    send(scene, gateway, minutes=2)
    assert gateway.phones == Counter({"15400009001": 1})
    assert [row.pk for row in batch.rows] == list(Sms.objects.values_list("pk", flat=True))


def test_a_family_with_one_phone_gets_one_message(scene: Scene, gateway: Gateway) -> None:
    give_phone(scene.residents["无电话"], "15400009001")
    message = scene.pushed()
    send(scene, gateway)
    assert gateway.phones == Counter({"15400009001": 1})
    assert reaching.reached(message, at=scene.at).people["sms"] == 2


def test_whom_wecom_does_not_reach_gets_a_short_message_and_counts_once(
    scene: Scene, gateway: Gateway
) -> None:
    message = scene.pushed()
    give_phone(scene.residents["罗一"], "15400009003")
    share = Share.objects.get(officer=scene.yang)
    Share.objects.filter(pk=share.pk).update(
        state="finished", msgid="m1", asked_at=scene.at, confirmed_at=scene.at, ended_at=scene.at
    )
    deliveries = Delivery.objects.filter(share=share)
    deliveries.filter(resident__name="阳一").update(result="sent", sent_at=scene.at)
    deliveries.filter(resident__name="阳二").update(result="not_friend")
    assert second_channel.add_not_reached(scene.county.pk, at=scene.at) == 1
    assert second_channel.add_not_reached(scene.county.pk, at=scene.at) == 0
    send(scene, gateway)
    assert sum(gateway.phones.values()) == 2
    late = scene.at + timedelta(minutes=5)
    second_channel.add_not_reached(scene.county.pk, at=late)  # WeCom has taken none of luo's
    assert Sms.objects.get(resident__name="罗一").because == "wecom_fails"
    send(scene, gateway, minutes=6)
    # Later the officer's task goes out after all: one person, two ways, counted once.
    Delivery.objects.filter(resident__name="罗一").update(result="sent", sent_at=late)
    found = reaching.reached(message, at=scene.at)
    assert (found.people["wecom"], found.people["sms"], found.all) == (2, 2, 8)


def test_while_the_duty_account_may_still_get_them_no_short_message_goes(
    scene: Scene, gateway: Gateway
) -> None:
    give_phone(scene.residents["罗一"], "15400009003")
    scene.pushed()
    for number, share in enumerate(Share.objects.order_by("pk")):
        Share.objects.filter(pk=share.pk).update(
            state="asked", msgid=f"m{number}", asked_at=scene.at
        )
    late = scene.at + timedelta(minutes=5)
    taking_over.begin(scene.county.pk, at=late)
    second_channel.add_not_reached(scene.county.pk, at=late)
    assert set(Sms.objects.values_list("because", flat=True)) == {"no_contact"}
    Share.objects.update(state="cancelled", ended_at=late)
    taking_over.settle(scene.county.pk, at=late)
    assert second_channel.add_not_reached(scene.county.pk, at=late) == 0  # a moment ago
    second_channel.add_not_reached(scene.county.pk, at=late + second_channel.LOOK_EVERY)
    assert dict(Sms.objects.values_list("resident__name", "because")) == {
        "无微信": "no_contact",
        "阳一": "unconfirmed",  # nobody stands in for 红星村: the duty account has no contact there
        "阳二": "unconfirmed",
    }
    assert Takeover.objects.get(share__officer=scene.luo).people == 3


def test_a_newer_message_stops_what_has_not_left(scene: Scene, gateway: Gateway) -> None:
    first = scene.pushed()
    scene.pushed(first.event, "clear")
    send(scene, gateway)
    assert list(Sms.objects.order_by("message__seq").values_list("state", flat=True)) == [
        State.STOPPED,
        State.ACCEPTED,
    ]
    assert "已解除" in gateway.texts[0]


def test_who_was_erased_meanwhile_gets_nothing(scene: Scene, gateway: Gateway) -> None:
    scene.pushed()
    Resident.objects.filter(name="无微信").update(phone_sealed=None, phone_index=None)
    send(scene, gateway)
    assert not gateway.phones
    assert Sms.objects.get().state == State.STOPPED


def test_a_wrong_key_is_told_apart_from_a_gateway_that_is_away(gateway: Gateway) -> None:
    with pytest.raises(sms.NotConfigured):
        sms.HttpGateway(gateway.facts["base_url"], "wrong").check()
    with pytest.raises(sms.NotAnswered):
        sms.HttpGateway("http://127.0.0.1:1/v1", "x").check()
    gateway.client.check()


def test_without_a_gateway_nothing_waits_for_one(scene: Scene, configure) -> None:
    configure(sms_base_url="")
    message = scene.pushed()
    assert not Sms.objects.exists()
    assert reaching.reached(message, at=scene.at).people["not_reached"] == 2


# --- households in danger -----------------------------------------------------------------------


@pytest.fixture
def in_danger(scene: Scene) -> HouseholdCall:
    from tests.builders import give_tag, make_tag

    give_tag(scene.residents["罗一"], make_tag(scene.county, "SAF03001", "地灾隐患点住户"))
    scene.pushed()
    return HouseholdCall.objects.get()


def test_a_household_is_called_again_until_it_answers(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    scope = scope_of(scene.luo, at=scene.at)
    assert (in_danger.officer, in_danger.due_at) == (scene.luo, scene.at)

    def tried(result: str, how: str = "phone") -> HouseholdCall:
        return calling.tried(
            in_danger, by=scene.luo, scope=scope, at=scene.at, how=how, result=result
        )

    assert tried("no_answer").due_at == scene.at + timedelta(minutes=5)
    assert tried("busy").next_how == "phone"
    assert tried("no_answer").next_how == "visit"
    assert tried("not_home", "visit").state == HouseholdCall.State.CALLING
    done = tried("answered", "visit")
    assert (done.state, done.due_at, done.tries) == ("answered", None, 5)
    with pytest.raises(calling.NotOpen):
        tried("answered")


def test_who_does_not_answer_goes_to_the_village_cadre_by_name_after_a_try(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    scope = scope_of(scene.luo, at=scene.at)
    act = {"by": scene.luo, "scope": scope, "at": scene.at}
    with pytest.raises(DomainError):
        calling.hand_on(in_danger, to="周支书", **act)
    calling.tried(in_danger, how="phone", result="wrong_number", **act)
    assert calling.hand_on(in_danger, to="周支书", **act).state == "escalated"
    assert calling.tried(in_danger, how="visit", result="answered", **act).state == "answered"


def test_another_villages_officer_neither_sees_nor_calls(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    scope = scope_of(scene.yang, at=scene.at)
    assert not calling.waiting_for(scope).exists()
    with pytest.raises(PermissionDenied):
        calling.tried(
            in_danger, by=scene.yang, scope=scope, at=scene.at, how="phone", result="answered"
        )


def test_an_answered_call_counts_as_reached_but_not_for_the_all_clear(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    message = in_danger.event.messages.get()
    scope = scope_of(scene.luo, at=scene.at)
    calling.tried(in_danger, by=scene.luo, scope=scope, at=scene.at, how="phone", result="answered")
    assert reaching.reached(message, at=scene.at).people["call"] == 1
    last = scene.pushed(in_danger.event, "clear")
    # The call was about the danger: that it is over nobody has told them by it.
    assert reaching.reached(last, at=scene.at).people["call"] == 0
    assert reaching.reached(message, at=scene.at).people["call"] == 1


def test_who_answered_before_an_update_has_not_been_told_of_it(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    first = in_danger.event.messages.get()
    scope = scope_of(scene.luo, at=scene.at)
    calling.tried(in_danger, by=scene.luo, scope=scope, at=scene.at, how="phone", result="answered")
    scene.at += timedelta(minutes=30)
    update = scene.pushed(in_danger.event, "update")
    assert reaching.reached(first, at=scene.at).people["call"] == 1
    assert reaching.reached(update, at=scene.at).people["call"] == 0


def test_two_records_that_became_one_are_one_person_that_was_told(scene: Scene) -> None:
    message = scene.pushed()
    Delivery.objects.filter(resident__name="罗二").update(result="sent", sent_at=scene.at)
    scope = scope_of(scene.luo, at=scene.at)
    uniting.unite(
        scene.residents["罗一"], scene.residents["罗二"], by=scene.luo, scope=scope, at=scene.at
    )
    found = reaching.reached(message, at=scene.at)
    assert (found.all, found.people["wecom"]) == (7, 1)


def test_the_all_clear_ends_the_calls_that_nobody_answered(
    scene: Scene, in_danger: HouseholdCall
) -> None:
    scene.pushed(in_danger.event, "clear")
    assert HouseholdCall.objects.get().state == HouseholdCall.State.ENDED
