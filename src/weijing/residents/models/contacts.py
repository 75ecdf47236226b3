"""WeChat accounts, and the pairs of officer and account that WeCom knows."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel, TenantPart
from weijing.residents.models.people import Resident


class WechatIdentity(TenantPart):
    """A WeChat account that is somebody's contact. A person may have several."""

    external_userid = models.CharField(max_length=64)
    nickname = models.CharField(max_length=120, blank=True)
    kind = models.SmallIntegerField(default=1)  # WeCom's `type`: 1 WeChat, 2 another corp's WeCom
    # The index below leads with the county; a second one without it only costs.
    resident = TenantForeignKey(Resident, models.PROTECT, related_name="identities", db_index=False)

    class Meta(TenantPart.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantPart.Meta.constraints,
            models.UniqueConstraint(fields=["county", "external_userid"], name="identity_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "resident"], name="identity_resident"),
        ]


class Contact(TenantPart):
    """The pair officer x identity, as WeCom has it. Remark and tags belong to the pair."""

    class State(models.TextChoices):
        HALF = "half", "待民警通过"
        LINKED = "linked", "已联系"
        REMOVED_BY_RESIDENT = "removed_by_resident", "群众已删除"
        REMOVED_BY_OFFICER = "removed_by_officer", "民警已删除"

    officer = TenantForeignKey(Officer, models.PROTECT, related_name="contacts", db_index=False)
    identity = TenantForeignKey(
        WechatIdentity, models.CASCADE, related_name="contacts", db_index=False
    )
    state = models.CharField(max_length=20, choices=State.choices, default=State.LINKED)
    remark = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=300, blank=True)
    # WeCom's remark_mobiles, sealed as one JSON list; the index finds the roll's phone.
    remark_mobiles_sealed = models.BinaryField(null=True)
    remark_mobile_indexes: Any = ArrayField(models.UUIDField(), default=list)
    # Corp tag ids WeCom has on this pair; what we want is `tags.projecting`.
    wecom_tag_ids: Any = ArrayField(models.CharField(max_length=64), default=list)
    added_at = models.DateTimeField()
    add_way = models.IntegerField(default=0)
    way_state = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()  # last read from WeCom
    labelled_at = models.DateTimeField(null=True)
    labelled_by = TenantForeignKey(
        Officer, models.PROTECT, null=True, related_name="+", db_index=False
    )

    remark_mobiles_text = SealedText("remark_mobiles_sealed")

    class Meta(TenantPart.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantPart.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "officer", "identity"], name="contact_pair_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "identity"], name="contact_identity"),
            models.Index(
                fields=["county", "officer", "added_at"],
                name="contact_unlabelled",
                condition=models.Q(labelled_at=None),
            ),
        ]


class IdentitySharer(TenantModel):
    """Another person behind a WeChat account, as couples share; the first is its `resident`."""

    identity = TenantForeignKey(WechatIdentity, models.CASCADE, related_name="sharers")
    resident = TenantForeignKey(Resident, models.CASCADE, related_name="shared_identities")
    recorded_at = models.DateTimeField()
    recorded_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "identity", "resident"], name="identity_shared_once"
            ),
        ]


class RemarkWrite(TenantModel):
    """Our text on a pair in WeCom: what WeCom took last, and what waits or was refused.

    `due_at` says that the pair must be looked at; who works on it moves it ahead, as a lease.
    """

    contact = TenantForeignKey(Contact, models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    # As WeCom took it last; the same seen again is our own echo, no officer's correction.
    remark = models.CharField(max_length=60, blank=True)
    mobile_indexes: Any = ArrayField(models.UUIDField(), default=list)
    # What stood there before that; seen again, our writing was lost.
    remark_before = models.CharField(max_length=60, blank=True)
    written_at = models.DateTimeField(null=True)
    refused_code = models.IntegerField(null=True)  # WeCom's errcode; null: the last write was taken
    refused_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "contact"], name="remark_written_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["county", "due_at"],
                name="remark_due",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["county", "refused_at"],
                name="remark_refused",
                condition=models.Q(refused_code__isnull=False),
            ),
        ]


class RemarkProposal(TenantModel):
    """An officer wrote another remark or phone in WeCom; a person decides what our record takes."""

    class State(models.TextChoices):
        OPEN = "open", "待确认"
        ACCEPTED = "accepted", "已采纳"
        DISMISSED = "dismissed", "未采纳"

    contact = TenantForeignKey(Contact, models.CASCADE, related_name="remark_proposals")
    remark = models.CharField(max_length=60, blank=True)
    mobiles_sealed = models.BinaryField(null=True)  # one JSON list
    seen_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    decided_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    mobiles_text = SealedText("mobiles_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "contact"],
                condition=models.Q(state="open"),
                name="one_open_proposal_per_contact",
            ),
        ]
