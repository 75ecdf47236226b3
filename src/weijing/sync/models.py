"""What WeCom tells us, and how far we are in reading it."""

from typing import Any, ClassVar

from django.db import models

from weijing.accounts.models import Officer
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import WelcomeText


class InboxEvent(models.Model):
    """A callback as it came: stored before it is answered. Written by ingest with plain SQL."""

    class Outcome(models.TextChoices):
        WAITING = "", "待处理"
        APPLIED = "applied", "已处理"
        IGNORED = "ignored", "无需处理"
        PARKED = "parked", "需人工"

    key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the decrypted XML
    corpid = models.CharField(max_length=64)
    xml_sealed = models.BinaryField()
    received_at = models.DateTimeField()
    repeats = models.IntegerField(default=0)
    last_received_at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["received_at"], name="inbox_waiting", condition=models.Q(outcome="")
            ),
        ]


class ContactRefresh(TenantModel):
    """An external contact whose present state must be read again. Many events, one reading."""

    external_userid = models.CharField(max_length=64)
    wanted_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    parked_because = models.CharField(max_length=80, blank=True)
    # Counts the wishes: whoever finishes an older one leaves the row for the next reading.
    version = models.IntegerField(default=1)
    # Whose turn it is. A reader whose lease ran out may no longer write what it read.
    leased_until = models.DateTimeField(null=True)
    # What only events say, see `hints.py`: {"removed": {"userid": seconds}, …}
    hints: Any = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "external_userid"], name="refresh_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["due_at"], name="refresh_due", condition=models.Q(parked_because="")
            ),
        ]


class Greeting(TenantModel):
    """The one message WeCom lets us send by ourselves, within 20 seconds and only once."""

    class State(models.TextChoices):
        WAITING = "waiting", "待发送"
        SENDING = "sending", "发送中"
        SENT = "sent", "已发送"
        LATE = "late", "已超时"
        UNSURE = "unsure", "未知"
        REFUSED = "refused", "企业微信未受理"

    code_digest = models.CharField(max_length=64)  # SHA-256 of the welcome code
    code = models.CharField(max_length=200, blank=True)  # until it is used
    userid = models.CharField(max_length=64)
    external_userid = models.CharField(max_length=64)
    way_state = models.CharField(max_length=64, blank=True)  # of the code that was scanned
    # The words as they were sent; null: those that come with the software.
    welcome = TenantForeignKey(
        WelcomeText, models.PROTECT, null=True, related_name="+", db_index=False
    )
    not_after = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)
    errcode = models.IntegerField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "code_digest"], name="greeting_once"),
        ]


class OfficerReading(TenantModel):
    """When an officer's contacts were last read from WeCom from beginning to end."""

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="+")
    read_at = models.DateTimeField()  # when that reading began

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "officer"], name="officer_reading_once"),
        ]


class SyncRun(TenantModel):
    """A full reading of something from WeCom; it goes on where it stopped."""

    class Kind(models.TextChoices):
        DEPARTMENTS = "departments", "组织架构"
        CONTACTS = "contacts", "好友"
        TAGS = "tags", "标签"
        BEHAVIOUR = "behaviour", "联系统计"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    progress: Any = models.JSONField(default=dict)  # cursors, done and total
    failure = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "kind", "started_at"], name="sync_run"),
        ]


class BehaviourDay(TenantModel):
    """WeCom's own figures for one officer and natural day. WeCom keeps 180 days, we keep all."""

    officer = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    day = models.DateField()
    new_apply_cnt = models.IntegerField(default=0)
    new_contact_cnt = models.IntegerField(default=0)
    chat_cnt = models.IntegerField(default=0)
    message_cnt = models.IntegerField(default=0)
    reply_percentage = models.FloatField(null=True)
    avg_reply_time_minutes = models.FloatField(null=True)
    negative_feedback_cnt = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "officer", "day"], name="behaviour_day"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "day"], name="behaviour_by_day"),
        ]
