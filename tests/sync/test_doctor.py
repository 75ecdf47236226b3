"""Every rule of the doctor is broken once on purpose: a check that never fails proves nothing."""

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner
from django.db import connection

from tests.builders import (
    division,
    make_contact,
    make_household,
    make_officer,
    make_resident,
    make_tag,
)
from tests.sync.corp import Corp
from tests.wecom_simulator.running import Simulator
from wecom_api import WeCom
from weijing.accounts.models import Officer, Role
from weijing.audiences import saving
from weijing.audiences.index import checkpoints
from weijing.audiences.index import keeping as audience_index
from weijing.audit import sealing, trail
from weijing.campaigns.emergency.models import EmergencyEvent, EmergencyMessage, Sms, Takeover
from weijing.campaigns.models import Campaign, CampaignPause, Delivery, Share, StrayTask
from weijing.core import env
from weijing.residents.figures import keeping
from weijing.residents.models import (
    AudienceChange,
    Contact,
    ContactWay,
    OrdinalCounter,
    Resident,
    WechatIdentity,
)
from weijing.sync.address_book import read_address_book
from weijing.sync.contacts_full import read_all
from weijing.sync.doctor import command, examining
from weijing.sync.doctor.checks import Patient
from weijing.sync.doctor.examining import CHECKS, CLEAN, COULD_NOT_CHECK, VIOLATED
from weijing.sync.models import ContactRefresh, Greeting, InboxEvent
from weijing.sync.refreshing import refresh_due
from weijing.tags.catalogue_sync import sync_catalogue
from weijing.territory.models import County, Station

Now = Callable[[], datetime]
AT = datetime.fromisoformat("2026-11-24T10:00:00+08:00")


@pytest.fixture
def ward(county: County) -> "Ward":
    return Ward(county)


class Ward:
    """A healthy little county, and ways to make it ill."""

    def __init__(self, county: County) -> None:
        self.county = county
        self.officer = make_officer(county, "p1", station=Station.objects.all()[0])
        self.author = make_officer(county, "author", county_desk=True)
        self.approver = make_officer(county, "approver", county_desk=True)
        self.place = division(county, "小沙江镇", "桃李村", "1组")
        self.home = make_household(self.place)
        self.resident = make_resident(
            self.place, household=self.home, consents=("contact", "publicity")
        )
        self.contact = make_contact(self.officer, self.resident)
        self.campaign = Campaign.objects.create(
            county=county, number="QF-1", title="t", drafted_by=self.author, drafted_at=AT,
            edited_at=AT, released_by=self.approver, released_at=AT, state="released",
        )  # fmt: skip
        self.share = Share.objects.create(
            county=county, campaign=self.campaign, officer=self.officer, code="7K2Q",
            state="finished", people=1, msgid="m1", intent_at=AT, asked_at=AT,
            confirmed_at=AT, ended_at=AT, results={"sent": 1},
        )  # fmt: skip
        self.delivery = Delivery.objects.create(
            county=county, share=self.share, resident=self.resident,
            external_userid="wm1", result="sent", sent_at=AT,
        )  # fmt: skip

    def second_share(self, **fields: object) -> Share:
        values: dict[str, object] = {
            "county": self.county, "campaign": self.campaign, "officer": self.approver,
            "code": "8M3R", "state": "waiting", "people": 0, "due_at": AT, **fields,
        }  # fmt: skip
        return Share.objects.create(**values)

    def findings(self) -> dict[str, int]:
        """Counts by rule, of those that are broken or noticed."""
        results = examining.examine(Patient(self.county, AT), deep=False)
        assert [r.could_not for r in results if r.could_not] == []
        return {r.check.name: r.offenders.count for r in results if r.offenders.count}


def inbox(key: str = "k", **fields: object) -> None:
    values = {
        "key": key, "corpid": "ww", "xml_sealed": b"x", "received_at": AT,
        "last_received_at": AT, **fields,
    }  # fmt: skip
    InboxEvent.objects.create(**values)


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def alter(statement: str) -> None:
    """Tables with checks still to be made at the commit cannot be altered: make them now."""
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(statement)


EARLIER = AT - timedelta(hours=3)


def spoiled_spool(ward: Ward) -> None:
    directory = env.environment().var / "spool"
    directory.mkdir(exist_ok=True)
    path = directory / "1-1.parked"
    path.write_bytes(b"x")
    os.utime(path, (EARLIER.timestamp(), EARLIER.timestamp()))


def never_taken(ward: Ward) -> None:
    inbox(last_received_at=EARLIER)


def taken_without_a_time(ward: Ward) -> None:
    inbox(outcome="applied")


def parked_event(ward: Ward) -> None:
    inbox(outcome="parked", applied_at=AT)


def forgotten_wish(ward: Ward) -> None:
    ContactRefresh.objects.create(
        county=ward.county, external_userid="wm1", wanted_at=EARLIER, due_at=EARLIER
    )


def parked_wish(ward: Ward) -> None:
    ContactRefresh.objects.create(
        county=ward.county, external_userid="wm1", wanted_at=AT, due_at=AT,
        parked_because="errcode 40058",
    )  # fmt: skip


def kept_welcome_code(ward: Ward) -> None:
    Greeting.objects.create(
        county=ward.county, code_digest="d", code="CODE", userid="p1", external_userid="wm1",
        not_after=AT - timedelta(days=2),
    )  # fmt: skip


def shared_ordinal(ward: Ward) -> None:
    alter("ALTER TABLE residents_resident DROP CONSTRAINT resident_ordinal")
    other = make_resident(ward.place, "罗二", household=ward.home)
    Resident.objects.filter(pk=other.pk).update(ordinal=ward.resident.ordinal)


def counter_set_back(ward: Ward) -> None:
    OrdinalCounter.objects.update(next_ordinal=0)


def wasted_ordinals(ward: Ward) -> None:
    OrdinalCounter.objects.update(next_ordinal=1_000_000)


def consent_without_record(ward: Ward) -> None:
    person = make_resident(ward.place, "罗三", household=ward.home)
    Resident.objects.filter(pk=person.pk).update(consents=["publicity"])


def account_of_a_merged_person(ward: Ward) -> None:
    other = make_resident(ward.place, "罗四", household=ward.home, lifecycle="duplicate")
    make_contact(ward.officer, other)


def live_contact_with_an_end(ward: Ward) -> None:
    Contact.objects.filter(pk=ward.contact.pk).update(ended_at=AT)


def moved_alone(ward: Ward) -> None:
    elsewhere = division(ward.county, "金石桥镇")
    Resident.objects.filter(pk=ward.resident.pk).update(division=elsewhere)


def asked_without_a_task(ward: Ward) -> None:
    alter("ALTER TABLE campaigns_share DROP CONSTRAINT share_asked_has_a_msgid")
    Share.objects.filter(pk=ward.share.pk).update(msgid=None)


def one_code_on_two_shares(ward: Ward) -> None:
    alter("ALTER TABLE campaigns_share DROP CONSTRAINT share_code")
    ward.second_share(code=ward.share.code)


def share_without_an_exit(ward: Ward) -> None:
    ward.second_share(due_at=None)


def share_unsure_for_hours(ward: Ward) -> None:
    ward.second_share(state="unsure", intent_at=EARLIER)


def share_for_a_person(ward: Ward) -> None:
    ward.second_share(needs_person=True)


def stray_task(ward: Ward) -> None:
    StrayTask.objects.create(county=ward.county, msgid="m9", code="9Z9Z", seen_at=EARLIER)


def ended_with_a_live_share(ward: Ward) -> None:
    ward.second_share()
    Campaign.objects.filter(pk=ward.campaign.pk).update(state="finished")


def draft_that_was_released(ward: Ward) -> None:
    Campaign.objects.filter(pk=ward.campaign.pk).update(state="draft")


def finished_without_an_end(ward: Ward) -> None:
    Share.objects.filter(pk=ward.share.pk).update(ended_at=None)


def sent_without_consent(ward: Ward) -> None:
    stranger = make_resident(ward.place, "罗五", household=ward.home)
    Delivery.objects.create(
        county=ward.county, share=ward.share, resident=stranger, external_userid="wm5",
        result="sent",
    )  # fmt: skip
    Share.objects.filter(pk=ward.share.pk).update(results={"sent": 2})


def sent_twice(ward: Ward) -> None:
    Delivery.objects.create(
        county=ward.county, share=ward.share, resident=ward.resident, external_userid="wm1b",
        result="sent",
    )  # fmt: skip
    Share.objects.filter(pk=ward.share.pk).update(results={"sent": 2})


def results_miscounted(ward: Ward) -> None:
    Share.objects.filter(pk=ward.share.pk).update(results={"sent": 7})


def open_key(ward: Ward) -> None:
    alter("ALTER TABLE residents_contact DROP CONSTRAINT residents_contact_officer_id_county_fk")


def county_may_be_empty(ward: Ward) -> None:
    alter("ALTER TABLE sync_behaviourday ALTER COLUMN county_id DROP NOT NULL")


def dropped_constraint(ward: Ward) -> None:
    alter("ALTER TABLE sync_behaviourday DROP CONSTRAINT behaviour_day")


def older_tables(ward: Ward) -> None:
    sql("DELETE FROM django_migrations WHERE app = 'sync' AND name = "
        "(SELECT max(name) FROM django_migrations WHERE app = 'sync')")  # fmt: skip


def job_of_a_dead_worker(ward: Ward) -> None:
    sql("INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
        "VALUES ('normal', 'x', '{}', 'doing')")  # fmt: skip


def job_nobody_does(ward: Ward) -> None:
    sql("INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, scheduled_at) "
        "VALUES ('normal', 'x', '{}', 'todo', %s)", EARLIER)  # fmt: skip


def job_given_up(ward: Ward) -> None:
    sql("INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
        "VALUES ('normal', 'x', '{}', 'failed')")  # fmt: skip


def household_counted_by_nobody(ward: Ward) -> None:
    keeping.fold(ward.county.pk, at=AT)
    make_household(ward.place, "99")


def changed_behind_the_log(ward: Ward) -> None:
    """Whoever counts from the checkpoint would not know."""
    with audience_index.current(ward.county.pk) as index:
        checkpoints.write(ward.county.pk, index)
    Resident.objects.filter(county=ward.county, pk=ward.resident.pk).update(sex="f")


def way(ward: Ward, **fields: object) -> ContactWay:
    return ContactWay.objects.create(
        county=ward.county, officer=ward.officer, state="w", created_at=EARLIER, **fields
    )


def code_never_made(ward: Ward) -> None:
    way(ward)


def code_never_taken_down(ward: Ward) -> None:
    way(ward, config_id="c", ended_at=EARLIER)


def code_that_wecom_would_not_delete(ward: Ward) -> None:
    way(ward, config_id="c", ended_at=EARLIER, refused_because="40003", attempts=5)


def code_refused(ward: Ward) -> None:
    way(ward, refused_because="41054")


def emergency(ward: Ward, **fields: object) -> EmergencyMessage:
    """A message that went out an hour ago and was reviewed."""
    event = EmergencyEvent.objects.create(
        county=ward.county, number="JJ-1", kind="ice", place="K1", happened_at=AT, source="patrol",
        reported_by=ward.author, reported_at=AT, state="pushed", pushed_at=AT,
        update_due_at=fields.pop("update_due_at", AT + timedelta(hours=1)),
    )  # fmt: skip
    values: dict[str, object] = {
        "county": ward.county, "event": event, "seq": 1, "kind": "first", "body": "t",
        "drafted_by": ward.author, "drafted_at": AT, "campaign": ward.campaign, "people": 1,
        "who": b"", "approved_by": ward.approver, "approved_at": AT,
        "reviewed_by": ward.author, "reviewed_at": AT, **fields,
    }  # fmt: skip
    return EmergencyMessage.objects.create(**values)


def gateway_away(ward: Ward) -> None:
    settings = env.environment()  # `own_var` puts them back
    settings.sms_base_url, settings.sms_secret = "http://127.0.0.1:1/v1", "x"


def short_message_without_an_exit(ward: Ward) -> None:
    Sms.objects.create(
        county=ward.county, message=emergency(ward), resident=ward.resident,
        phone_index=uuid4(), because="no_contact", due_at=None,
    )  # fmt: skip


def takeover_left_open(ward: Ward) -> None:
    Takeover.objects.create(
        county=ward.county, message=emergency(ward), share=ward.share, started_at=EARLIER
    )


def drill_without_the_word(ward: Ward) -> None:
    Campaign.objects.filter(pk=ward.campaign.pk).update(is_drill=True, body="不要前往")


def news_not_given(ward: Ward) -> None:
    emergency(ward, update_due_at=EARLIER)


def emergency_nobody_reviewed(ward: Ward) -> None:
    emergency(ward, approved_at=AT - timedelta(hours=25), reviewed_by=None, reviewed_at=None)


def act_not_sealed(ward: Ward) -> None:
    trail.record(None, "campaign.drafted", ward.campaign, at=AT - timedelta(minutes=4))


ILLS = [
    ("audit.sealed", act_not_sealed),
    ("ways.made", code_never_made),
    ("ways.ended", code_never_taken_down),
    ("ways.parked", code_that_wecom_would_not_delete),
    ("ways.refused", code_refused),
    ("callbacks.spool", spoiled_spool),
    ("callbacks.taken", never_taken),
    ("callbacks.outcome", taken_without_a_time),
    ("callbacks.parked", parked_event),
    ("refresh.moving", forgotten_wish),
    ("refresh.parked", parked_wish),
    ("greetings.ended", kept_welcome_code),
    ("ordinals.unique", shared_ordinal),
    ("ordinals.counted", counter_set_back),
    ("ordinals.dense", wasted_ordinals),
    ("consents.recorded", consent_without_record),
    ("identities.owned", account_of_a_merged_person),
    ("contacts.ended", live_contact_with_an_end),
    ("households.place", moved_alone),
    ("figures.coverage", household_counted_by_nobody),
    ("figures.audiences", changed_behind_the_log),
    ("shares.msgid", asked_without_a_task),
    ("shares.code", one_code_on_two_shares),
    ("shares.exit", share_without_an_exit),
    ("shares.unsure", share_unsure_for_hours),
    ("shares.person", share_for_a_person),
    ("shares.strays", stray_task),
    ("campaigns.ended", ended_with_a_live_share),
    ("campaigns.released", draft_that_was_released),
    ("shares.times", finished_without_an_end),
    ("deliveries.consent", sent_without_consent),
    ("deliveries.once", sent_twice),
    ("shares.results", results_miscounted),
    ("sms.gateway", gateway_away),
    ("sms.moving", short_message_without_an_exit),
    ("emergencies.takeovers", takeover_left_open),
    ("emergencies.drills", drill_without_the_word),
    ("emergencies.news", news_not_given),
    ("emergencies.reviews", emergency_nobody_reviewed),
    ("tenancy.keys", open_key),
    ("tenancy.county", county_may_be_empty),
    ("tables.constraints", dropped_constraint),
    ("tables.version", older_tables),
    ("jobs.stalled", job_of_a_dead_worker),
    ("jobs.late", job_nobody_does),
    ("jobs.failed", job_given_up),
]
WITH_COMPANY = {  # the guard in the database had to be taken away first
    "ordinals.unique": {"tables.constraints"},
    "shares.msgid": {"tables.constraints"},
    "shares.code": {"tables.constraints"},
}
# The tests' own database is the embedded one, and there is no gateway.
SHOWN_ON_TRIAL = {"database.server", "sms.none"}


@pytest.fixture(autouse=True)
def own_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spool of this test's own."""
    monkeypatch.setattr(env.environment(), "secrets_file", env.environment().secrets_path)
    monkeypatch.setattr(env.environment(), "var", tmp_path)
    for name in ("sms_base_url", "sms_secret"):  # one test sets them
        monkeypatch.setattr(env.environment(), name, "")


def test_a_healthy_county_breaks_no_rule(ward: Ward) -> None:
    assert ward.findings().keys() <= SHOWN_ON_TRIAL


@pytest.mark.parametrize(("rule", "fall_ill"), ILLS, ids=[name for name, _ in ILLS])
def test_each_rule_finds_what_breaks_it(
    ward: Ward, rule: str, fall_ill: Callable[[Ward], None]
) -> None:
    fall_ill(ward)

    found = ward.findings().keys() - SHOWN_ON_TRIAL

    assert found == {rule} | WITH_COMPANY.get(rule, set())


def test_what_waits_because_the_county_is_paused_is_no_fault(ward: Ward) -> None:
    takeover_left_open(ward)
    Sms.objects.create(
        county=ward.county, message=EmergencyMessage.objects.get(), resident=ward.resident,
        phone_index=uuid4(), because="no_contact", due_at=EARLIER,
    )  # fmt: skip
    moving = {"sms.moving", "emergencies.takeovers"}
    assert moving <= ward.findings().keys()
    CampaignPause.objects.create(county=ward.county, reason="t", paused_at=AT)
    assert not moving & ward.findings().keys()


def test_every_rule_has_been_broken_here() -> None:
    broken = {name for name, _ in ILLS} | {name for name, _ in DIFFERENCES}
    assert {check.name for check in CHECKS} == broken | {
        *SHOWN_ON_TRIAL,  # broken in all of these tests
        "audit.as_written",  # below
        "callbacks.key",  # below
        "figures.saved_audiences",  # below
        "mirror.shares",  # below
    }


def test_an_act_that_was_rewritten_is_found(ward: Ward) -> None:
    act_not_sealed(ward)
    sealing.seal(ward.county.pk, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditentry SET action = 'nothing.done'")

    results = examining.examine(Patient(ward.county, AT), deep=True)

    found = {result.check.name for result in results if result.is_violated}
    assert "audit.as_written" in found


def test_a_saved_audience_that_means_others_than_the_rows_is_found(ward: Ward) -> None:
    author = make_officer(ward.county, "saver", Role.CAMPAIGN_AUTHOR, county_desk=True)
    women = saving.save("女", name="妇女", by=author, at=AT)
    saving.save("收到过(7天) 或 已联系", name="收到过的", by=author, at=AT)

    def found() -> list[str]:
        results = examining.examine(Patient(ward.county, AT), deep=True)
        (rule,) = [r for r in results if r.check.name == "figures.saved_audiences"]
        assert not rule.could_not
        return rule.offenders.examples

    AudienceChange.objects.all().delete()  # else this transaction's own people are looked at again
    assert found() == []
    Resident.objects.filter(county=ward.county, pk=ward.resident.pk).update(sex="f")
    assert found() == [str(women.pk)]


def test_a_callback_under_another_key_is_found(ward: Ward) -> None:
    inbox(key="a" * 64, outcome="applied", applied_at=AT)

    results = examining.examine(Patient(ward.county, AT), deep=True)

    (key,) = [r for r in results if r.check.name == "callbacks.key"]
    assert (key.offenders.count, key.offenders.examples) == (1, ["a" * 64])


# --- against WeCom ---------------------------------------------------------------------------


@pytest.fixture
def mirrored(county: County, corp: Corp, wecom: WeCom, now: Now) -> Corp:
    """Three officers, 260 contacts, one tag: read, and nothing outstanding."""
    make_tag(county, "OCC01001", "货车司机")
    corp.found(officers=3, contacts=260)
    read_address_book(county.pk, wecom)
    sync_catalogue(county, wecom=wecom)
    read_all(county.pk, wecom, now=now)
    return corp


def deep(county: County, wecom: WeCom, now: Now) -> dict[str, int]:
    results = examining.examine(Patient(county, now(), wecom), deep=True)
    assert [r.could_not for r in results if r.could_not] == []
    return {r.check.name: r.offenders.count for r in results if r.check.name.startswith("mirror.")}


def test_after_a_reading_the_mirror_equals_wecom(
    mirrored: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    assert set(deep(county, wecom, now).values()) == {0}


def first_contact() -> Contact:
    return Contact.objects.order_by("pk")[0]


def contact_missing(corp: Corp) -> None:
    first_contact().delete()


def contact_too_many(corp: Corp) -> None:
    person = WechatIdentity.objects.create(
        county=County.objects.get(), external_userid="wmNobody",
        resident=Resident.objects.order_by("pk")[0],
    )  # fmt: skip
    Contact.objects.create(
        county=person.county, officer=Officer.objects.filter(serves_residents=True)[0],
        identity=person, added_at=AT, seen_at=AT,
    )  # fmt: skip


def contact_ended_here_only(corp: Corp) -> None:
    Contact.objects.filter(pk=first_contact().pk).update(state="removed_by_officer", ended_at=AT)


def other_remark(corp: Corp) -> None:
    Contact.objects.filter(pk=first_contact().pk).update(remark="不同")


def other_tags(corp: Corp) -> None:
    Contact.objects.filter(pk=first_contact().pk).update(wecom_tag_ids=["et1"])


def other_phones(corp: Corp) -> None:
    contact = first_contact()
    contact.remark_mobiles_text = json.dumps(["13800000001"])
    contact.save()


def other_nickname(corp: Corp) -> None:
    WechatIdentity.objects.filter(pk=first_contact().identity_id).update(nickname="不同")


def officer_missing(corp: Corp) -> None:
    corp.member("p9", department=[2])


def station_renamed(corp: Corp) -> None:
    corp.department(2, "小沙江中心派出所")


def tag_renamed(corp: Corp) -> None:
    library = corp.simulator.call("externalcontact/get_corp_tag_list")
    corp.act("tags", delete={"tag_id": [library["tag_group"][0]["tag"][0]["id"]]})


def row_of_a_code(corp: Corp, **fields: object) -> ContactWay:
    officer = Officer.objects.get(wecom_userid="p1")
    values = {"officer": officer, "state": "w", "member_userids": ["p1"], **fields}
    long_ago = AT - timedelta(days=30)  # before WeCom's clock of these tests
    return ContactWay.objects.create(county=officer.county, created_at=long_ago, **values)


def code_made(corp: Corp, userid: str, state: str) -> str:
    answer = corp.simulator.call(
        "externalcontact/add_contact_way", type=1, scene=2, user=[userid], state=state
    )
    return str(answer["config_id"])


def code_gone(corp: Corp) -> None:
    row_of_a_code(corp, config_id="gone")


def code_of_somebody_else(corp: Corp) -> None:
    row_of_a_code(corp, config_id=code_made(corp, "p2", "w"))


def code_that_no_row_knows(corp: Corp) -> None:
    row_of_a_code(corp)
    code_made(corp, "p1", "w" + "2" * 16)
    code_made(corp, "p1", "of another program")


DIFFERENCES = [
    ("mirror.ways", code_gone),
    ("mirror.ways", code_of_somebody_else),
    ("mirror.ways", code_that_no_row_knows),
    ("mirror.contacts", contact_missing),
    ("mirror.contacts", contact_too_many),
    ("mirror.contacts", contact_ended_here_only),
    ("mirror.contacts", other_remark),
    ("mirror.contacts", other_tags),
    ("mirror.contacts", other_phones),
    ("mirror.contacts", other_nickname),
    ("mirror.officers", officer_missing),
    ("mirror.stations", station_renamed),
    ("mirror.tags", tag_renamed),
]


@pytest.mark.parametrize(
    ("rule", "differ"), DIFFERENCES, ids=[differ.__name__ for _, differ in DIFFERENCES]
)
def test_each_planted_difference_is_found(
    mirrored: Corp, county: County, wecom: WeCom, now: Now, rule: str,
    differ: Callable[[Corp], None],
) -> None:  # fmt: skip
    differ(mirrored)

    assert {name: count for name, count in deep(county, wecom, now).items() if count} == {rule: 1}


def test_a_share_whose_officer_confirmed_unnoticed_is_found(
    mirrored: Corp, county: County, wecom: WeCom, simulator: Simulator, now: Now
) -> None:
    contact = Contact.objects.select_related("officer", "identity").order_by("pk")[0]
    author, approver = make_officer(county, "a"), make_officer(county, "b")
    added = wecom.group_messages.add_msg_template(
        sender=contact.officer.wecom_userid, text="通知〔隆警7K2Q〕",
        external_userids=[contact.identity.external_userid],
    )  # fmt: skip
    campaign = Campaign.objects.create(
        county=county, number="QF-1", title="t", drafted_by=author, drafted_at=AT, edited_at=AT,
        released_by=approver, released_at=AT, state="released",
    )  # fmt: skip
    Share.objects.create(
        county=county, campaign=campaign, officer=contact.officer, code="7K2Q", state="asked",
        people=1, msgid=added.msgid, asked_at=AT, due_at=now() + timedelta(hours=1),
    )  # fmt: skip
    Officer.objects.filter(username__in=["a", "b"]).update(wecom_userid="")
    simulator.advance(60)
    assert deep(county, wecom, now)["mirror.shares"] == 0

    mirrored.act("mass/confirm", userid=contact.officer.wecom_userid)

    assert deep(county, wecom, now)["mirror.shares"] == 1


def test_a_repair_reads_afresh_and_the_mirror_is_equal(
    mirrored: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    other_remark(mirrored)
    contact_missing(mirrored)

    result = CliRunner().invoke(command.doctor, ["--repair", "contacts", "--deep", "--json"])

    found = json.loads(result.stdout)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert states["mirror.contacts"] == "holds"


# --- the command -----------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, dict[str, str]]:
    result = CliRunner().invoke(command.doctor, [*arguments, "--json"])
    found = json.loads(result.stdout)
    return result.exit_code, {check["name"]: check["state"] for check in found["checks"]}


def test_it_exits_with_0_when_clean_and_1_when_a_rule_is_broken(ward: Ward) -> None:
    Share.objects.update(due_at=None)
    assert run()[0] == CLEAN

    results_miscounted(ward)

    code, states = run()
    assert (code, states["shares.results"]) == (VIOLATED, "broken")


def test_it_exits_with_2_when_wecom_cannot_be_asked(
    mirrored: Corp, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.admin("faults", api="*", kind="errcode", errcode=48002, times=None)

    code, states = run("--deep")

    assert code == COULD_NOT_CHECK
    assert states["mirror.contacts"] == "not checked"
    assert states["shares.exit"] == "holds"


def test_a_notice_breaks_nothing(ward: Ward) -> None:
    parked_event(ward)

    code, states = run()

    assert (code, states["callbacks.parked"]) == (CLEAN, "notice")


def test_the_table_names_the_rule_the_count_and_the_first_offenders(ward: Ward) -> None:
    results_miscounted(ward)

    shown = CliRunner().invoke(command.doctor, [], env={"COLUMNS": "160"})

    assert shown.exit_code == VIOLATED
    assert "shares.results" in shown.stdout and "BROKEN" in shown.stdout
    assert str(ward.share.pk) in shown.stdout


def test_consents_are_repaired_from_their_records(ward: Ward) -> None:
    consent_without_record(ward)
    Resident.objects.filter(pk=ward.resident.pk).update(consents=[])

    run("--repair", "consents")

    ward.resident.refresh_from_db()
    assert sorted(ward.resident.consents) == ["contact", "publicity"]
    assert "consents.recorded" not in ward.findings()


def test_what_was_given_up_is_tried_again(ward: Ward) -> None:
    parked_wish(ward)
    parked_event(ward)

    run("--repair", "parked")

    assert ContactRefresh.objects.get().parked_because == ""
    assert InboxEvent.objects.get().outcome == ""


def test_unread_wishes_are_no_difference_of_the_mirror(
    mirrored: Corp, county: County, wecom: WeCom, now: Now
) -> None:
    forgotten = first_contact().identity.external_userid
    ContactRefresh.objects.create(
        county=county, external_userid=forgotten, wanted_at=now(), due_at=now()
    )
    refresh_due(county.pk, wecom, at=now())

    assert set(deep(county, wecom, now).values()) == {0}
