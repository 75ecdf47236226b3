"""Nobody confirms in five minutes: the duty account sends, over real HTTP, nobody twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta

import pytest

from tests.builders import make_contact, make_officer
from tests.campaigns.emergency.conftest import Scene
from tests.campaigns.over_http import Stage, client, people_known_to
from tests.wecom_simulator.running import Simulator
from wecom_simulator.settings import Settings
from weijing.accounts.models import Role
from weijing.campaigns import stopping
from weijing.campaigns.emergency import reaching, taking_over
from weijing.campaigns.emergency.models import Takeover
from weijing.campaigns.models import Campaign, Delivery, Share
from weijing.residents.models import Contact

State, Outcome = Share.State, Takeover.Outcome
ASK, CANCEL = "externalcontact/add_msg_template", "externalcontact/cancel_groupmsg_send"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    one = Simulator(tmp_path_factory.mktemp("wecom"), "--clock", "frozen=2026-11-24T10:00")
    yield one
    one.stop()


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.admin("settings", **asdict(Settings()))
    process.admin("faults", "DELETE")
    process.advance(26 * 3600)
    return process


@pytest.fixture
def stage(simulator: Simulator, scene: Scene, configure: Callable[..., None]) -> Stage:
    """The scene's own clock is the simulator's; everybody is known to WeCom."""
    configure(wecom_list_lag_seconds=60)
    stage = Stage(simulator, scene.county, client(simulator))
    people_known_to(simulator, scene.county)
    scene.at = stage.now
    return stage


def tick(stage: Stage, seconds: float = 5) -> None:
    stage.advance(seconds)
    stage.tick()
    taking_over.begin(stage.county.pk, at=stage.now)
    taking_over.settle(stage.county.pk, at=stage.now)


def let_pass(stage: Stage, minutes: float) -> None:
    for _ in range(int(minutes * 60 / 15)):
        tick(stage, 15)


def got(stage: Stage) -> Counter[str]:
    """How often each WeChat account really got the message, as WeCom has it."""
    found: Counter[str] = Counter()
    codes = list(Share.objects.values_list("code", flat=True))
    for message in stage.simulator.truth("mass")["messages"]:
        if any(code in message["text"] for code in codes):
            truth = stage.simulator.truth(f"mass/{message['msgid']}")
            sent = [r["external_userid"] for r in truth["recipients"] if r["result"] == "sent"]
            found.update(sent)
    return found


def who(*names: str) -> set[str]:
    rows = Contact.objects.filter(identity__resident__name__in=names)
    return set(rows.values_list("identity__external_userid", flat=True))


def share_of(userid: str, part: int = 0) -> Share:
    return Share.objects.get(officer__wecom_userid=userid, part=part)


def test_who_does_not_confirm_is_replaced_after_five_minutes_and_not_before(
    stage: Stage, scene: Scene
) -> None:
    message = scene.pushed()
    tick(stage)
    stage.advance(10)
    stage.confirm("yang")
    let_pass(stage, 4.5)
    assert not Takeover.objects.exists()
    assert share_of("luo").state == State.ASKED

    let_pass(stage, 2)
    assert stage.messages(share_of("luo"))[0]["cancelled"]
    assert stage.confirm("luo")["messages"] == 0
    assert stage.confirm("duty") == {"messages": 1, "sent": 3, "not_a_friend": 0, "over_quota": 0}
    let_pass(stage, 2)

    assert got(stage) == Counter(dict.fromkeys(who("罗一", "罗二", "罗三", "阳一", "阳二"), 1))
    outcomes = dict(Takeover.objects.values_list("share__officer__username", "outcome"))
    assert outcomes == {"luo": Outcome.HANDED_ON, "far": Outcome.NOBODY}
    assert Delivery.objects.count() == 6
    assert Campaign.objects.get().state == Campaign.State.FINISHED
    found = reaching.reached(message, at=scene.at)
    assert (found.people["wecom"], found.all) == (5, 8)


def test_nothing_is_handed_on_before_wecom_shows_the_cancellation(
    stage: Stage, scene: Scene
) -> None:
    scene.pushed()
    tick(stage)
    stage.simulator.admin("faults", api=CANCEL, kind="http_500", times=6)
    stage.advance(300)
    tick(stage)
    assert share_of("luo").stop == State.CANCELLED
    tick(stage)
    assert share_of("luo").state == State.ASKED
    assert not Share.objects.filter(officer=scene.duty).exists()
    # The officer taps at this very moment: then theirs counts, and nobody else sends.
    assert stage.confirm("luo")["sent"] == 3
    stage.simulator.admin("faults", "DELETE")
    let_pass(stage, 15)
    stage.confirm("duty")
    assert got(stage) == Counter(dict.fromkeys(who("罗一", "罗二", "罗三"), 1))
    assert Takeover.objects.get(share=share_of("luo")).outcome == Outcome.CONFIRMED


def test_an_answer_that_was_lost_is_looked_for_before_anybody_else_sends(
    stage: Stage, scene: Scene
) -> None:
    stage.simulator.admin("settings", list_lag_seconds=50.0)
    stage.simulator.admin("faults", api=ASK, kind="arrived_no_reply", times=3)
    scene.pushed()
    let_pass(stage, 12)
    stage.confirm("luo")
    stage.confirm("duty")
    let_pass(stage, 5)
    assert got(stage) == Counter(dict.fromkeys(who("罗一", "罗二", "罗三"), 1))
    assert all(len(stage.messages(share)) <= 1 for share in Share.objects.all())


def test_a_share_that_wecom_refuses_is_handed_on_at_once(stage: Stage, scene: Scene) -> None:
    stage.simulator.admin("faults", api=ASK, kind="errcode", errcode=40058, times=1)
    scene.pushed()
    stage.tick()
    refused = Share.objects.get(state=State.REFUSED)
    let_pass(stage, 1.5)
    takeover = Takeover.objects.get(share=refused)
    assert takeover.settled_at is not None
    assert takeover.settled_at < scene.at + timedelta(minutes=2)


def test_what_a_person_has_stopped_is_not_taken_over(stage: Stage, scene: Scene) -> None:
    message = scene.pushed()
    tick(stage)
    approver = make_officer(scene.county, "approver", Role.CAMPAIGN_APPROVER, county_desk=True)
    stopping.stop(message.campaign, by=approver, at=stage.now)
    let_pass(stage, 8)
    assert not Share.objects.filter(officer=scene.duty).exists()
    assert not got(stage)


def test_an_all_clear_ends_what_the_duty_account_has_not_sent(stage: Stage, scene: Scene) -> None:
    first = scene.pushed()
    let_pass(stage, 7)
    fallback = share_of("duty")
    assert fallback.state == State.ASKED
    scene.at = stage.now
    scene.pushed(first.event, "clear")
    tick(stage)
    tick(stage)
    assert stage.messages(fallback)[0]["cancelled"]
    for userid in ("luo", "yang", "far"):
        stage.confirm(userid)
    let_pass(stage, 2)
    everybody = who("罗一", "罗二", "罗三", "阳一", "阳二", "远方司机")
    assert got(stage) == Counter(dict.fromkeys(everybody, 1))


def test_ticks_at_the_same_moment_hand_on_once(stage: Stage, scene: Scene) -> None:
    scene.pushed()
    tick(stage)
    stage.advance(300)
    for _ in range(3):
        taking_over.begin(stage.county.pk, at=stage.now)
    stage.tick()
    for _ in range(3):
        taking_over.settle(stage.county.pk, at=stage.now + timedelta(seconds=31))
    assert Share.objects.filter(officer=scene.duty).count() == 1
    assert Takeover.objects.count() == 3


def test_several_officers_of_a_station_become_one_task_of_its_duty_account(
    stage: Stage, scene: Scene
) -> None:
    for name in ("阳一", "阳二"):
        make_contact(scene.duty, scene.residents[name])
    people_known_to(stage.simulator, scene.county)
    scene.pushed()
    let_pass(stage, 7)
    [share] = Share.objects.filter(officer=scene.duty)
    assert (share.people, share.results) == (5, {"pending": 5})
    assert stage.confirm("duty")["sent"] == 5
