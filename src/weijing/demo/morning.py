"""A morning in the county, played without a person: every act goes the way it goes in earnest.

Residents and officers act in WeCom (through the simulator), callbacks come in, the worker works;
what people do on our pages is done by the same use cases the pages call.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from weijing.accounts.models import Officer, Role, RoleGrant
from weijing.accounts.scope import scope_of
from weijing.campaigns import approving, drafting, reminding, stopping
from weijing.campaigns.content import using
from weijing.campaigns.models import Campaign, OwnMessage, Share
from weijing.core import clock, jobs
from weijing.core.errors import DomainError
from weijing.demo import reviewed_text
from weijing.demo.stage import VEHICLES, Stage
from weijing.residents import consent
from weijing.residents.labels.labelling import Label
from weijing.residents.models import Contact, Resident
from weijing.tags import labelling
from weijing.tags.models import Tag
from weijing.territory.models import Division

NEW_FRIENDS = 24
LABELLED_BY_REMARK = 9  # the officer notes the phone in WeCom; the rest is labelled on our page
LEFT_FOR_LATER = 3
DELETED_OFFICER, OVER_QUOTA = 4, 5
NEVER_CONFIRM = 0.15
TOWNS = ("小沙江镇", "金石桥镇", "六都寨镇", "虎形山瑶族乡")
BODY = (
    "乡亲您好，受台风外围影响，今天 18 时至明早 8 时我县北部山区有强降雨，"
    "小沙江至虎形山路段可能落石、塌方。请尽量不要夜间行车，雨天不超载、不占道。"
    "遇到险情先停到安全处，再发位置给我或拨打 110。——隆回县公安局"
)
PATIENCE_SECONDS = 240


class TookTooLong(Exception):
    """What should have happened by itself did not."""


@dataclass
class Morning:
    """What was done, for the comparison and for the report."""

    campaign: Campaign | None = None
    newcomers: list[tuple[str, str]] = field(default_factory=list)  # (userid, external_userid)
    labelled: list[tuple[str, str, str]] = field(default_factory=list)  # … and the remark written
    linked_by_remark: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    over_quota: list[str] = field(default_factory=list)
    never_confirmed: set[str] = field(default_factory=set)
    own_approval_refused: bool = False
    lost_answers: int = 0
    sent: int = 0


def play(stage: Stage) -> Morning:
    """The whole morning, in order."""
    morning = Morning()
    residents_add_officers(stage, morning)
    officers_label(stage, morning)
    author_orders(stage, morning)
    some_leave_and_some_are_full(stage, morning)
    officers_confirm(stage, morning)
    author_ends_it(stage, morning)
    return morning


def until(what: str, condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for what the worker does.

    Raises `TookTooLong`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TookTooLong(what)
        time.sleep(0.2)


# --- residents add officers ---------------------------------------------------------------------


def residents_add_officers(stage: Stage, morning: Morning) -> None:
    """加公安微信 交警察朋友: two dozen people scan an officer's code at the market."""
    random = stage.random("newcomers")
    taken = {person.phone for person in stage.friends.values()}
    unlinked = [p for p in stage.everyone if p.phone and p.phone not in taken and p.id_number]
    for person in random.sample(unlinked, min(NEW_FRIENDS, len(unlinked))):
        userid = stage.officer_of[person.household[:12]]
        done = stage.wecom.post(
            "acts/scan", userid=userid, resident={"name": f"{person.name[0]}家"}
        )
        stage.friends[done["external_userid"]] = person
        stage.linked_pairs.add((userid, done["external_userid"]))
        morning.newcomers.append((userid, done["external_userid"]))
    stage.wecom.callbacks_settled()
    wanted = {external for _userid, external in morning.newcomers}

    def all_arrived() -> bool:
        return bool(_contacts(stage, wanted).count() == len(wanted))

    until("new friends come in through callbacks", all_arrived)
    stage.say(f"{len(wanted)} 位群众扫码加了民辅警，回调全部入库")


def _contacts(stage: Stage, external_userids: set[str]) -> Any:
    return Contact.objects.filter(
        county=stage.county, identity__external_userid__in=external_userids
    ).select_related("officer", "identity__resident")


def officers_label(stage: Stage, morning: Morning) -> None:
    """Some note the phone in WeCom, and the contact links itself; some use the label page."""
    by_remark = morning.newcomers[:LABELLED_BY_REMARK]
    on_the_page = morning.newcomers[LABELLED_BY_REMARK : len(morning.newcomers) - LEFT_FOR_LATER]
    for userid, external in by_remark:
        person = stage.friends[external]
        stage.wecom.post(
            "acts/edit",
            userid=userid,
            external_userid=external,
            remark=person.name,
            remark_mobiles=[person.phone],
        )
    morning.linked_by_remark = by_remark
    for contact in _contacts(stage, {external for _userid, external in on_the_page}):
        _label(stage, contact)
    stage.wecom.callbacks_settled()
    wanted = {external for _userid, external in by_remark}

    def linked() -> bool:
        on_the_roll = _contacts(stage, wanted).filter(
            identity__resident__lifecycle=Resident.Lifecycle.ROLL
        )
        return bool(on_the_roll.count() == len(wanted))

    until("phones noted in WeCom link to the roll", linked)
    written = {external: userid for userid, external in on_the_page}
    remarks: dict[str, str] = {}

    def remarks_written() -> bool:
        remarks.clear()
        for external in written:
            truth = stage.wecom.get(f"truth/residents/{external}")
            remarks[external] = truth["relations"][0]["remark"]
        return all("-" in remark for remark in remarks.values())

    until("remarks are written to WeCom", remarks_written)
    morning.labelled = [(userid, ext, remarks[ext]) for ext, userid in written.items()]
    stage.say(
        f"{len(by_remark)} 位按备注电话自动对上，{len(written)} 位由民辅警标注，"
        f"{LEFT_FOR_LATER} 位还在待标注"
    )


def _label(stage: Stage, contact: Contact) -> None:
    person = stage.friends[contact.identity.external_userid]
    at = clock.now()
    resident = Resident.objects.get(
        county=stage.county,
        lifecycle=Resident.Lifecycle.ROLL,
        household__number=person.household,
        name=person.name,
    )
    assert resident.division is not None
    labelling.label(
        contact,
        Label(
            name=person.name,
            phone=person.phone,
            division=resident.division,
            house_number=person.door,
            role=resident.household_role,
            notice_given=True,
            consents=(consent.PUBLICITY,),
        ),
        (),
        by=contact.officer,
        scope=scope_of(contact.officer, at=at),
        at=at,
        same_as=resident,
    )


# --- a message is ordered -----------------------------------------------------------------------


def audience(stage: Stage) -> dict[str, Any]:
    """Drivers in four townships."""
    codes = Division.objects.filter(county=stage.county, level="township", name__in=TOWNS)
    tags = Tag.objects.filter(county=stage.county, name__in=VEHICLES)
    return {
        "all": [
            {"division": sorted(codes.values_list("code", flat=True))},
            {"tag": sorted(tags.values_list("code", flat=True))},
        ]
    }


def _staff(stage: Stage, role: Role) -> Officer:
    grants = RoleGrant.objects.filter(county=stage.county, role=role, ended_at=None)
    return grants.select_related("officer").order_by("pk")[0].officer


def author_orders(stage: Stage, morning: Morning) -> None:
    """One writes, another approves; the author's own approval is refused."""
    author, approver = _staff(stage, Role.CAMPAIGN_AUTHOR), _staff(stage, Role.CAMPAIGN_APPROVER)
    text = reviewed_text.reviewed(BODY, author=author, approver=approver)
    campaign = drafting.draft(by=author, at=clock.now(), audience=audience(stage), confirm_hours=4)
    campaign = using.use(text, campaign, by=author, at=clock.now())
    until("the picture is uploaded", lambda: reviewed_text.is_with_wecom(campaign))
    count = reach_now(campaign)
    drafting.submit(campaign, by=author, at=clock.now(), count_seen=count)
    try:
        approving.release(campaign, by=author, at=clock.now(), count_seen=count)
    except DomainError:
        morning.own_approval_refused = True
    # One officer's answer gets lost on the way back: it must be looked up, never asked again.
    stage.wecom.post(
        "faults", api="externalcontact/add_msg_template", kind="arrived_no_reply", times=1
    )
    morning.lost_answers = 1
    # The demo is shown at any hour.
    approving.release(campaign, by=approver, at=clock.now(), count_seen=count, at_any_hour=True)
    morning.campaign = campaign
    stage.say(f"{author.name} 拟了 {campaign.number}，{approver.name} 批准，发给 {count:,} 人")
    waiting = (Share.State.WAITING, Share.State.ASKING, Share.State.UNSURE)

    def everyone_asked() -> bool:
        return not campaign.shares.filter(state__in=waiting).exists()

    until("every officer is asked once", everyone_asked)
    stage.say(f"{campaign.shares.count()} 名民辅警收到任务，其中 1 份回答丢失，已核对找回")


def reach_now(campaign: Campaign) -> int:
    from weijing.campaigns.reach import reach_of

    return reach_of(campaign, at=clock.now()).reachable


def some_leave_and_some_are_full(stage: Stage, morning: Morning) -> None:
    """Between asking and confirming: a few delete the officer, a few get another message first."""
    assert morning.campaign is not None
    random = stage.random("leaving")
    shares = list(morning.campaign.shares.select_related("officer").order_by("pk"))
    recipients = [
        (share.officer.wecom_userid, external)
        for share in shares
        for external in share.deliveries.order_by("pk").values_list("external_userid", flat=True)
    ]
    morning.never_confirmed = {
        share.officer.wecom_userid for share in shares if random.random() < NEVER_CONFIRM
    } or {shares[-1].officer.wecom_userid}
    reached = [pair for pair in recipients if pair[0] not in morning.never_confirmed]
    chosen = random.sample(reached, min(DELETED_OFFICER + OVER_QUOTA, len(reached) // 2))
    morning.deleted = chosen[:DELETED_OFFICER]
    for userid, external in morning.deleted:
        stage.wecom.post("acts/resident-deletes", userid=userid, external_userid=external)
        stage.linked_pairs.discard((userid, external))
    stage.wecom.post("settings", quota_mode="day")
    for userid, external in chosen[DELETED_OFFICER:]:
        stage.wecom.post(
            "acts/mass/personal", userid=userid, external_userids=[external], text="您的证办好了"
        )
        morning.over_quota.append(external)
    stage.say(f"{len(morning.deleted)} 人删了民辅警，{len(morning.over_quota)} 人今天条数已满")


def officers_confirm(stage: Stage, morning: Morning) -> None:
    """One tap each in 群发助手; some never do, and are reminded once."""
    campaign = morning.campaign
    assert campaign is not None
    officers = list(campaign.shares.values_list("officer__wecom_userid", flat=True))
    for userid in officers:
        if userid not in morning.never_confirmed:
            morning.sent += stage.wecom.post("acts/mass/confirm", userid=userid)["sent"]
    finished = len(set(officers) - morning.never_confirmed)

    def results_in() -> bool:
        done = campaign.shares.filter(state=Share.State.FINISHED)
        return done.values("officer").distinct().count() == finished

    until("results are read back", results_in)
    jobs.enqueue("campaigns.take_down_own_sends", timestamp=0)
    own = OwnMessage.objects.filter(county=stage.county)
    until("officers' own messages are read back", lambda: own.count() >= len(morning.over_quota))
    author = campaign.drafted_by
    reminded = reminding.remind(campaign, by=author, at=clock.now())
    stage.say(f"{finished} 名民辅警已确认，发出 {morning.sent:,} 条；提醒了未确认的 {reminded} 名")


def author_ends_it(stage: Stage, morning: Morning) -> None:
    """What nobody confirmed is stopped in WeCom too; then the campaign is over."""
    campaign = morning.campaign
    assert campaign is not None
    stopped = stopping.stop(campaign, by=campaign.drafted_by, at=clock.now())

    def over() -> bool:
        campaign.refresh_from_db()
        return campaign.ended_at is not None

    until("the campaign ends", over)
    until("departures come in through callbacks", lambda: _departures_noted(stage, morning))
    stage.say(f"停止了未确认的 {stopped} 份，{campaign.number} {campaign.get_state_display()}")


def _departures_noted(stage: Stage, morning: Morning) -> bool:
    gone = {external for _userid, external in morning.deleted}
    ended = _contacts(stage, gone).filter(state=Contact.State.REMOVED_BY_RESIDENT)
    return bool(ended.count() == len(gone))
