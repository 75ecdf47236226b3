"""Our remark on a pair in WeCom: written, repaired, corrected by the officer, refused."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import beat_of, division, make_household, make_officer, make_resident
from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom, errors
from weijing.accounts.models import Role
from weijing.accounts.scope import Scope, scope_of
from weijing.residents.labels import noticing, proposals, pushing
from weijing.residents.labels.labelling import Label, label
from weijing.residents.models import (
    Contact,
    RemarkProposal,
    RemarkWrite,
    Resident,
    ResidentChange,
)
from weijing.residents.record import filling
from weijing.sync import refreshing
from weijing.territory.models import County

OURS = "桃李1组-罗样例-户主"
PHONE = "15400000412"


class Pair:
    """An officer p1 and one friend, labelled; the clock is WeCom's and goes on with each step."""

    def __init__(
        self, county: County, simulator: Simulator, wecom: WeCom, now: Callable[[], datetime]
    ) -> None:
        self.county, self.simulator, self.wecom, self.now = county, simulator, wecom, now
        self.corp = Corp(simulator)
        self.corp.found(officers=1)
        self.officer = make_officer(
            county,
            "p1",
            Role.VILLAGE_AUXILIARY,
            Role.STATION_COMMAND,
            beat=beat_of(county, "小沙江镇", "桃李村"),
        )
        self.external_userid = self.corp.friend("p1")
        self.place = division(county, "小沙江镇", "桃李村", "1组")
        self.read()

    @property
    def scope(self) -> Scope:
        return scope_of(self.officer, at=self.now())

    @property
    def contact(self) -> Contact:
        rows = Contact.objects.select_related("officer", "identity__resident__household")
        return rows.get(identity__external_userid=self.external_userid)

    @property
    def person(self) -> Resident:
        return self.contact.identity.resident

    @property
    def proposal(self) -> RemarkProposal:
        return RemarkProposal.objects.get(state="open")

    def label(self, **changes: Any) -> None:
        filled: dict[str, Any] = {
            "name": "罗样例", "phone": PHONE, "division": self.place, "house_number": "12",
            "role": "head", "notice_given": True,
        }  # fmt: skip
        given = Label(**{**filled, **changes})
        label(self.contact, given, by=self.officer, scope=self.scope, at=self.now())

    def push(self) -> bool:
        self.simulator.advance(1)
        contact = self.contact
        return pushing.push_remark(self.county.pk, contact.pk, wecom=self.wecom, at=self.now())

    def read(self) -> None:
        """As a callback or the rolling reading does."""
        self.simulator.advance(1)
        refreshing.refresh_one(self.county.pk, self.external_userid, self.wecom, read_at=self.now())

    def shown(self) -> tuple[str, list[str]]:
        """What WeCom shows now."""
        row = self.corp.truth()["p1", self.external_userid]
        return row["remark"], row["remark_mobiles"]

    def correct(self, **changes: Any) -> None:
        """The officer writes something else in WeCom's client."""
        self.simulator.advance(1)
        self.corp.act("edit", userid="p1", external_userid=self.external_userid, **changes)

    def fail(self, kind: str, **more: Any) -> None:
        """WeCom's next answer about a remark."""
        fault = {"api": "externalcontact/remark", "kind": kind, **more}
        self.simulator.admin("faults", **fault)


@pytest.fixture
def pair(county: County, simulator: Simulator, wecom: WeCom, now: Callable[[], datetime]) -> Pair:
    return Pair(county, simulator, wecom, now)


@pytest.fixture
def written(pair: Pair) -> Pair:
    pair.label()
    assert pair.push()
    pair.read()
    return pair


def test_the_label_reaches_wecom_and_its_echo_is_no_proposal(written: Pair) -> None:
    assert written.shown() == (OURS, [PHONE])
    assert not RemarkProposal.objects.exists()
    row = RemarkWrite.objects.get()
    assert (row.remark, row.due_at, row.refused_code) == (OURS, None, None)


def test_what_wecom_shows_already_is_not_written_again(written: Pair) -> None:
    written.simulator.admin("calls", "DELETE")
    pushing.want(written.county.pk, [written.contact.pk], at=written.now())
    assert written.push()
    assert "externalcontact/remark" not in written.simulator.admin("calls", "GET")["calls"]


def test_another_remark_or_phone_becomes_a_proposal_and_stays_in_wecom(written: Pair) -> None:
    written.correct(remark="桃李1组-罗示例-户主", remark_mobiles=["15400000999"])
    written.read()
    assert written.proposal.remark == "桃李1组-罗示例-户主"
    assert json.loads(written.proposal.mobiles_text) == ["15400000999"]
    assert [(one.what, one.after) for one in proposals.changes(written.proposal)] == [
        ("姓名", "罗示例"),
        ("电话", "154****0999"),
    ]
    # Not even a change of the record overwrites it before somebody has decided.
    pushing.want_rewritten(written.county.pk, [written.person.pk], at=written.now())
    written.push()
    assert written.shown()[0] == "桃李1组-罗示例-户主"


def test_accepting_corrects_the_record_and_writes_the_remark_by_the_rule(written: Pair) -> None:
    written.correct(remark="1组罗示例", remark_mobiles=["15400000999"])
    written.read()
    proposals.accept(written.proposal, by=written.officer, scope=written.scope, at=written.now())
    assert (written.person.name, written.person.phone) == ("罗示例", "15400000999")
    assert written.person.initials == "lsl"
    written.push()
    written.read()
    assert written.shown() == ("桃李1组-罗示例-户主", ["15400000999"])
    assert not RemarkProposal.objects.filter(state="open").exists()
    change = ResidentChange.objects.get(source="wecom")
    assert change.after == {"姓名": "罗示例", "电话": "154****0999"}


def test_restoring_writes_our_remark_again(written: Pair) -> None:
    written.correct(remark="老罗", remark_mobiles=[])
    written.read()
    proposals.restore(written.proposal, by=written.officer, scope=written.scope, at=written.now())
    written.push()
    written.read()
    assert written.shown() == (OURS, [PHONE])
    assert written.person.name == "罗样例"
    assert RemarkProposal.objects.get().state == "dismissed"


def test_a_remark_that_says_nothing_of_the_person_stays_as_it_is(written: Pair) -> None:
    written.correct(remark="卖鱼的，晚上打12345")
    written.read()
    taken = proposals.accept(
        written.proposal, by=written.officer, scope=written.scope, at=written.now()
    )
    assert taken == []
    written.read()
    assert written.shown()[0] == "卖鱼的，晚上打12345"
    assert not RemarkProposal.objects.filter(state="open").exists()


@pytest.mark.parametrize("remark", ["罗样例吸毒", "罗 110105 19491231 0026"])
def test_what_must_not_stand_in_wecom_is_not_accepted(written: Pair, remark: str) -> None:
    written.correct(remark=remark)
    written.read()
    with pytest.raises(proposals.UnfitRemark):
        proposals.accept(
            written.proposal, by=written.officer, scope=written.scope, at=written.now()
        )
    assert written.person.name == "罗样例"


def test_another_group_is_no_matter_of_a_remark(written: Pair) -> None:
    written.correct(remark="桃李2组-罗样例-户主")
    written.read()
    with pytest.raises(proposals.MovesHome, match="桃李村 1组"):
        proposals.accept(
            written.proposal, by=written.officer, scope=written.scope, at=written.now()
        )


def test_a_phone_of_somebody_else_is_not_accepted(written: Pair) -> None:
    make_resident(written.place, "周示例", phone="15400000999")
    written.correct(remark_mobiles=["15400000999"])
    written.read()
    with pytest.raises(filling.PhoneTaken):
        proposals.accept(
            written.proposal, by=written.officer, scope=written.scope, at=written.now()
        )
    assert written.person.phone == PHONE


def test_two_people_decide_once(written: Pair) -> None:
    written.correct(remark="1组罗示例")
    written.read()
    stale = written.proposal
    proposals.restore(stale, by=written.officer, scope=written.scope, at=written.now())
    with pytest.raises(proposals.AlreadyDecided, match="没有再改"):
        proposals.accept(stale, by=written.officer, scope=written.scope, at=written.now())
    assert written.person.name == "罗样例"


def test_a_blank_or_what_stood_before_is_a_loss_and_is_repaired(written: Pair) -> None:
    written.correct(remark="", remark_mobiles=[])
    written.read()
    assert not RemarkProposal.objects.exists()
    written.push()
    assert written.shown() == (OURS, [PHONE])


def test_an_officer_who_puts_our_remark_back_ends_the_proposal(written: Pair) -> None:
    written.correct(remark="老罗")
    written.read()
    written.correct(remark=OURS)
    written.read()
    assert RemarkProposal.objects.get().state == "dismissed"


def test_a_further_correction_replaces_the_one_that_waits(written: Pair) -> None:
    for remark in ("老罗", "罗示例"):
        written.correct(remark=remark)
        written.read()
    assert written.proposal.remark == "罗示例"


def test_a_phone_noted_beside_ours_is_kept(written: Pair) -> None:
    written.correct(remark_mobiles=[PHONE, "15400000999"])
    written.read()
    assert not RemarkProposal.objects.exists()
    Resident.objects.filter(pk=written.person.pk).update(household_role="family")
    pushing.want_rewritten(written.county.pk, [written.person.pk], at=written.now())
    written.push()
    assert written.shown() == ("桃李1组-罗样例-家人", [PHONE, "15400000999"])


def test_an_older_reading_says_nothing_about_a_younger_remark(pair: Pair) -> None:
    pair.correct(remark="老罗")
    asked_at = pair.now()
    pair.read()
    pair.label()
    pair.push()
    contact = pair.contact
    Contact.objects.filter(pk=contact.pk).update(remark="老罗", seen_at=asked_at)
    noticing.notice(pair.county.pk, [contact.pk], at=asked_at)
    assert not RemarkProposal.objects.exists()
    assert RemarkWrite.objects.get().due_at is None


def test_what_a_reading_missed_is_noticed_in_the_night(written: Pair) -> None:
    at = written.now() + timedelta(hours=1)
    Contact.objects.update(remark="罗示例", seen_at=at)
    assert noticing.notice_all(written.county.pk, at=at) == 1
    assert written.proposal.remark == "罗示例"


def test_a_second_person_of_the_name_changes_the_remark_of_the_first(written: Pair) -> None:
    Resident.objects.filter(pk=written.person.pk).update(born_on="1985-01-01")
    home = make_household(written.place, "3")
    other = make_resident(written.place, "罗样例", household=home)  # born in 1980
    pushing.want_rewritten(written.county.pk, [other.pk], at=written.now())
    written.push()
    assert written.shown()[0] == "桃李1组-罗样例85-户主"


def test_namesakes_of_one_year_are_told_apart_by_the_house(written: Pair) -> None:
    Resident.objects.filter(pk=written.person.pk).update(born_on="1980-02-01")
    make_resident(written.place, "罗样例", household=make_household(written.place, "3"))
    pushing.want_rewritten(written.county.pk, [written.person.pk], at=written.now())
    written.push()
    assert written.shown()[0] == "桃李1组-罗样例12号-户主"


@pytest.mark.parametrize("code", [40058, 84061, 40096, 60011])
def test_a_refusal_is_kept_and_not_repeated_by_itself(pair: Pair, code: int) -> None:
    pair.label()
    pair.fail("errcode", errcode=code)
    assert not pair.push()
    row = RemarkWrite.objects.get()
    assert (row.refused_code, row.due_at) == (code, None)
    assert pushing.push_due(pair.county.pk, wecom=pair.wecom, at=pair.now()) == 0


def test_a_missing_right_is_kept_and_tried_again_later(pair: Pair) -> None:
    pair.label()
    pair.fail("errcode", errcode=48002)
    with pytest.raises(errors.Misconfigured):
        pair.push()
    row = RemarkWrite.objects.get()
    assert row.refused_code == 48002
    assert row.due_at is not None
    assert row.due_at > pair.now()
    later = row.due_at
    assert pushing.push_due(pair.county.pk, wecom=pair.wecom, at=later) == 1
    assert pair.shown()[0] == OURS
    assert RemarkWrite.objects.get().refused_code is None


def test_a_wecom_that_is_away_costs_nothing_but_time(pair: Pair) -> None:
    pair.label()
    pair.fail("not_arrived", times=None)
    with pytest.raises((errors.Unavailable, errors.Unanswered)):
        pair.push()
    row = RemarkWrite.objects.get()
    assert row.refused_code is None
    assert row.due_at is not None
    pair.simulator.admin("faults", "DELETE")
    assert pushing.push_due(pair.county.pk, wecom=pair.wecom, at=row.due_at) == 1
    assert pair.shown()[0] == OURS


def test_who_only_wrote_a_remark_in_wecom_keeps_it(pair: Pair) -> None:
    """Nobody has labelled this contact: the remark is the officer's own."""
    pair.correct(remark="老罗")
    pair.read()
    pair.push()
    assert pair.shown()[0] == "老罗"
