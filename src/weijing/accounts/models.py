"""Who signs in: officers, what they may do, and where."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from weijing.core.sealed import SealedText
from weijing.core.tenancy import TenantForeignKey, TenantModel
from weijing.territory.models import Beat, Station


class OfficerManager(BaseUserManager["Officer"]):
    def get_by_natural_key(self, username: str | None) -> "Officer":
        return self.get(username=username)


class Officer(AbstractBaseUser, TenantModel):
    """民警、辅警 and everyone else who signs in. No account is shared."""

    class RankKind(models.TextChoices):
        POLICE = "police", "民警"
        AUXILIARY = "auxiliary", "辅警"
        CIVILIAN = "civilian", "文职"

    username = models.CharField(max_length=64)
    name = models.CharField(max_length=40)
    rank_kind = models.CharField(
        max_length=10, choices=RankKind.choices, default=RankKind.AUXILIARY
    )
    station = TenantForeignKey(Station, models.PROTECT, null=True, related_name="officers")
    wecom_userid = models.CharField(max_length=64, blank=True)
    phone_sealed = models.BinaryField(null=True)
    # WeCom says whether a member still is one; a person here may end an account as well.
    is_active = models.BooleanField(default=True)
    # May hold residents as contacts (get_follow_user_list).
    serves_residents = models.BooleanField(default=False)

    phone = SealedText("phone_sealed")  # the duty number that residents are shown

    objects = OfficerManager()
    USERNAME_FIELD = "username"

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("county", Lower("username"), name="officer_username"),
            # WeCom compares userids without case and answers some of them in lower case.
            models.UniqueConstraint(
                "county",
                Lower("wecom_userid"),
                condition=~models.Q(wecom_userid=""),
                name="officer_wecom_userid",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VILLAGE_AUXILIARY = "village_auxiliary", "村辅警"
    COMMUNITY_OFFICER = "community_officer", "社区民警"
    STATION_COMMAND = "station_command", "派出所综合指挥室"
    CAMPAIGN_AUTHOR = "campaign_author", "群发起草"
    CAMPAIGN_APPROVER = "campaign_approver", "群发审批"
    DUTY_LEADER = "duty_leader", "值班领导"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    AUDIT_ADMIN = "audit_admin", "审计管理员"


# They run the machine, or look at what others do; they see no resident, and do nothing else.
SEPARATED_ROLES = (Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN)
FIELD_ROLES = (Role.VILLAGE_AUXILIARY, Role.COMMUNITY_OFFICER)


class RoleGrant(TenantModel):
    """A role given to an officer, until it is taken back."""

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=24, choices=Role.choices)
    granted_at = models.DateTimeField()
    granted_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "officer", "role"],
                condition=models.Q(ended_at=None),
                name="role_granted_once",
            ),
        ]


class Absence(TenantModel):
    """On leave, ill, at a course: from when until before when, and who stands in."""

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="absences")
    deputy = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    noted_by = TenantForeignKey(Officer, models.PROTECT, related_name="+", db_index=False)
    noted_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                name="absence_ends_after_it_starts",
                condition=models.Q(starts_at__lte=models.F("ends_at")),
            ),
            models.CheckConstraint(
                name="absence_has_another_deputy",
                condition=models.Q(deputy=None) | ~models.Q(deputy=models.F("officer")),
            ),
        ]


class Posting(TenantModel):
    """Where an officer serves, from when to when: a beat, a station desk, or the county desk."""

    class Kind(models.TextChoices):
        PRIMARY = "primary", "责任民辅警"
        DEPUTY = "deputy", "代班"
        STATION = "station", "派出所"
        COUNTY = "county", "县局"

    officer = TenantForeignKey(Officer, models.CASCADE, related_name="postings")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    beat = TenantForeignKey(Beat, models.CASCADE, null=True, related_name="postings")
    station = TenantForeignKey(Station, models.CASCADE, null=True, related_name="postings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                name="posting_is_to_what_its_kind_says",
                condition=models.Q(kind__in=["primary", "deputy"], beat__isnull=False, station=None)
                | models.Q(kind="station", beat=None, station__isnull=False)
                | models.Q(kind="county", beat=None, station=None),
            ),
            models.UniqueConstraint(
                fields=["county", "beat"],
                condition=models.Q(kind="primary", ends_at=None),
                name="beat_has_one_primary",
            ),
        ]
