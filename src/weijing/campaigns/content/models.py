"""Files and what hangs on a message; texts that somebody else has reviewed, version by version."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from weijing.accounts.models import Officer
from weijing.campaigns.models import Campaign
from weijing.core.tenancy import TenantForeignKey, TenantModel


class MediaFile(TenantModel):
    """A file as it is sent: uploaded to WeCom once, however many messages carry it.

    WeCom forgets an upload after three days; `uploading` repeats it while a message needs it.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", "图片"
        VIDEO = "video", "视频"
        FILE = "file", "文件"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    name = models.CharField(max_length=100)  # residents see it on a file
    content_type = models.CharField(max_length=80)
    size_bytes = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.IntegerField(null=True)  # of an image, in pixels
    height = models.IntegerField(null=True)
    added_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    media_id = models.CharField(max_length=255, blank=True)
    media_until = models.DateTimeField(null=True)  # when WeCom forgets it
    failures = models.SmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)  # why WeCom does not have it
    is_refused = models.BooleanField(default=False)  # trying again would not help

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            # The name belongs to it: WeCom shows the name the file was uploaded with.
            models.UniqueConstraint(
                fields=["county", "sha256", "kind", "name"], name="media_file_once"
            ),
            models.CheckConstraint(
                name="media_id_has_its_end",
                condition=Q(media_id="", media_until=None)
                | (~Q(media_id="") & Q(media_until__isnull=False)),
            ),
        ]


class MediaContent(TenantModel):
    """The bytes, apart from the row that lists are made of. Meant for the public, hence plain."""

    file = TenantForeignKey(MediaFile, models.CASCADE, related_name="contents")
    data = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["county", "file"], name="media_content_once"),
        ]


class ContentItem(TenantModel):
    """素材: a text that may be used again. What it says stands in its versions."""

    title = models.CharField(max_length=60)
    topic = models.CharField(max_length=10, choices=Campaign.Topic.choices)
    created_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    # No longer offered; messages that used it keep their text.
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                name="content_withdrawn_by_somebody",
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
            ),
        ]


class ContentVersion(TenantModel):
    """One wording of an item. Once published it never changes; a change is the next version."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待审核"
        PUBLISHED = "published", "可用"

    item = TenantForeignKey(ContentItem, models.CASCADE, related_name="versions")
    number = models.SmallIntegerField()
    body = models.TextField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    written_by = TenantForeignKey(Officer, models.PROTECT, related_name="+")
    edited_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    returned_reason = models.CharField(max_length=200, blank=True)
    reviewed_by = TenantForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "item", "number"], name="content_version_number"
            ),
            # Two people cannot prepare different next versions without knowing of each other.
            models.UniqueConstraint(
                fields=["county", "item"],
                condition=~Q(state="published"),
                name="content_one_version_in_work",
            ),
            models.CheckConstraint(
                name="content_reviewed_by_another_person",
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("written_by")),
            ),
            models.CheckConstraint(
                name="content_published_was_reviewed",
                condition=~Q(state="published")
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
            ),
        ]


class ContentUse(TenantModel):
    """Which version a message took its words from."""

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="content_uses")
    version = TenantForeignKey(ContentVersion, models.PROTECT, related_name="uses")
    used_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["county", "campaign", "version"], name="content_use_once"
            ),
        ]


class Attachment(TenantModel):
    """One thing that hangs on a message, or on a version of the library."""

    class Kind(models.TextChoices):
        IMAGE = "image", "图片"
        VIDEO = "video", "视频"
        FILE = "file", "文件"
        LINK = "link", "链接"
        MINIPROGRAM = "miniprogram", "小程序"

    campaign = TenantForeignKey(Campaign, models.CASCADE, null=True, related_name="attachments")
    version = TenantForeignKey(
        ContentVersion, models.CASCADE, null=True, related_name="attachments"
    )
    position = models.SmallIntegerField()
    kind = models.CharField(max_length=11, choices=Kind.choices)
    # The file itself, or the cover of a mini-program.
    file = TenantForeignKey(MediaFile, models.PROTECT, null=True, related_name="attachments")
    title = models.CharField(max_length=128, blank=True)
    description = models.CharField(max_length=512, blank=True)
    url = models.CharField(max_length=2048, blank=True)
    appid = models.CharField(max_length=64, blank=True)
    page = models.CharField(max_length=512, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(
                name="attachment_hangs_on_one_thing",
                condition=Q(campaign__isnull=False, version=None)
                | Q(campaign=None, version__isnull=False),
            ),
            models.CheckConstraint(
                name="attachment_has_what_it_needs",
                condition=Q(kind__in=["image", "video", "file"], file__isnull=False)
                | (Q(kind="link", file=None) & ~Q(url="") & ~Q(title=""))
                | (
                    Q(kind="miniprogram", file__isnull=False)
                    & ~Q(appid="")
                    & ~Q(page="")
                    & ~Q(title="")
                ),
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "campaign", "position"], name="attachment_campaign"),
            models.Index(fields=["county", "version", "position"], name="attachment_version"),
        ]


class TrialSend(TenantModel):
    """试发: an author sends a draft to their own WeCom, to see it on a phone."""

    campaign = TenantForeignKey(Campaign, models.CASCADE, related_name="trials")
    officer = TenantForeignKey(Officer, models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["county", "campaign", "asked_at"], name="trial_campaign"),
        ]
