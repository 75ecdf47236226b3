"""What happens on a road or a slope, what we said of it, and whom it reached by which way."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from pyroaring import BitMap

from weijing.accounts.models import Officer
from weijing.campaigns.models import Campaign, Share
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Household, Resident
from weijing.territory.models import Division, RoadSection, Station


class EmergencyEvent(TenantModel):
    """Something on a road, or a danger to a place, from the first report to the all-clear."""

    class State(models.TextChoices):
        REPORTED = "reported", "待核实"
        VERIFIED = "verified", "已核实"
        PUSHED = "pushed", "已推送"
        UPDATED = "updated", "已续报"
        CLEARED = "cleared", "已解除"
        REJECTED = "rejected", "不属实"

    class Kind(models.TextChoices):
        LANDSLIDE = "landslide", "山体滑坡"
        MUDSLIDE = "mudslide", "泥石流"
        FLOODING = "flooding", "洪水积水"
        ICE = "ice", "道路结冰"
        FOG = "fog", "大雾"
        ACCIDENT = "accident", "交通事故"
        WORKS = "works", "施工"
        CLOSURE = "closure", "道路封闭"
        OTHER = "other", "其他险情"

    class Severity(models.TextChoices):
        BLUE = "blue", "蓝色"
        YELLOW = "yellow", "黄色"
        ORANGE = "orange", "橙色"
        RED = "red", "红色"

    class Source(models.TextChoices):
        PATROL = "patrol", "巡查发现"
        RESIDENT = "resident", "群众报告"
        ROAD_WORKERS = "road_workers", "公路养护"
        WEATHER = "weather", "气象、自然资源部门"
        OTHER = "other", "其他"

    class VerifiedHow(models.TextChoices):
        ON_SCENE = "on_scene", "民辅警到场看过"
        PHOTO = "photo", "看过现场照片"
        SECOND_SOURCE = "second_source", "第二个来源证实"

    number = models.CharField(max_length=16)  # JJ-1124-01: readable over the radio
    # A drill has the same pages and the same protocol, and never leaves the simulators.
    is_drill = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    severity = models.CharField(max_length=6, choices=Severity.choices, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.REPORTED)
    road = TenantForeignKey(RoadSection, models.PROTECT, null=True, related_name="+")
    place = models.CharField(max_length=100)  # kilometre and direction, or the spot
    divisions: Any = models.ManyToManyField(Division, through="EventDivision", related_name="+")
    happened_at = models.DateTimeField()
    source = models.CharField(max_length=12, choices=Source.choices)
    note = models.CharField(max_length=300, blank=True)
    reported_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    verified_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=13, choices=VerifiedHow.choices, blank=True)
    # What drivers are told to do, and until when it holds.
    detour = models.CharField(max_length=100, blank=True)
    valid_until = models.DateTimeField(null=True)
    phone = models.CharField(max_length=20, blank=True)
    audience: Any = models.JSONField(default=dict)  # whom it concerns, `audiences.expression`
    pushed_at = models.DateTimeField(null=True)
    update_due_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)  # that the update is due
    ended_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=100, blank=True)
    # Of the form that reported it: sent twice, it is one event.
    once = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="emergency_number"),
            models.UniqueConstraint(fields=["county", "once"], name="emergency_reported_once"),
            models.CheckConstraint(
                name="emergency_active_has_an_update_due",
                condition=~Q(state__in=["pushed", "updated"]) | Q(update_due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="emergency_ended_has_a_time",
                condition=~Q(state__in=["cleared", "rejected"]) | Q(ended_at__isnull=False),
            ),
        ]


class EventDivision(TenantModel):
    event = TenantForeignKey(EmergencyEvent, models.CASCADE, related_name="event_divisions")
    division = TenantForeignKey(Division, models.PROTECT, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "event", "division"], name="emergency_division_once"
            ),
        ]


class EmergencyMessage(TenantModel):
    """One thing said about an event. One person may let it go; another reviews that afterwards."""

    class Kind(models.TextChoices):
        FIRST = "first", "首次推送"
        UPDATE = "update", "续报"
        CLEAR = "clear", "解除"
        CORRECTION = "correction", "更正"

    event = TenantForeignKey(EmergencyEvent, models.CASCADE, related_name="messages")
    seq = models.SmallIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    body = models.TextField()
    drafted_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    # What it becomes in WeCom; made at the approval.
    campaign = TenantForeignKey(Campaign, models.PROTECT, null=True, related_name="emergency")
    people = models.IntegerField(null=True)  # whom it concerns, by whatever way
    # Who they are: a roaring bitmap of ordinals. The next message goes to the same people.
    who = models.BinaryField(null=True)
    approved_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    # A later message stands in its place: nothing more of this one is handed on.
    superseded_at = models.DateTimeField(null=True)
    # Until then the county was paused: officers have their five minutes from there.
    held_until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)  # for people whom WeCom has not reached
    reviewed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    was_right = models.BooleanField(null=True)
    review_note = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "event", "seq"], name="emergency_seq"),
            models.UniqueConstraint(
                fields=["county", "event"],
                condition=Q(approved_at=None),
                name="emergency_one_text_waits",
            ),
            models.UniqueConstraint(fields=["county", "campaign"], name="emergency_campaign"),
            models.CheckConstraint(
                name="emergency_is_reviewed_by_another_person",
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("approved_by")),
            ),
            models.CheckConstraint(
                name="emergency_approved_is_complete",
                condition=Q(approved_at=None, approved_by=None, campaign=None)
                | Q(
                    approved_at__isnull=False,
                    approved_by__isnull=False,
                    campaign__isnull=False,
                    people__isnull=False,
                    who__isnull=False,
                ),
            ),
        ]

    def concerned(self) -> BitMap:
        """Whom it concerned when it went out: ordinals. Nobody before."""
        return BitMap.deserialize(bytes(self.who)) if self.who else BitMap()


class DutyAccount(TenantModel):
    """The WeCom account that steps in when officers of a station do not confirm."""

    station = TenantForeignKey(Station, models.CASCADE, related_name="+")
    officer = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    set_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "station"], name="duty_account_of_station"),
        ]


class Takeover(TenantModel):
    """A share whose officer did not confirm in time. Nothing is handed on before WeCom shows that
    the officer's own task is off; the people then move, each with their one delivery.
    """

    class Outcome(models.TextChoices):
        WAITING = "", "等企业微信撤下原任务"
        CONFIRMED = "confirmed", "原民辅警确认了"
        HANDED_ON = "handed_on", "值班账号代发"
        NOBODY = "nobody", "没有值班账号能代发"
        STOPPED = "stopped", "已停止"

    message = TenantForeignKey(EmergencyMessage, models.CASCADE, related_name="takeovers")
    share = TenantForeignKey(Share, models.CASCADE, related_name="+")
    started_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    settled_at = models.DateTimeField(null=True)
    handed_to = TenantForeignKey(Share, models.CASCADE, null=True, related_name="+")
    people = models.IntegerField(default=0)  # who moved

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "share"], name="taken_over_once"),
            models.CheckConstraint(
                name="takeover_settled_has_an_outcome",
                condition=Q(outcome="", settled_at=None)
                | (~Q(outcome="") & Q(settled_at__isnull=False)),
            ),
        ]


class Sms(TenantModel):
    """One short message to one number. Its id is the gateway's idempotency key."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        SENDING = "sending", "发送中"
        ACCEPTED = "accepted", "已交短信平台"
        DELIVERED = "delivered", "已到手机"
        FAILED = "failed", "没发成"
        STOPPED = "stopped", "已停止"

    message = TenantForeignKey(EmergencyMessage, models.CASCADE, related_name="sms")
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="+", db_index=False)
    phone_index = models.UUIDField()  # a family that shares a phone gets one
    because = models.CharField(max_length=12)  # no_contact, not_friend, unconfirmed, …
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=100, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "message", "phone_index"], name="sms_once_a_phone"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="sms_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["county", "resident"], name="sms_resident"),
        ]


class HouseholdCall(TenantModel):
    """叫应: a household in danger, called until somebody answers."""

    class State(models.TextChoices):
        CALLING = "calling", "待叫应"
        ANSWERED = "answered", "已应答"
        ESCALATED = "escalated", "已交村干部"
        ENDED = "ended", "解除时未应答"

    event = TenantForeignKey(EmergencyEvent, models.CASCADE, related_name="calls")
    household = TenantForeignKey(Household, models.CASCADE, related_name="+")
    officer = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.CALLING)
    due_at = models.DateTimeField(null=True)  # when to try again
    next_how = models.CharField(max_length=5, default="phone")
    tries = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    handed_to = models.CharField(max_length=40, blank=True)  # the village cadre, by name

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "event", "household"], name="called_once"),
            models.CheckConstraint(
                name="call_that_waits_has_a_time",
                condition=~Q(state="calling") | Q(due_at__isnull=False),
            ),
        ]


class CallAttempt(TenantModel):
    class How(models.TextChoices):
        PHONE = "phone", "打电话"
        VISIT = "visit", "上门"

    class Result(models.TextChoices):
        ANSWERED = "answered", "应答了"
        NO_ANSWER = "no_answer", "没人接"
        BUSY = "busy", "占线、关机"
        WRONG_NUMBER = "wrong_number", "号码不对"
        NOT_HOME = "not_home", "家中无人"

    call = TenantForeignKey(HouseholdCall, models.CASCADE, related_name="attempts")
    by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    how = models.CharField(max_length=5, choices=How.choices)
    result = models.CharField(max_length=12, choices=Result.choices)
    note = models.CharField(max_length=100, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [*TenantModel.Meta.constraints]
