"""People who are missing, from the first call to the way home."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from weijing.accounts.models import Officer
from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.residents.models import Resident
from weijing.territory.models import Division


class MissingPerson(TenantModel):
    """One search. It may begin the minute somebody calls: nothing here waits."""

    class State(models.TextChoices):
        REPORTED = "reported", "待核实"
        CONFIRMED = "confirmed", "已核实"
        SEARCHING = "searching", "正在找"
        FOUND = "found", "已找到"
        RETURNED = "returned", "已回家"
        CLOSED = "closed", "已办结"

    class Outcome(models.TextChoices):
        NONE = "", "—"
        RETURNED = "returned", "已回家"
        SAFE = "safe", "平安，本人不愿回家"
        SHELTER = "shelter", "已送救助站或医院"
        REFERRED = "referred", "转刑侦办理"
        MISTAKEN = "mistaken", "误会，人没走失"

    class ConfirmedHow(models.TextChoices):
        NONE = "", "—"
        IN_PERSON = "in_person", "当面"
        VIDEO = "video", "视频"
        CALL = "call", "回拨电话"

    class Channel(models.TextChoices):
        PHONE_PAGE = "phone_page", "手机页面"
        OFFICER = "officer", "民辅警登记"

    number = models.CharField(max_length=12)
    once = models.UUIDField(null=True)  # of the form it came from, which may be sent twice
    state = models.CharField(max_length=9, choices=State.choices, default=State.REPORTED)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    resident = TenantForeignKey(Resident, models.SET_NULL, null=True, related_name="searches")
    name_sealed = models.BinaryField(null=True)
    sex = models.CharField(max_length=1, choices=Resident.Sex.choices, blank=True)
    age = models.PositiveSmallIntegerField()  # as the family says; below 18 the Minors Law holds
    needs_care = models.BooleanField(default=False)  # 需要照护; never a diagnosis
    looks_sealed = models.BinaryField(null=True)  # build, clothes, what they carry
    help_sealed = models.BinaryField(null=True)  # how to help when one meets them
    division = TenantForeignKey(Division, models.PROTECT, related_name="+", db_index=False)
    place_sealed = models.BinaryField(null=True)  # where they were seen last
    last_seen_at = models.DateTimeField()
    family = TenantForeignKey(Resident, models.SET_NULL, null=True, related_name="searches_asked")
    family_sealed = models.BinaryField(null=True)
    family_phone_sealed = models.BinaryField(null=True)
    relation = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    reported_at = models.DateTimeField()
    reported_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    in_charge = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    confirmed_how = models.CharField(max_length=9, choices=ConfirmedHow.choices, blank=True)
    searching_at = models.DateTimeField(null=True)
    searching_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    # The notice for everybody: rendered from the consents in force, gone when it expires.
    published_at = models.DateTimeField(null=True)
    published_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True)
    taken_down_at = models.DateTimeField(null=True)
    minors_law_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    minors_law_at = models.DateTimeField(null=True)
    times_shown = models.PositiveIntegerField(default=0)  # to people we do not know
    found_at = models.DateTimeField(null=True)
    found_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    found_place_sealed = models.BinaryField(null=True)
    is_well = models.BooleanField(null=True)  # as the officer saw; unsaid is not 平安
    may_tell_family = models.BooleanField(null=True)  # a grown-up may not want to be found
    returned_at = models.DateTimeField(null=True)
    returned_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    handed_to_sealed = models.BinaryField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    let_go_at = models.DateTimeField(null=True)  # the family asked to be forgotten: at the end
    erased_at = models.DateTimeField(null=True)

    name = SealedText("name_sealed")
    looks = SealedText("looks_sealed")
    help = SealedText("help_sealed")
    place = SealedText("place_sealed")
    family_name = SealedText("family_sealed")
    family_phone = SealedText("family_phone_sealed")
    found_place = SealedText("found_place_sealed")
    handed_to = SealedText("handed_to_sealed")

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "number"], name="missing_person_number"),
            models.UniqueConstraint(fields=["county", "once"], name="missing_person_sent_once"),
            models.CheckConstraint(
                name="a_notice_expires",
                condition=Q(published_at=None, expires_at=None)
                | Q(published_at__isnull=False, expires_at__gt=F("published_at")),
            ),
            models.CheckConstraint(
                name="a_minors_notice_was_confirmed",
                condition=Q(published_at=None) | Q(age__gte=18) | Q(minors_law_at__isnull=False),
            ),
            models.CheckConstraint(
                name="who_is_found_is_on_no_notice",
                condition=~Q(state__in=["found", "returned", "closed"])
                | Q(published_at=None)
                | Q(taken_down_at__isnull=False),
            ),
            models.CheckConstraint(
                name="missing_person_ends_with_an_outcome",
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="closed") & Q(closed_at=None),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["county", "reported_at"],
                name="missing_person_open",
                condition=~Q(state="closed"),
            ),
            models.Index(fields=["county", "division"], name="missing_person_division"),
            models.Index(
                fields=["county", "expires_at"],
                name="missing_person_published",
                condition=Q(taken_down_at=None) & Q(published_at__isnull=False),
            ),
        ]
