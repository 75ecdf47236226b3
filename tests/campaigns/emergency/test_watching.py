"""What nobody has to remember: the periodic look, cards to who is on duty, drills kept here."""

from datetime import timedelta

from django.db import connection

from tests.builders import make_officer
from tests.campaigns.emergency.conftest import Scene
from tests.campaigns.fake_wecom import FakeWeCom
from weijing.accounts.models import Role
from weijing.campaigns import asking
from weijing.campaigns.emergency import reminding, texting, watching
from weijing.campaigns.emergency.models import EmergencyEvent, Sms, Takeover
from weijing.campaigns.models import Share
from weijing.core import sms
from weijing.territory.models import Station


def test_the_periodic_look_finds_the_county_and_takes_over_in_time(scene: Scene) -> None:
    assert watching.counties(at=scene.at) == []
    scene.pushed()
    assert watching.counties(at=scene.at) == [scene.county.pk]
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=4))
    assert not Takeover.objects.exists()
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=5))
    assert Takeover.objects.count() == Share.objects.filter(stop="cancelled").count() == 3


def test_a_county_is_looked_at_until_a_day_after_its_last_all_clear(scene: Scene) -> None:
    last = scene.pushed(scene.pushed().event, "clear")
    assert watching.counties(at=scene.at + timedelta(hours=23)) == [scene.county.pk]
    watching.watch(scene.county.pk, at=scene.at + timedelta(minutes=5))
    assert watching.counties(at=scene.at + timedelta(hours=25)) == [scene.county.pk]
    Takeover.objects.filter(message=last).delete()
    assert watching.counties(at=scene.at + timedelta(hours=25)) == []


def test_short_messages_are_sent_by_one_worker_at_a_time(scene: Scene, phones: object) -> None:
    scene.pushed()
    with connection.cursor() as cursor:
        cursor.execute("SELECT lock FROM procrastinate_jobs WHERE task_name = 'campaigns.send_sms'")
        assert cursor.fetchall() == [("campaigns.send_sms",)]


def test_the_desk_of_the_place_and_the_leaders_are_told_what_waits(scene: Scene) -> None:
    wecom = FakeWeCom(scene.at)
    event = scene.report()
    told: list[tuple[str, ...]] = []
    wecom.text = lambda to, content, **_: told.append((*to.touser, content))  # type: ignore[method-assign]
    assert reminding.tell(event, wecom=wecom, at=scene.at) == 3
    assert {"leader", "leader2", "duty"} <= set(told[0])
    assert "请核实" in told[0][-1]
    first = scene.pushed()
    event = EmergencyEvent.objects.get(pk=first.event_id)
    assert reminding.tell(event, wecom=wecom, at=scene.at + timedelta(hours=3)) == 3
    assert "续报已超期" in told[-1][-1]


def test_the_card_about_another_text_is_another_card(scene: Scene) -> None:
    station = Station.objects.get(county=scene.county, name="小沙江派出所")
    make_officer(scene.county, "nightleader", Role.DUTY_LEADER, station=station)
    told: list[tuple[tuple[str, ...], str]] = []
    wecom = FakeWeCom(scene.at)
    wecom.text = lambda to, content, **_: told.append((to.touser, content))  # type: ignore[method-assign]
    event = scene.verified()
    scene.written(event)
    reminding.tell(event, wecom=wecom, at=scene.at)
    scene.at += timedelta(minutes=4)
    scene.written(event)
    reminding.tell(event, wecom=wecom, at=scene.at)
    scene.approve(event.messages.get())
    scene.written(event, "update")
    event.refresh_from_db()
    reminding.tell(event, wecom=wecom, at=scene.at)
    assert len({content for _, content in told}) == 3
    assert "续报" in told[-1][1]
    assert all("nightleader" in people for people, _ in told)


def test_a_drill_is_not_asked_of_the_real_wecom_even_after_its_approval(
    scene: Scene, configure
) -> None:
    _here(configure)
    scene.approve(scene.written(scene.verified(is_drill=True)))
    configure(wecom_base_url="https://qyapi.weixin.qq.com")
    wecom = FakeWeCom(scene.at)
    share = Share.objects.select_related("campaign", "officer").first()
    assert share is not None
    asking.ask(share, wecom=wecom, at=scene.at, monotonic=wecom.monotonic)
    share.refresh_from_db()
    assert (share.state, wecom.add_calls) == ("cancelled", 0)


def test_a_drill_sends_no_short_message_to_a_real_gateway(scene: Scene, configure) -> None:
    _here(configure, sms_base_url="http://127.0.0.1:1/v1")
    scene.approve(scene.written(scene.verified(is_drill=True)))
    configure(sms_base_url="https://sms.example/v1")
    gateway = sms.HttpGateway("http://127.0.0.1:1/v1", "x")
    texting.send_due(scene.county.pk, gateway=gateway, at=scene.at)
    assert set(Sms.objects.values_list("state", flat=True)) == {"stopped"}


def _here(configure, **fields: str) -> None:
    configure(wecom_base_url="http://127.0.0.1:8100", **fields)
