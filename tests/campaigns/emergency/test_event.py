"""Reported, verified, pushed, updated, cleared: who may do what, and who is told."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from tests.builders import division, make_officer
from tests.campaigns.emergency.conftest import Scene
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.audit.models import AuditEntry
from weijing.campaigns.drafting import RecountChanged
from weijing.campaigns.emergency import (
    approving,
    drilling,
    policies,
    proposing,
    reminding,
    reviewing,
    verifying,
    wording,
    writing,
)
from weijing.campaigns.emergency.approving import NobodyConcerned, NothingWaits
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage
from weijing.campaigns.emergency.reporting import Incomplete
from weijing.campaigns.emergency.verifying import Findings, NotThatFar
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.core.errors import PermissionDenied
from weijing.residents import consent
from weijing.residents.models import Resident
from weijing.territory.models import Station

State = EmergencyEvent.State


def names(campaign: Campaign) -> set[str]:
    rows = Delivery.objects.filter(share__campaign=campaign)
    return set(rows.values_list("resident__name", flat=True))


def test_a_form_sent_twice_reports_one_event(scene: Scene) -> None:
    once = uuid4()
    assert scene.report(once=once) == scene.report(once=once)
    assert scene.report(once=uuid4()).number.endswith("-02")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "earthquake"},
        {"place": "  "},
        {"place": "长" * 101},
        {"place": "K1\0"},
        {"road": None},
        {"source": "rumour"},
        {"happened_at": None},
    ],
    ids=str,
)
def test_a_report_without_what_or_where_is_refused(scene: Scene, wrong: dict[str, object]) -> None:
    if wrong == {"happened_at": None}:
        wrong = {"happened_at": scene.at + timedelta(minutes=1)}
    with pytest.raises(Incomplete):
        scene.report(**wrong)
    assert not EmergencyEvent.objects.exists()


def test_a_road_brings_the_villages_beside_it(scene: Scene) -> None:
    event = scene.report()
    assert [place.name for place in policies.places(event)] == ["桃李村", "红星村"]


def test_drivers_who_often_pass_and_all_beside_the_road_are_proposed(scene: Scene) -> None:
    event = scene.verified()
    found = {group.key: group.tree for group in proposing.groups(event)}
    assert found["residents"] == {"division": ["430524001001", "430524001002"]}
    assert found["often"] == {"tag": ["TRF05003"]}
    people = proposing.people(event)
    told = set(Resident.objects.filter(ordinal__in=people).values_list("name", flat=True))
    assert told == {*(n for n in scene.residents if n != "远方邻居")}


def test_nothing_goes_out_before_it_is_verified(scene: Scene) -> None:
    event = scene.report()
    with pytest.raises(NotThatFar):
        writing.write(event, "first", "不要前往", by=scene.author, at=scene.at)


def test_what_is_not_so_ends_with_a_reason_and_tells_nobody(scene: Scene) -> None:
    event = scene.report()
    with pytest.raises(Incomplete):
        verifying.reject(event, by=scene.author, at=scene.at, because=" ")
    verifying.reject(event, by=scene.author, at=scene.at, because="到场看过，路面完好")
    event.refresh_from_db()
    assert (event.state, Campaign.objects.count()) == (State.REJECTED, 0)
    with pytest.raises(NotThatFar):
        verifying.reject(event, by=scene.author, at=scene.at, because="再来一次")


def test_only_a_duty_leader_lets_it_go_and_may_do_so_alone(scene: Scene) -> None:
    message = scene.written()
    for other in (scene.author, scene.luo, scene.duty):
        with pytest.raises(PermissionDenied):
            scene.approve(message, by=other)
    alone = scene.verified()
    own = writing.write(alone, "first", "请绕行", by=scene.leader, at=scene.at)
    scene.approve(own)
    assert own.campaign is not None
    assert own.campaign.drafted_by_id == own.campaign.released_by_id == scene.leader.pk


def test_an_ordinary_campaign_still_needs_two_people(scene: Scene) -> None:
    message = scene.pushed()
    Campaign.objects.filter(pk=message.campaign_id).update(drafted_by=scene.leader)
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.filter(pk=message.campaign_id).update(is_urgent=False)


def test_everybody_with_a_contact_is_told_whatever_they_said_about_publicity(scene: Scene) -> None:
    person = scene.residents["罗一"]
    consent.give(person, ["publicity"], by=scene.luo, at=scene.at)
    consent.withdraw(person, ["publicity"], by=scene.luo, at=scene.at)
    message = scene.pushed()
    assert message.campaign is not None
    assert names(message.campaign) == {"罗一", "罗二", "罗三", "阳一", "阳二", "远方司机"}
    assert message.people == 8
    assert Share.objects.filter(campaign=message.campaign).count() == 3


def test_two_leaders_at_once_send_it_once(scene: Scene) -> None:
    message = scene.written()
    scene.approve(message)
    with pytest.raises(NothingWaits):
        approving.approve(message, by=scene.second_leader, at=scene.at, people_seen=8)
    assert Campaign.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_taps_in_the_same_moment_send_it_once(scene: Scene) -> None:
    message = scene.written()
    outcomes: list[str] = []

    def tap() -> None:
        try:
            approving.approve(message, by=scene.leader, at=scene.at, people_seen=8)
            outcomes.append("sent")
        except NothingWaits:
            outcomes.append("refused")
        finally:
            connection.close()

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert sorted(outcomes) == ["refused", "sent"]
    assert Delivery.objects.count() == 6


def test_a_number_that_has_moved_is_looked_at_again(scene: Scene) -> None:
    message = scene.written()
    with pytest.raises(RecountChanged):
        approving.approve(message, by=scene.leader, at=scene.at, people_seen=3)
    assert not Campaign.objects.exists()


def test_a_text_written_anew_cannot_be_approved_unread(scene: Scene) -> None:
    event = scene.verified()
    old = scene.written(event)
    scene.written(event)
    with pytest.raises(NothingWaits):
        approving.approve(old, by=scene.leader, at=scene.at, people_seen=8)


def test_an_audience_of_nobody_is_refused(scene: Scene) -> None:
    place = division(scene.county, "金石桥镇", "红星村")
    event = scene.verified(road=None, divisions=[place])
    with pytest.raises(NobodyConcerned):
        message = writing.write(
            event, "first", "请绕行", by=scene.author, at=scene.at,
            audience={"division": [place.code]},
        )  # fmt: skip
        scene.approve(message)
    with pytest.raises(Incomplete):
        writing.write(event, "first", "请绕行", by=scene.author, at=scene.at, audience={})


def test_an_update_is_due_every_two_hours_and_late_after_that(scene: Scene) -> None:
    event = scene.pushed().event
    event.refresh_from_db()
    assert event.update_due_at == scene.at + timedelta(hours=2)
    scope = scope_of(scene.leader, at=scene.at)
    soon = scene.at + timedelta(minutes=100)
    assert reminding.remind(scene.county.pk, at=soon) == 0
    assert reminding.remind(scene.county.pk, at=soon + timedelta(minutes=6)) == 1
    assert reminding.remind(scene.county.pk, at=soon + timedelta(minutes=7)) == 0
    late = scene.at + timedelta(hours=2, minutes=1)
    assert reminding.overdue(scope, at=late) == 1
    scene.at = late
    scene.pushed(event, "update")
    event.refresh_from_db()
    assert (event.state, event.update_due_at) == (State.UPDATED, late + timedelta(hours=2))
    assert reminding.overdue(scope, at=late) == 0


def test_an_update_takes_back_what_nobody_has_confirmed_of_the_one_before(scene: Scene) -> None:
    first = scene.pushed()
    Share.objects.filter(officer=scene.luo).update(
        state="confirmed", msgid="m1", confirmed_at=scene.at
    )
    second = scene.pushed(first.event, "update")
    first.refresh_from_db()
    stops = dict(
        Share.objects.filter(campaign=first.campaign).values_list("officer__username", "stop")
    )
    assert stops == {"luo": "", "yang": "cancelled", "far": "cancelled"}
    assert first.superseded_at == scene.at
    assert names(second.campaign) == names(first.campaign)


def test_the_all_clear_goes_to_the_same_people_also_to_who_lives_elsewhere_now(
    scene: Scene,
) -> None:
    first = scene.pushed()
    Resident.objects.filter(name="罗一").update(
        division=division(scene.county, "金石桥镇", "红星村", "1组")
    )
    scene.person("新来的", "小沙江镇", "桃李村", "1组", officer=scene.luo)
    last = scene.pushed(first.event, "clear")
    assert last.people == first.people
    assert names(last.campaign) == names(first.campaign)
    event = EmergencyEvent.objects.get()
    assert (event.state, event.update_due_at, event.ended_by) == (State.CLEARED, None, scene.leader)
    with pytest.raises(NotThatFar):
        scene.written(event, "update")


def test_a_merged_person_gets_the_all_clear_as_the_one_that_stands_for_them(scene: Scene) -> None:
    from weijing.residents.merges import uniting

    first = scene.pushed()
    scope = scope_of(scene.luo, at=scene.at)
    uniting.unite(
        scene.residents["罗一"], scene.residents["罗二"], by=scene.luo, scope=scope, at=scene.at
    )
    last = scene.pushed(first.event, "clear")
    assert last.people == 7
    assert names(last.campaign) == {"罗一", "罗三", "阳一", "阳二", "远方司机"}


def test_another_person_reviews_what_one_leader_let_go(scene: Scene) -> None:
    message = scene.pushed()
    waiting = reviewing.to_review(scope_of(scene.second_leader, at=scene.at))
    assert list(waiting) == [message]
    assert not reviewing.to_review(scope_of(scene.leader, at=scene.at)).exists()
    with pytest.raises(PermissionDenied):
        reviewing.review(message, by=scene.leader, at=scene.at, was_right=True)
    with pytest.raises(Incomplete):
        reviewing.review(message, by=scene.second_leader, at=scene.at, was_right=False)
    reviewing.review(message, by=scene.second_leader, at=scene.at, was_right=True)
    with pytest.raises(reviewing.ReviewedAlready):
        reviewing.review(message, by=scene.second_leader, at=scene.at, was_right=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyMessage.objects.update(reviewed_by=scene.leader)


def test_a_drill_says_so_in_every_message_and_in_its_number(scene: Scene) -> None:
    drill = scene.verified(is_drill=True)
    assert drill.number.startswith("YL-")
    assert wording.as_sent(drill, "请绕行").startswith("【演练】请绕行")


def test_a_drill_goes_no_further_than_this_machine(scene: Scene, configure) -> None:
    message = scene.written(scene.verified(is_drill=True))
    configure(wecom_base_url="https://qyapi.weixin.qq.com")
    with pytest.raises(drilling.DrillWouldLeave):
        scene.approve(message)
    configure(wecom_base_url="http://127.0.0.1:8100/cgi-bin/", sms_base_url="https://sms.example/")
    with pytest.raises(drilling.DrillWouldLeave):
        scene.approve(message)
    assert not Campaign.objects.exists()
    configure(sms_base_url="")
    scene.approve(message)
    assert message.campaign is not None
    assert message.campaign.is_drill
    assert "【演练】" in message.campaign.body


def test_who_the_place_does_not_concern_neither_sees_nor_handles_it(scene: Scene) -> None:
    event = scene.report()
    station = Station.objects.get(county=scene.county, name="金石桥派出所")
    far = make_officer(scene.county, "chief2", Role.STATION_COMMAND, station=station)
    assert not policies.visible_to(scope_of(far, at=scene.at)).exists()
    assert not policies.can_handle(far, event, at=scene.at)
    assert policies.can_handle(scene.duty, event, at=scene.at)
    found = Findings("photo", "red", scene.at + timedelta(hours=1))
    with pytest.raises(PermissionDenied):
        verifying.verify(event, found, by=far, at=scene.at)


def test_an_administrator_has_no_part_in_it(scene: Scene) -> None:
    admin = make_officer(
        scene.county, "admin", Role.SYSTEM_ADMIN, Role.DUTY_LEADER, county_desk=True
    )
    assert not policies.can_report(admin, at=scene.at)
    assert not policies.can_approve(admin, scene.report(), at=scene.at)


def test_every_step_is_in_the_trail_without_names_or_texts(scene: Scene) -> None:
    first = scene.pushed()
    scene.pushed(first.event, "clear")
    entries = AuditEntry.objects.filter(action__startswith="emergency.")
    assert list(entries.order_by("pk").values_list("action", flat=True)) == [
        "emergency.duty_account_set",
        "emergency.reported",
        "emergency.verified",
        "emergency.written",
        "emergency.pushed",
        "emergency.written",
        "emergency.pushed",
    ]
    assert "罗" not in str(list(entries.values_list("details", flat=True)))
