"""A wrong text is out: what the kill switch and 停止 hold back, by every way."""

from datetime import timedelta

import pytest

from tests.builders import make_officer
from tests.campaigns.emergency.conftest import Scene
from tests.campaigns.emergency.phones import Phones
from weijing.accounts.models import Officer, Role
from weijing.campaigns import pausing, policies, stopping
from weijing.campaigns.emergency import taking_over, texting, watching
from weijing.campaigns.emergency.models import EmergencyMessage, Sms, Takeover
from weijing.campaigns.models import Share
from weijing.core.errors import PermissionDenied

SOON, LATE = timedelta(minutes=1), timedelta(minutes=6)


@pytest.fixture
def approver(scene: Scene) -> Officer:
    return make_officer(scene.county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True)


def send(scene: Scene, phones: Phones, after: timedelta) -> int:
    return texting.send_due(scene.county.pk, gateway=phones, at=scene.at + after)


def test_while_the_county_is_paused_no_short_message_leaves_and_nobody_is_replaced(
    scene: Scene, phones: Phones, approver: Officer
) -> None:
    scene.pushed()
    pausing.pause(scene.county, by=approver, at=scene.at, reason="写错了")
    send(scene, phones, SOON)
    for minutes in (5, 6, 7):
        watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=minutes))
    send(scene, phones, LATE)
    assert (phones.got, phones.calls) == ([], 0)
    assert not Takeover.objects.exists()
    assert set(Sms.objects.values_list("because", flat=True)) == {"no_contact"}


def test_after_a_pause_officers_have_their_five_minutes(
    scene: Scene, phones: Phones, approver: Officer
) -> None:
    scene.pushed()
    pausing.pause(scene.county, by=approver, at=scene.at, reason="等县局核对")
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=20))
    pausing.resume(scene.county, by=approver, at=scene.at + timedelta(minutes=20))
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=24))
    assert not Takeover.objects.exists()
    assert Sms.objects.count() == 1
    send(scene, phones, timedelta(minutes=24))
    assert phones.got == ["15400009001"]
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=25))
    assert Takeover.objects.count() == 3


def test_what_is_stopped_leaves_by_no_way(scene: Scene, phones: Phones, approver: Officer) -> None:
    message = scene.pushed()
    stopping.stop(message.campaign, by=approver, at=scene.at)
    assert Sms.objects.get().state == Sms.State.STOPPED
    for after in (SOON, LATE):
        watching.watch(scene.county.pk, at=scene.at + after)
        send(scene, phones, after)
    assert phones.got == []
    assert not Takeover.objects.exists()


def test_what_is_stopped_while_a_worker_holds_it_is_not_sent_again(
    scene: Scene, phones: Phones, approver: Officer
) -> None:
    message = scene.pushed()
    phones.away = True
    send(scene, phones, timedelta())
    stopping.stop(message.campaign, by=approver, at=scene.at)
    phones.away = False
    send(scene, phones, SOON)
    assert phones.got == []
    assert Sms.objects.get().state == Sms.State.STOPPED


def test_it_is_stopped_although_every_officer_has_sent_theirs(scene: Scene, phones: Phones) -> None:
    message = scene.pushed()
    assert message.campaign is not None
    Share.objects.update(state="cancelled", due_at=None, ended_at=scene.at)
    message.campaign.state, message.campaign.ended_at = "finished", scene.at
    message.campaign.save()
    stopping.stop(message.campaign, by=scene.leader, at=scene.at)
    send(scene, phones, SOON)
    assert phones.got == []
    with pytest.raises(stopping.NotRunning):
        stopping.stop(message.campaign, by=scene.leader, at=scene.at)


def test_who_has_let_it_go_and_who_has_written_it_may_stop_it(scene: Scene) -> None:
    message = scene.written()
    EmergencyMessage.objects.update(drafted_by=scene.duty)
    scene.approve(message)
    assert message.campaign is not None
    for officer in (scene.leader, scene.duty):
        assert policies.can_stop(officer, message.campaign, at=scene.at)
    for officer in (scene.luo, scene.yang):
        with pytest.raises(PermissionDenied):
            stopping.stop(message.campaign, by=officer, at=scene.at)
    message.campaign.is_urgent = False
    assert not policies.can_stop(scene.leader, message.campaign, at=scene.at)


def test_a_gateway_that_does_not_answer_is_left_alone_for_a_while(
    scene: Scene, phones: Phones
) -> None:
    scene.pushed()
    phones.away = True
    assert send(scene, phones, timedelta()) == 0
    assert send(scene, phones, timedelta()) == 0
    assert phones.calls == 1


def test_what_was_accepted_without_an_answer_counts_also_when_it_is_old_news(
    scene: Scene, phones: Phones
) -> None:
    first = scene.pushed()
    batch = texting._take(scene.county.pk, at=scene.at)
    phones.send(batch.texts)  # accepted; the answer got lost with the worker
    scene.pushed(first.event, "clear")
    sent = Sms.objects.get(message=first)
    send(scene, phones, timedelta(minutes=2))
    sent.refresh_from_db()
    assert sent.state == Sms.State.ACCEPTED
    assert len(phones.got) == 2  # the first message and the all-clear, each once


def test_what_the_gateway_never_got_and_is_old_news_is_stopped(
    scene: Scene, phones: Phones
) -> None:
    first = scene.pushed()
    texting._take(scene.county.pk, at=scene.at)  # and the worker died
    scene.pushed(first.event, "clear")
    send(scene, phones, timedelta(minutes=2))
    assert Sms.objects.get(message=first).state == Sms.State.STOPPED
    assert len(phones.got) == 1


def test_a_pause_holds_only_what_nothing_has_replaced(scene: Scene, approver: Officer) -> None:
    first = scene.pushed()
    second = scene.pushed(first.event, "update")
    pausing.pause(scene.county, by=approver, at=scene.at, reason="等县局核对")
    watching.watch(scene.county.pk, at=scene.at + SOON)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.held_until, second.held_until) == (None, scene.at + SOON)
    assert taking_over.late_at(second) == scene.at + SOON + timedelta(minutes=5)
