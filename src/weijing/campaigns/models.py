"""Mass messages, cut into shares that officers confirm in WeCom."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel, TenantPart
from weijing.residents.models import Resident


class Campaign(TenantModel):
    """One message to many residents, cut into one share per officer."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审批"
        SCHEDULED = "scheduled", "已定时"  # approved, goes by itself
        RELEASED = "released", "已下发"
        FINISHED = "finished", "已结束"
        CANCELLED = "cancelled", "已停止"
        LAPSED = "lapsed", "已过期"

    class Topic(models.TextChoices):
        TRAFFIC = "traffic", "交通安全"
        ANTI_FRAUD = "anti_fraud", "反诈"
        ANTI_DRUG = "anti_drug", "禁毒"
        DISASTER = "disaster", "防灾避险"
        SERVICE = "service", "便民服务"
        OTHER = "other", "其他"

    number = models.CharField(max_length=16)  # QF-1124-01: readable over the radio
    title = models.CharField(max_length=60)
    topic = models.CharField(max_length=10, choices=Topic.choices, default=Topic.OTHER)
    body = models.TextField(blank=True)
    audience: Any = models.JSONField(default=dict)  # `audiences.expression`
    # As handed in, with the saved audiences written out: what approval was asked for.
    audience_meant: Any = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    # Confirming ends after this long; WeCom itself sets no limit.
    confirm_hours = models.SmallIntegerField(default=24)
    drafted_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    submitted_count = models.IntegerField(null=True)  # people, as the author saw it
    returned_reason = models.CharField(max_length=200, blank=True)
    # Approved for this moment (`ordering.scheduling`); kept when it has gone out.
    scheduled_at = models.DateTimeField(null=True)
    scheduled_by = TenantForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    scheduled_people = models.IntegerField(null=True)
    released_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    confirm_by = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # Who was left out at release, by reason: {"no_consent": 12, …}
    left_out: Any = models.JSONField(default=dict)
    reminders: Any = models.JSONField(default=list)  # ISO times of reminders given
    # To protect life: one duty leader lets it go alone, publicity consent and quota do not count.
    is_urgent = models.BooleanField(default=False, db_default=False)
    is_drill = models.BooleanField(default=False, db_default=False)  # never leaves the simulator

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="campaign_number"),
            models.CheckConstraint(
                name="campaign_is_released_by_another_person",
                condition=Q(released_by=None) | ~Q(released_by=F("drafted_by")) | Q(is_urgent=True),
            ),
            models.CheckConstraint(
                name="campaign_is_scheduled_by_another_person",
                condition=Q(scheduled_by=None) | ~Q(scheduled_by=F("drafted_by")),
            ),
            models.CheckConstraint(
                name="campaign_scheduled_is_complete",
                condition=Q(
                    scheduled_at__isnull=False,
                    scheduled_by__isnull=False,
                    scheduled_people__isnull=False,
                )
                | (
                    ~Q(state="scheduled")
                    & Q(scheduled_at=None, scheduled_by=None, scheduled_people=None)
                ),
            ),
            models.CheckConstraint(
                name="campaign_released_at_and_by_go_together",
                condition=Q(released_at=None, released_by=None)
                | Q(released_at__isnull=False, released_by__isnull=False),
            ),
        ]


class Share(TenantModel):
    """One officer's part of a campaign, which is one task in WeCom."""

    class State(models.TextChoices):
        WAITING = "waiting", "排队中"
        ASKING = "asking", "派发中"
        UNSURE = "unsure", "核对中"
        ASKED = "asked", "待确认"
        CONFIRMED = "confirmed", "已确认"
        FINISHED = "finished", "已结束"
        REFUSED = "refused", "派发失败"
        CANCELLED = "cancelled", "已停止"
        LAPSED = "lapsed", "未确认"

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="shares")
    officer = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    part = models.SmallIntegerField(default=0)  # more than one when over 10,000 people
    # In the visible text; the idempotency key that add_msg_template lacks.
    code = models.CharField(max_length=8)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    people = models.IntegerField()
    # The intent: committed before the call, fencing stale workers by `attempt`.
    attempt = models.IntegerField(default=0)
    intent_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    msgid = models.CharField(max_length=64, null=True)  # noqa: DJ001  unique among the known
    asked_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # When the sweep looks at it next, whatever its state; null = it waits for nothing.
    due_at = models.DateTimeField(null=True)
    looks = models.SmallIntegerField(default=0)  # complete looks that did not find the code
    failures = models.SmallIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)  # the last look that counted
    # Of what was to be sent: sender, recipients and text, as committed before the call.
    intent_digest = models.CharField(max_length=64, blank=True)
    # What it becomes once WeCom has stopped it: "" (nobody stopped it), cancelled, lapsed.
    stop = models.CharField(max_length=10, blank=True)
    notified_at = models.DateTimeField(null=True)  # our card in the officer's WeCom
    reminded_at = models.DateTimeField(null=True)
    # The officer's own people who were left out at release, by reason.
    left_out: Any = models.JSONField(default=dict)
    # Deliveries by result, kept beside them: progress pages must not count 900,000 rows.
    results: Any = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)
    needs_person = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code"], name="share_code"),
            models.UniqueConstraint(fields=["county", "msgid"], name="share_msgid"),
            models.UniqueConstraint(
                fields=["county", "campaign", "officer", "part"], name="share_once"
            ),
            models.CheckConstraint(
                name="share_asked_has_a_msgid",
                condition=~Q(state__in=["asked", "confirmed", "finished"]) | Q(msgid__isnull=False),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="share_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["county", "campaign", "state"], name="share_progress"),
            models.Index(fields=["county", "officer", "state"], name="share_of_officer"),
        ]


class PlannedPeople(TenantPart):
    """Whom a share was released for, until `listing` has written their deliveries."""

    share = TenantForeignKey(Share, models.CASCADE, related_name="planned", db_index=False)
    people: Any = ArrayField(models.IntegerField())  # ordinals of residents, ascending

    class Meta(TenantPart.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantPart.Meta.constraints,
            models.UniqueConstraint(fields=["county", "share"], name="planned_once"),
        ]


class Delivery(TenantModel):
    """One person's result. WeCom knows no "delivered" and no "read"."""

    class Result(models.TextChoices):
        PENDING = "pending", "未发"
        SENT = "sent", "已发出"
        NOT_FRIEND = "not_friend", "不是好友"
        OVER_QUOTA = "over_quota", "条数已满"
        UNUSABLE = "unusable", "企业微信不收"  # came back in fail_list
        WITHDRAWN = "withdrawn", "已退订"  # after approval, before the call

    share = TenantForeignKey(Share, models.CASCADE, related_name="deliveries", db_index=False)
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="+", db_index=False)
    external_userid = models.CharField(max_length=64)
    result = models.CharField(max_length=10, choices=Result.choices, default=Result.PENDING)
    sent_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "share", "external_userid"], name="delivery_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident", "sent_at"], name="delivery_resident"),
        ]


class Deselection(TenantModel):
    """Why an officer leaves one person of their share out: WeCom says "not sent", and never why."""

    class Reason(models.TextChoices):
        UNFIT = "unfit", "这条不适合"
        MOVED = "moved", "已搬走"
        TOLD = "told", "已当面告知"
        OTHER = "other", "其他"

    delivery = TenantForeignKey(Delivery, models.CASCADE, related_name="deselections")
    reason = models.CharField(max_length=5, choices=Reason.choices)
    words = models.CharField(max_length=100, blank=True)
    noted_by = TenantForeignKey(Officer, models.PROTECT, related_name="+", db_index=False)
    noted_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "delivery"], name="deselected_once"),
            models.CheckConstraint(
                name="deselection_says_why", condition=~Q(reason="other") | ~Q(words="")
            ),
        ]


class StrayTask(TenantModel):
    """A task in WeCom that carries a reference code of ours and should not be there.

    A second task of one share, one of a share that has ended, or one whose code we do not know
    (a restored database). Cancelled before the officer confirms, and shown to a person.
    """

    msgid = models.CharField(max_length=64)
    code = models.CharField(max_length=8)
    # As residents read it; what our rows have forgotten is recognised by it.
    text = models.TextField(blank=True)
    share = TenantForeignKey(Share, models.CASCADE, null=True, related_name="strays")
    seen_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    # The officer was quicker: residents got it, nobody can take it back.
    was_sent = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "msgid"], name="stray_task_once"),
        ]


class CampaignPause(TenantModel):
    """The kill switch: while this row exists, no officer of the county is asked."""

    reason = models.CharField(max_length=200)
    paused_at = models.DateTimeField()
    paused_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county"], name="paused_once"),
        ]


class Restore(TenantModel):
    """The database went back to an earlier moment: WeCom may have tasks that no row knows of.

    Until `looked_at` asking stays paused: by then they have been listed (`StrayTask`).
    """

    restored_at = models.DateTimeField()
    knows_until = models.DateTimeField()  # the last thing that the restored rows know of
    shares = models.IntegerField()  # put in doubt
    schedules = models.IntegerField()  # taken back, to be approved anew
    looked_at = models.DateTimeField(null=True)
    unknown = models.IntegerField(default=0)  # tasks of ours in WeCom that no row knew

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "restored_at"], name="restore_once"),
        ]


class OwnMessage(TenantModel):
    """A mass message that an officer sent alone, in WeCom: it uses up the residents' limit too.

    Its words are none of our business and are not kept.
    """

    msgid = models.CharField(max_length=64)
    officer = TenantForeignKey(Officer, models.CASCADE, related_name="+", db_index=False)
    sent_on = models.DateField()
    people: Any = ArrayField(models.IntegerField())  # ordinals of residents who got it

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "msgid", "officer"], name="own_message_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "sent_on"], name="own_message_day"),
        ]


# At the end, because its tables refer to those above.
import weijing.campaigns.content.models  # noqa: E402
import weijing.campaigns.emergency.models  # noqa: E402
import weijing.campaigns.ordering.models  # noqa: E402, F401
