"""The typhoon notice: a text of the library that another person has read, with a drawn picture."""

import io

from PIL import Image, ImageDraw

from weijing.accounts.models import Officer
from weijing.campaigns.content import attaching, judging, using, writing
from weijing.campaigns.content.models import ContentVersion, MediaFile
from weijing.campaigns.models import Campaign
from weijing.core import clock

TITLE = "强降雨山区行车提醒"
PICTURE = "绕行示意图.png"


def reviewed(body: str, *, author: Officer, approver: Officer) -> ContentVersion:
    """The notice in the library, published; the same one again when the day is played twice."""
    for version in using.offered(author.county_id, topic=Campaign.Topic.DISASTER):
        if version.item.title == TITLE and version.body == body:
            return version
    version = writing.begin(
        title=TITLE, topic=Campaign.Topic.DISASTER, body=body, by=author, at=clock.now()
    )
    attaching.attach_file(version, PICTURE, drawing(), by=author, at=clock.now())
    writing.submit(version, by=author, at=clock.now())
    judging.publish(version, by=approver, at=clock.now())
    version.refresh_from_db()
    return version


def is_with_wecom(campaign: Campaign) -> bool:
    """Whether the worker has given WeCom every file of the message."""
    carried = MediaFile.objects.filter(county_id=campaign.county_id, attachments__campaign=campaign)
    return not carried.filter(media_until=None).exists()


def drawing() -> bytes:
    """A road, closed in the middle, and the way round it."""
    picture = Image.new("RGB", (640, 360), "#f4f7fb")
    pen = ImageDraw.Draw(picture)
    pen.line([(40, 260), (600, 260)], fill="#46566b", width=14)
    pen.line([(180, 260), (240, 100), (400, 100), (460, 260)], fill="#0e6f49", width=10)
    pen.line([(295, 235), (345, 285)], fill="#b3261e", width=12)
    pen.line([(345, 235), (295, 285)], fill="#b3261e", width=12)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
