"""Files that messages carry: kept once, and let go when nothing carries them."""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from weijing.accounts.models import Officer
from weijing.campaigns.content.checking import Checked
from weijing.campaigns.content.models import Attachment, MediaContent, MediaFile
from weijing.core import jobs

UNUSED_AFTER = timedelta(days=30)


@transaction.atomic
def keep(file: Checked, *, by: Officer, at: datetime) -> MediaFile:
    """Keep the file, or find the row that has it already; WeCom gets it at once, by a job.

    One that WeCom refused before has another try: its limits change, and its errors are not ours.
    """
    kept, created = MediaFile.objects.get_or_create(
        county_id=by.county_id,
        sha256=hashlib.sha256(file.data).hexdigest(),
        kind=file.kind,
        name=file.name,
        defaults={
            "content_type": file.content_type,
            "size_bytes": len(file.data),
            "width": file.width,
            "height": file.height,
            "added_by": by,
            "added_at": at,
        },
    )
    if created:
        MediaContent.objects.create(county_id=by.county_id, file=kept, data=file.data)
    elif kept.problem:
        kept.is_refused, kept.problem, kept.failures = False, "", 0
        kept.save(update_fields=["is_refused", "problem", "failures"])
    fetch_media_id(kept)
    return kept


def fetch_media_id(file: MediaFile) -> None:
    """Put its upload into the queue; one that waits already is enough."""
    jobs.enqueue(
        "campaigns.upload_media",
        once=f"media:{file.pk}",
        county_id=file.county_id,
        file_id=file.pk,
    )


def content(file: MediaFile) -> bytes:
    return bytes(MediaContent.objects.get(county_id=file.county_id, file=file).data)


def drop_unused(county_id: int, *, at: datetime) -> int:
    """Delete files that nothing has carried for a month; how many."""
    carried = Attachment.objects.filter(county_id=county_id, file=OuterRef("pk"))
    unused = MediaFile.objects.filter(
        ~Exists(carried), county_id=county_id, added_at__lt=at - UNUSED_AFTER
    )
    return unused.delete()[1].get("campaigns.MediaFile", 0)
