"""Things lost and things found, and which of them are one."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Resident
from weijing.territory.models import Division


class LostItem(TenantModel):
    """A thing that somebody misses, or one that somebody handed in.

    The number of a document is never kept, only keyed fingerprints of it and of its last four
    digits: enough to find the other half and to check what an owner says.
    """

    class Side(models.TextChoices):
        LOST = "lost", "丢失"
        FOUND = "found", "捡到"

    class Kind(models.TextChoices):
        ID_CARD = "id_card", "身份证"
        BANK_CARD = "bank_card", "银行卡"
        LICENCE = "licence", "驾驶证、行驶证"
        DOCUMENT = "document", "其他证件"
        PHONE = "phone", "手机"
        PURSE = "purse", "钱包、现金"
        KEYS = "keys", "钥匙"
        BAG = "bag", "包、行李"
        VEHICLE = "vehicle", "车辆"
        OTHER = "other", "其他物品"

    class State(models.TextChoices):
        REPORTED = "reported", "正在找"
        FOUND = "found", "等人认领"
        MATCHED = "matched", "待核实"
        VERIFIED = "verified", "待领取"
        RETURNED = "returned", "已归还"
        CLOSED = "closed", "已办结"

    class Outcome(models.TextChoices):
        NONE = "", "—"
        RETURNED = "returned", "已归还"
        RECOVERED = "recovered", "失主自己找到"
        UNCLAIMED = "unclaimed", "满 90 天没人认领"
        NOT_FOUND = "not_found", "满 90 天没找到"
        MISTAKEN = "mistaken", "登记有误"

    class Channel(models.TextChoices):
        PHONE_PAGE = "phone_page", "手机页面"
        OFFICER = "officer", "民辅警登记"

    number = models.CharField(max_length=12)  # random, so that it tells nobody how many there are
    once = models.UUIDField(null=True)  # of the form it came from, which may be sent twice
    side = models.CharField(max_length=5, choices=Side.choices)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, blank=True)
    division = TenantForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    place_sealed = models.BinaryField(null=True)  # where exactly; not on the notice
    happened_on = models.DateField()
    words_sealed = models.BinaryField(null=True)  # what everybody may read
    marks_sealed = models.BinaryField(null=True)  # what only the owner knows; never on the notice
    holder_sealed = models.BinaryField(null=True)  # the name on a document
    holder_index = models.UUIDField(null=True)
    id_index = models.UUIDField(null=True)  # comparable with `Resident.id_number_index`
    tail_index = models.UUIDField(null=True)
    wrong_tails = models.PositiveSmallIntegerField(default=0)
    # Who lost it or handed it in, where the book knows them.
    resident = TenantForeignKey(Resident, models.SET_NULL, null=True, related_name="lost_items")
    reporter_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    taken_in_at = models.DateTimeField()
    taken_in_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    held_at = models.DateTimeField(null=True)  # a found thing is in our hands
    held_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    expires_on = models.DateField()
    closed_at = models.DateTimeField(null=True)
    closed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    let_go_at = models.DateTimeField(
        null=True
    )  # its owner asked to be forgotten: erased at the end
    erased_at = models.DateTimeField(null=True)

    place = SealedText("place_sealed")
    words = SealedText("words_sealed")
    marks = SealedText("marks_sealed")
    holder = SealedText("holder_sealed")
    reporter = SealedText("reporter_sealed")
    phone = SealedText("phone_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="lost_item_number"),
            models.UniqueConstraint(fields=["county", "once"], name="lost_item_sent_once"),
            models.CheckConstraint(
                name="what_is_lost_is_reported_and_what_is_found_is_found",
                condition=~Q(side="lost", state="found") & ~Q(side="found", state="reported"),
            ),
            models.CheckConstraint(
                name="only_what_is_found_is_held", condition=Q(held_at=None) | Q(side="found")
            ),
            models.CheckConstraint(
                name="lost_item_ends_with_an_outcome",
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="closed") & Q(closed_at=None, outcome=""),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["county", "side", "happened_on"],
                name="lost_item_open",
                condition=~Q(state="closed"),
            ),
            models.Index(fields=["county", "division"], name="lost_item_division"),
            models.Index(
                fields=["county", "expires_on"],
                name="lost_item_to_erase",
                condition=Q(erased_at=None),
            ),
        ]


class LostMatch(TenantModel):
    """A found thing is, somebody says, the one that was lost; until it is proved and returned."""

    class Proof(models.TextChoices):
        NONE = "", "—"
        TAIL = "tail", "证件号后四位和照片都对得上"
        MARKS = "marks", "说对了没有公开的特征"
        PAPERS = "papers", "所领导凭户口簿等当面核实"

    class Receiver(models.TextChoices):
        NONE = "", "—"
        OWNER = "owner", "失主本人"
        FAMILY = "family", "家属代领"

    lost = TenantForeignKey(LostItem, models.CASCADE, related_name="matches")
    found = TenantForeignKey(LostItem, models.CASCADE, related_name="claims")
    reasons: Any = ArrayField(models.CharField(max_length=10), default=list)
    matched_at = models.DateTimeField()
    matched_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    proof = models.CharField(max_length=6, choices=Proof.choices, blank=True)
    proof_note_sealed = models.BinaryField(null=True)
    verified_at = models.DateTimeField(null=True)
    verified_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    receiver = models.CharField(max_length=6, choices=Receiver.choices, blank=True)
    signed_sealed = models.BinaryField(null=True)  # the name written when it was handed over
    receiver_note_sealed = models.BinaryField(null=True)
    returned_at = models.DateTimeField(null=True)
    returned_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")

    proof_note = SealedText("proof_note_sealed")
    signed = SealedText("signed_sealed")
    receiver_note = SealedText("receiver_note_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "lost"], condition=Q(undone_at=None), name="lost_once_matched"
            ),
            models.UniqueConstraint(
                fields=["county", "found"], condition=Q(undone_at=None), name="found_once_matched"
            ),
            models.CheckConstraint(
                name="returned_only_after_proof",
                condition=Q(returned_at=None) | (Q(verified_at__isnull=False) & ~Q(proof="")),
            ),
        ]
