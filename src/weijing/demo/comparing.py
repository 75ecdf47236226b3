"""Our figures beside the truth: the simulator's own state, and what the demo made itself."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from django.db.models import Sum

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audiences import counting, expression
from weijing.campaigns.models import Campaign, Delivery, OwnMessage, Share
from weijing.core import clock
from weijing.demo.morning import TOWNS, Morning, audience
from weijing.demo.stage import VEHICLES, Stage
from weijing.residents.figures import coverage
from weijing.residents.models import Contact, Resident, RollImport, WechatIdentity
from weijing.sync.models import BehaviourDay, Greeting, InboxEvent
from weijing.tags.models import Tag, TagAssignment
from weijing.territory.queries import root

SPOILT_ROWS = 6
NOON = time_of_day(12)
RESULT_NAMES = {
    Delivery.Result.SENT: "sent",
    Delivery.Result.NOT_FRIEND: "not_a_friend",
    Delivery.Result.OVER_QUOTA: "over_quota",
    Delivery.Result.PENDING: "not_sent",
}


@dataclass(frozen=True)
class Figure:
    """One figure as we have it and as it truly is."""

    name: str
    ours: Any
    truth: Any

    @property
    def agrees(self) -> bool:
        return bool(self.ours == self.truth)


def compare(stage: Stage, morning: Morning) -> list[Figure]:
    """Every step's figures, in the order of the morning."""
    counts = stage.wecom.get("truth/counts")
    return [
        *_roll(stage),
        *_address_book(stage, counts),
        *_contacts(stage),
        *_coverage(stage),
        *_labelling(stage, morning),
        *_tags(stage, counts),
        *_audience(stage),
        *_campaign(stage, morning),
        *_statistics(stage),
        *_callbacks(stage, counts),
    ]


def write_report(path: Path, figures: list[Figure], **facts: Any) -> None:
    report = {
        **facts,
        "agrees": all(figure.agrees for figure in figures),
        "figures": [
            {"name": f.name, "ours": f.ours, "truth": f.truth, "agrees": f.agrees} for f in figures
        ],
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1, default=str) + "\n")


def _roll(stage: Stage) -> list[Figure]:
    on_roll = Resident.objects.filter(county=stage.county, lifecycle=Resident.Lifecycle.ROLL)
    done = RollImport.objects.filter(county=stage.county, state=RollImport.State.APPLIED)
    latest = done.order_by("-started_at")[0]
    numbers = {person.household for person in stage.everyone}
    return [
        Figure("花名册：在册人数", on_roll.count(), len(stage.everyone)),
        Figure("花名册：户数", on_roll.values("household").distinct().count(), len(numbers)),
        Figure("花名册：退回的坏行", latest.bad_rows, SPOILT_ROWS),
    ]


def _address_book(stage: Stage, counts: dict[str, Any]) -> list[Figure]:
    active = Officer.objects.filter(county=stage.county, is_active=True)
    return [Figure("民辅警账号", active.exclude(wecom_userid="").count(), counts["members"])]


def _contacts(stage: Stage) -> list[Figure]:
    ours: Counter[str] = Counter()
    pairs = Contact.objects.filter(county=stage.county).values_list(
        "state", "officer__wecom_userid", "identity__external_userid"
    )
    live = set()
    for state, userid, external in pairs.iterator():
        ours[state] += 1
        if state == Contact.State.LINKED:
            live.add((userid, external))
    truth: Counter[str] = Counter()
    theirs = set()
    for relation in stage.wecom.relations():
        truth[relation["status"]] += 1
        if relation["status"] == "mutual":
            theirs.add((relation["userid"], relation["external_userid"]))
    return [
        Figure("好友：在联", ours["linked"], truth["mutual"]),
        Figure("好友：群众已删除", ours["removed_by_resident"], truth["deleted_by_customer"]),
        Figure("好友：逐对核对的差异", len(live ^ theirs), 0),
        Figure("好友：与演示所建的差异", len(live ^ stage.linked_pairs), 0),
    ]


def _coverage(stage: Stage) -> list[Figure]:
    """Coverage computed anew from who the demo knows to be on the roll and linked to it."""
    scope = Scope(stage.county.pk, 0, frozenset({"campaign_author"}), True, (), (), ())
    ours = coverage.of_division(root(stage.county.pk), scope=scope, on=clock.today())
    assert ours is not None
    strangers = set(
        Contact.objects.filter(
            county=stage.county, identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL
        ).values_list("identity__external_userid", flat=True)
    )
    today = clock.today()
    linked = [
        stage.friends[external]
        for _userid, external in stage.linked_pairs
        if external not in strangers
    ]
    adults = {person.household for person in linked if person.age(today) >= 18}
    return [
        Figure("覆盖：已联系群众", ours.linked, len(set(linked))),
        Figure("覆盖：已联系户", ours.households_linked, len(adults)),
    ]


def _labelling(stage: Stage, morning: Morning) -> list[Figure]:
    waiting = Contact.objects.filter(
        county=stage.county,
        state=Contact.State.LINKED,
        identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL,
    )
    left = len(morning.newcomers) - len(morning.labelled) - len(morning.linked_by_remark)
    remarks = {
        external: Contact.objects.get(
            county=stage.county, identity__external_userid=external
        ).remark
        for _userid, external, _remark in morning.labelled
    }
    return [
        Figure("待标注", waiting.count(), stage.strangers + left),
        Figure("备注", remarks, {external: remark for _u, external, remark in morning.labelled}),
    ]


def _tags(stage: Stage, counts: dict[str, Any]) -> list[Figure]:
    in_wecom = Tag.objects.filter(county=stage.county).exclude(wecom_tag_id="").count()
    wanted = set(
        TagAssignment.objects.filter(
            county=stage.county,
            resident__identities__contacts__state=Contact.State.LINKED,
        )
        .exclude(tag__wecom_tag_id="")
        .values_list(
            "resident__identities__contacts__officer__wecom_userid",
            "resident__identities__external_userid",
            "tag__wecom_tag_id",
        )
    )
    truth = {
        (relation["userid"], relation["external_userid"], tag)
        for relation in stage.wecom.relations()
        if relation["status"] == "mutual"
        for tag in relation["tags"]
    }
    return [
        Figure("标签：企业微信中的标签", in_wecom, counts["tags"]),
        Figure("标签：好友身上的标签差异", len(wanted ^ truth), 0),
    ]


def _audience(stage: Stage) -> list[Figure]:
    """The same question answered person by person, in Python."""
    parsed = expression.parse(audience(stage), county_id=stage.county.pk)
    carriers = set(
        TagAssignment.objects.filter(
            county=stage.county, tag__name__in=VEHICLES, resident__lifecycle__in=["roll"]
        ).values_list("resident__household__number", "resident__name", "resident_id")
    )
    towns = {person.household for person in stage.everyone if person.township in TOWNS}
    truth = len({pk for household, _name, pk in carriers if household in towns})
    return [
        Figure("受众：四个乡镇的驾驶人", counting.count(parsed, county_id=stage.county.pk), truth)
    ]


def _campaign(stage: Stage, morning: Morning) -> list[Figure]:
    campaign = morning.campaign
    assert campaign is not None
    shares = list(campaign.shares.select_related("officer"))
    ours = Counter(
        Delivery.objects.filter(county=stage.county, share__campaign=campaign).values_list(
            "result", flat=True
        )
    )
    codes = {share.code for share in shares}
    theirs = [
        message
        for message in stage.wecom.get("truth/mass")["messages"]
        if message["create_type"] == 0 and any(code in message["text"] for code in codes)
    ]
    truth: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for message in theirs:
        truth.update(message["results"])
        for task in stage.wecom.get(f"truth/mass/{message['msgid']}")["tasks"]:
            asked[task["userid"]] += 1
    officers = Counter(share.officer.wecom_userid for share in shares)
    return [
        Figure("群发：起草人自己批准被拒", morning.own_approval_refused, True),
        Figure("群发：每名民辅警只被问一次", dict(asked), dict(officers)),
        *[
            Figure(f"群发：{Delivery.Result(name).label}", ours[name], truth[theirs_name])
            for name, theirs_name in RESULT_NAMES.items()
        ],
        Figure("群发：发出数与民辅警手机上所见", ours["sent"], morning.sent),
        Figure("群发：删除民辅警的人", ours["not_friend"], len(morning.deleted)),
        Figure("群发：条数已满的人", ours["over_quota"], len(morning.over_quota)),
        Figure(
            "群发：民辅警自己发给的人",
            _got_from_officers(stage),
            _ordinals(stage, morning.over_quota),
        ),
        Figure(
            "群发：未确认而停止的份数",
            sum(share.state == Share.State.CANCELLED for share in shares),
            sum(share.officer.wecom_userid in morning.never_confirmed for share in shares),
        ),
        Figure("群发：需要人工的份数", sum(share.needs_person for share in shares), 0),
        Figure("群发：结果", campaign.state, Campaign.State.CANCELLED.value),
    ]


def _got_from_officers(stage: Stage) -> set[int]:
    """Ordinals of those to whom an officer sent something alone, as we read it back."""
    messages = OwnMessage.objects.filter(county=stage.county).values_list("people", flat=True)
    return {ordinal for ordinals in messages for ordinal in ordinals}


def _ordinals(stage: Stage, accounts: list[str]) -> set[int]:
    found = WechatIdentity.objects.filter(county=stage.county, external_userid__in=accounts)
    return set(found.values_list("resident__ordinal", flat=True))


def _statistics(stage: Stage) -> list[Figure]:
    """Thirty days of WeCom's own figures; we read them officer by officer."""
    totals = BehaviourDay.objects.filter(county=stage.county).aggregate(
        messages=Sum("message_cnt"), chats=Sum("chat_cnt")
    )
    messages = chats = 0
    for day in range(1, 31):
        noon = datetime.combine(clock.today() - timedelta(days=day), NOON, clock.COUNTY_TIME)
        figures = stage.wecom.get("truth/behaviour", at=noon.timestamp())
        messages += figures["message"]
        chats += figures["chat"]
    return [
        Figure("近 30 日发送消息", totals["messages"], messages),
        Figure("近 30 日单聊", totals["chats"], chats),
    ]


def _callbacks(stage: Stage, counts: dict[str, Any]) -> list[Figure]:
    told = stage.wecom.get("callbacks")
    inbox = InboxEvent.objects.all()
    waiting = inbox.filter(outcome__in=["", InboxEvent.Outcome.PARKED]).count()
    greeted = Greeting.objects.filter(county=stage.county, state=Greeting.State.SENT).count()
    return [
        Figure("回调：已答复的都在收件箱", inbox.count(), told["acknowledged"]),
        Figure("回调：未处理的", waiting, 0),
        Figure("欢迎语：20 秒内送达", greeted, counts["welcomes"]),
    ]
