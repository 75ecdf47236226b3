"""Whoever WeCom leaves behind, in whatever way, is found by the duty account or a short message;
and by one of them only.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from tests.campaigns.emergency.conftest import Scene
from tests.campaigns.emergency.phones import Phones
from weijing.campaigns.emergency import approving, reaching, taking_over, watching
from weijing.campaigns.emergency.models import EmergencyMessage, Sms, Takeover
from weijing.campaigns.models import Delivery, Share
from weijing.core.env import keyring
from weijing.residents.models import Resident

FIVE = timedelta(minutes=5)


def ask_all(scene: Scene) -> None:
    for number, share in enumerate(Share.objects.order_by("pk")):
        Share.objects.filter(pk=share.pk).update(
            state="asked", msgid=f"m{number}", asked_at=scene.at, due_at=scene.at
        )


def give_phone(person: Resident, phone: str) -> None:
    person.phone = phone
    person.phone_index = keyring().blind_index(phone, purpose="phone")
    person.save()


def watch(scene: Scene, minutes: float) -> None:
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=minutes))


def texted() -> dict[str, str]:
    return dict(Sms.objects.values_list("resident__name", "because"))


def test_whom_wecom_does_not_let_go_gets_a_short_message_and_then_nothing_else(
    scene: Scene, phones: Phones
) -> None:
    give_phone(scene.residents["罗一"], "15400009003")
    message = scene.pushed()
    ask_all(scene)
    watch(scene, 5)
    watch(scene, 9.5)
    assert set(texted()) == {"无微信"}
    watch(scene, 10)
    assert texted() == {
        "无微信": "no_contact", "罗一": "unconfirmed", "阳一": "unconfirmed", "阳二": "unconfirmed",
    }  # fmt: skip
    found = reaching.reached(message, at=scene.at + 2 * FIVE)
    # 罗二, 罗三 and 远方司机 have no number: they are waited for no longer.
    assert (found.people["waiting"], found.people["not_reached"]) == (4, 4)
    # WeCom takes the tasks back after all.
    Share.objects.update(state="cancelled", due_at=None, ended_at=scene.at)
    watch(scene, 12)
    fallback = Share.objects.get(officer=scene.duty)
    told = Delivery.objects.filter(share=fallback).values_list("resident__name", flat=True)
    assert set(told) == {"罗二", "罗三"}


def test_a_task_ended_in_wecoms_console_is_handed_on_at_once(scene: Scene, phones: Phones) -> None:
    scene.pushed()
    ask_all(scene)
    Share.objects.update(state="cancelled", due_at=None, ended_at=scene.at)
    watch(scene, 1)
    outcomes = dict(Takeover.objects.values_list("share__officer__username", "outcome"))
    assert outcomes == {"luo": "handed_on", "yang": "nobody", "far": "nobody"}
    assert Share.objects.get(officer=scene.duty).people == 3
    assert texted() == {"无微信": "no_contact", "阳一": "unconfirmed", "阳二": "unconfirmed"}
    watch(scene, 2)
    assert Takeover.objects.count() == 3
    assert Sms.objects.count() == 3


def test_a_share_whose_people_all_left_is_nobodys(scene: Scene, phones: Phones) -> None:
    scene.pushed()
    Delivery.objects.update(result="withdrawn")
    Share.objects.update(state="cancelled", due_at=None, ended_at=scene.at)
    watch(scene, 6)
    assert not Takeover.objects.exists()


def test_whom_the_officer_left_out_gets_a_short_message(scene: Scene, phones: Phones) -> None:
    message = scene.pushed()
    share = Share.objects.get(officer=scene.yang)
    rows = Share.objects.filter(pk=share.pk)
    at = scene.at + timedelta(minutes=1)
    rows.update(state="confirmed", msgid="m1", asked_at=scene.at, confirmed_at=at)
    Delivery.objects.filter(resident__name="阳一").update(result="sent", sent_at=at)
    watch(scene, 5)
    rows.update(failures=1)  # WeCom does not say whom it was sent to: then nobody is texted
    watch(scene, 7)
    assert "阳二" not in texted()
    rows.update(failures=0)
    late = reaching.reached(message, at=at + FIVE)
    soon = reaching.reached(message, at=scene.at)
    assert soon.people["waiting"] == late.people["waiting"] + 1
    watch(scene, 8)
    assert texted()["阳二"] == "left_out"
    assert "阳一" not in texted()


# --- somebody else in the same moment -----------------------------------------------------------


def _in_a_thread(act: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, wrong


def _ready_to_settle(scene: Scene) -> tuple[EmergencyMessage, EmergencyMessage]:
    first = scene.pushed()
    ask_all(scene)
    taking_over.begin(scene.county.pk, at=scene.at + FIVE)
    Share.objects.update(state="cancelled", due_at=None, ended_at=scene.at)
    return first, scene.written(first.event, "clear")


def _still_told(message: EmergencyMessage) -> int:
    """Shares of it that somebody could still confirm."""
    return Share.objects.filter(
        campaign=message.campaign_id, state__in=["waiting", "asked"], stop=""
    ).count()


@pytest.mark.django_db(transaction=True)
def test_an_all_clear_in_the_moment_of_a_takeover_ends_it(scene: Scene) -> None:
    first, last = _ready_to_settle(scene)
    late = scene.at + 2 * FIVE
    with transaction.atomic():
        assert taking_over.settle(scene.county.pk, at=late) == 3
        people = len(approving.audience_of(last))
        other, wrong = _in_a_thread(
            lambda: approving.approve(last, by=scene.leader, at=late, people_seen=people)
        )
        other.join(2)
    other.join(60)
    assert not wrong
    assert Share.objects.filter(officer=scene.duty, campaign=first.campaign_id).exists()
    assert _still_told(first) == 0


@pytest.mark.django_db(transaction=True)
def test_a_takeover_in_the_moment_of_an_all_clear_hands_nothing_on(scene: Scene) -> None:
    first, last = _ready_to_settle(scene)
    late = scene.at + 2 * FIVE
    people = len(approving.audience_of(last))
    with transaction.atomic():
        approving.approve(last, by=scene.leader, at=late, people_seen=people)
        other, wrong = _in_a_thread(lambda: taking_over.settle(scene.county.pk, at=late))
        other.join(2)
    other.join(60)
    assert not wrong
    assert not Share.objects.filter(officer=scene.duty, campaign=first.campaign_id).exists()
    assert set(Takeover.objects.values_list("outcome", flat=True)) == {"stopped"}
