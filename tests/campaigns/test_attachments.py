"""What hangs on a message: checked when added, uploaded once, never left out."""

import io
from datetime import timedelta
from random import Random

import pytest
from PIL import Image

from tests.builders import make_officer
from tests.campaigns.fake_wecom import MISCONFIGURED, UNAVAILABLE
from tests.campaigns.pictures import office, pdf, picture, video
from wecom_api import Rejected, Unavailable
from wecom_api.errors import InvalidMedia, MediaRefused
from weijing.accounts.models import Role
from weijing.campaigns import approving, asking, backoff, drafting, sweeping
from weijing.campaigns.content import attaching, checking, files, uploading
from weijing.campaigns.content.models import Attachment, MediaFile
from weijing.campaigns.models import Share
from weijing.core.errors import PermissionDenied

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_loses_what_the_camera_wrote_into_it(kind):
    given = picture(kind)
    assert Image.open(io.BytesIO(given)).getexif()
    kept = checking.checked("绕行.heic.png", given)
    opened = Image.open(io.BytesIO(kept.data))
    assert not opened.getexif() and b"synthetic" not in kept.data
    assert (kept.width, kept.height) == opened.size == (60, 40)
    assert kept.content_type == ("image/png" if kind == "PNG" else "image/jpeg")


def test_a_file_is_what_it_contains_whatever_its_name_says():
    assert checking.checked("通知.pdf", picture("PNG")).name == "通知.png"
    assert checking.checked("../../照片.jpg", pdf()).name == "照片.pdf"
    assert checking.checked("a.mp4", office("word/document.xml")).name == "a.docx"
    assert checking.checked("短片", video()).name == "短片.mp4"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空的"),
        (b"MZ\x90\0 an exe", "只收"),
        (b"<html><script>", "只收"),
        (picture()[:120], "打不开"),
        (b"\xff\xd8\xff" + bytes(11 * 1024 * 1024), "最大 10 MB"),
        (b"%PDF-" + bytes(21 * 1024 * 1024), "最大 20 MB"),
        (office("word/document.xml", "word/vbaProject.bin"), "带宏"),
        (office("anything.txt"), "压缩包"),
        (b"PK\x03\x04 cut off", "打不开"),
        (video(b"\xa9xyz+27.1+110.9/"), "拍摄地点"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "MP4"),
    ],
)
def test_what_wecom_does_not_take_or_tells_too_much_is_refused(data, said):
    with pytest.raises(checking.NotSendable, match=said):
        checking.checked("x", data)


def test_what_is_see_through_does_not_turn_black():
    out = io.BytesIO()
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(out, "PNG")
    kept = checking.checked("印章.png", out.getvalue())
    assert Image.open(io.BytesIO(kept.data)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("whole", [office("word/document.xml", "a.xml"), pdf(), video()])
def test_broken_documents_and_videos_are_kept_or_refused_and_never_crash(whole):
    random = Random(len(whole))
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(random.choice((1, 3, 20))):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            checking.checked("x", bytes(data))
        except checking.NotSendable:
            refused += 1
    assert refused > 20


def test_a_zip_of_a_version_to_come_is_refused():
    data = bytearray(office("word/document.xml"))
    data[data.rindex(b"PK\x01\x02") + 6] = 90  # version needed to extract
    with pytest.raises(checking.NotSendable, match="打不开"):
        checking.checked("x.docx", bytes(data))


def test_a_small_file_that_unfolds_into_a_huge_picture_is_not_unfolded():
    out = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(out, "PNG")
    with pytest.raises(checking.NotSendable, match=r"像素太多|打不开"):
        checking.checked("x.png", out.getvalue())


def add_picture(draft, author, at, colour="navy", name="绕行.png"):
    return attaching.attach_file(draft, name, picture("PNG", colour=colour), by=author, at=at)


def test_the_same_file_is_kept_and_uploaded_once(draft, author, at, wecom):
    first, second = add_picture(draft, author, at), add_picture(draft, author, at)
    assert first.file_id == second.file_id and MediaFile.objects.count() == 1
    for _ in range(2):
        file = MediaFile.objects.get()
        uploading.upload(file, wecom=wecom, at=at)
    assert len(wecom.uploads) == 1 and wecom.uploads[0][:2] == ("image", "绕行.png")


def test_nine_things_hang_on_a_message_and_not_a_tenth(draft, author, at):
    for number in range(9):
        attaching.attach_link(draft, title="要点", url=f"https://www.hunan.gov.cn/{number}",
                              description="", by=author, at=at)  # fmt: skip
    with pytest.raises(attaching.NotAttachable, match="最多 9 个"):
        add_picture(draft, author, at)
    assert MediaFile.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "", "请填写"),
        ("url", "javascript:alert(1)", "https"),
        ("url", "https://a b.cn", "空格"),
        ("title", "字" * 43, "128 字节"),
        ("description", "字" * 171, "512 字节"),
        ("url", "https://www.hunan.gov.cn/" + "a" * 2048, "2048 字节"),
    ],
)
def test_a_link_wecom_would_refuse_is_refused_here(draft, author, at, field, value, said):
    given = {"title": "要点", "url": "https://www.hunan.gov.cn/", "description": "", field: value}
    with pytest.raises(attaching.NotAttachable, match=said):
        attaching.attach_link(draft, **given, by=author, at=at)


def test_only_the_author_changes_what_hangs_on_a_draft_and_only_on_a_draft(
    draft, author, approver, county, at
):
    with pytest.raises(PermissionDenied):
        add_picture(draft, approver, at)
    other = make_officer(county, "other", Role.CAMPAIGN_AUTHOR, county_desk=True)
    row = add_picture(draft, author, at)
    with pytest.raises(PermissionDenied):
        attaching.detach(draft, row.pk, by=other, at=at)
    drafting.submit(draft, by=author, at=at, count_seen=3)
    with pytest.raises(attaching.NotOpen):
        attaching.detach(draft, row.pk, by=author, at=at)
    assert Attachment.objects.count() == 1


def test_a_changed_attachment_is_a_changed_draft(draft, author, at):
    later = at + timedelta(minutes=1)
    row = add_picture(draft, author, later)
    draft.refresh_from_db()
    assert draft.edited_at == later
    attaching.attach_link(draft, title="要点", url="https://www.hunan.gov.cn/", description="",
                          by=author, at=later)  # fmt: skip
    link = attaching.attachments_of(draft).last()
    attaching.move_up(draft, link.pk, by=author, at=later)
    assert [one.kind for one in attaching.attachments_of(draft)] == ["link", "image"]
    attaching.detach(draft, row.pk, by=author, at=later)
    attaching.detach(draft, row.pk, by=author, at=later)
    assert [one.kind for one in attaching.attachments_of(draft)] == ["link"]


@pytest.fixture
def carrying_share(draft, author, approver, at):
    add_picture(draft, author, at)
    attaching.attach_link(draft, title="要点", url="https://www.hunan.gov.cn/", description="五句",
                          by=author, at=at)  # fmt: skip
    attaching.attach_mini_program(draft, title="路况", appid="wx0123456789abcdef", page="pages/a",
                                  cover_name="c.png", cover=picture("PNG", colour="red"),
                                  by=author, at=at)  # fmt: skip
    drafting.submit(draft, by=author, at=at, count_seen=3)
    approving.release(draft, by=approver, at=at)
    return Share.objects.select_related("campaign", "officer").get()


def upload_all(wecom, at):
    for file in MediaFile.objects.all():
        uploading.upload(file, wecom=wecom, at=at)


def ask(share, wecom, at):
    asking.ask(share, wecom=wecom, at=at, monotonic=wecom.monotonic)
    share.refresh_from_db()


def test_a_share_waits_with_its_reason_until_wecom_has_every_file(carrying_share, wecom, at):
    share = carrying_share
    ask(share, wecom, at)
    assert share.state == Share.State.WAITING and wecom.add_calls == 0
    assert "绕行.png" in share.note and share.due_at > at and share.intent_at is None
    upload_all(wecom, at)
    ask(share, wecom, at)
    assert share.state == Share.State.ASKED and share.note == ""
    kinds = [one.as_json()["msgtype"] for one in wecom.tasks[0].attachments]
    assert kinds == ["image", "link", "miniprogram"]
    assert wecom.tasks[0].attachments[0].media_id == "media1"


def test_what_wecom_refuses_is_never_left_out_but_shown_to_a_person(carrying_share, wecom, at):
    wecom.media_answers = [MediaRefused(errcode=40009)]
    upload_all(wecom, at)
    ask(carrying_share, wecom, at)
    assert carrying_share.state == Share.State.WAITING and wecom.add_calls == 0
    assert carrying_share.needs_person and "40009" in carrying_share.note
    upload_all(wecom, at)
    assert MediaFile.objects.filter(is_refused=True).count() == 1  # it is not tried for ever


def test_a_code_that_says_nothing_about_the_file_does_not_refuse_it_for_ever(
    carrying_share, wecom, at
):
    wecom.media_answers = [Rejected(errcode=99_999)]
    upload_all(wecom, at)
    ask(carrying_share, wecom, at)
    assert not carrying_share.needs_person
    assert "99999" in carrying_share.note
    upload_all(wecom, at)
    ask(carrying_share, wecom, at)
    assert carrying_share.state == Share.State.ASKED


def test_a_refused_file_that_is_added_again_has_another_try(draft, author, at, wecom):
    add_picture(draft, author, at)
    wecom.media_answers = [MediaRefused(errcode=40009)]
    upload_all(wecom, at)
    assert MediaFile.objects.get().is_refused
    attaching.detach(draft, draft.attachments.get().pk, by=author, at=at)
    add_picture(draft, author, at)
    file = MediaFile.objects.get()
    assert (file.is_refused, file.problem, file.failures) == (False, "", 0)
    upload_all(wecom, at)
    assert uploading.is_ready(MediaFile.objects.get(), at=at)


def test_a_line_that_is_down_is_said_and_tried_again(carrying_share, wecom, at):
    file = MediaFile.objects.order_by("pk").first()
    wecom.media_answers = [UNAVAILABLE]
    with pytest.raises(Unavailable):
        uploading.upload(file, wecom=wecom, at=at)
    ask(carrying_share, wecom, at)
    assert "连不上" in carrying_share.note and not carrying_share.needs_person
    upload_all(wecom, at)
    ask(carrying_share, wecom, at)
    assert carrying_share.state == Share.State.ASKED


def test_an_upload_that_wecom_forgot_goes_up_again_before_anything_is_sent(
    carrying_share, wecom, at
):
    upload_all(wecom, at)
    wecom.answer_with = [InvalidMedia(errcode=40007)]
    ask(carrying_share, wecom, at)
    assert carrying_share.state == Share.State.WAITING and wecom.tasks == []
    assert set(MediaFile.objects.values_list("media_id", flat=True)) == {""}
    upload_all(wecom, at)
    ask(carrying_share, wecom, at + timedelta(minutes=1))
    assert carrying_share.state == Share.State.ASKED and len(wecom.tasks) == 1


def test_an_upload_is_renewed_a_day_before_wecom_forgets_it(carrying_share, county, wecom, at):
    upload_all(wecom, at)
    assert uploading.renew(county.pk, at=at + timedelta(hours=40)) == 0
    later = at + timedelta(hours=50)
    # Nothing was sent yet: the share still needs both pictures.
    assert uploading.renew(county.pk, at=later) == 2
    upload_all(wecom, later)
    assert len(wecom.uploads) == 4
    assert all(uploading.is_ready(file, at=later) for file in MediaFile.objects.all())


def test_uploads_that_no_open_message_needs_are_left_to_expire(draft, author, county, at):
    add_picture(draft, author, at)
    assert uploading.renew(county.pk, at=at + timedelta(days=9)) == 0


def test_a_share_is_not_asked_with_an_upload_about_to_expire(carrying_share, wecom, at):
    upload_all(wecom, at)
    late = at + timedelta(days=3) - timedelta(minutes=30)
    carrying_share.campaign.confirm_by = late + timedelta(days=1)
    carrying_share.campaign.save()
    ask(carrying_share, wecom, late)
    assert carrying_share.state == Share.State.WAITING and wecom.add_calls == 0


def test_the_intent_says_what_hangs_on_it_and_not_under_which_id(carrying_share, wecom, at):
    upload_all(wecom, at)
    ask(carrying_share, wecom, at)
    with_all = carrying_share.intent_digest
    back = {"state": Share.State.WAITING, "attempt": 0, "msgid": None}
    Share.objects.update(**back)
    MediaFile.objects.update(media_id="another")
    ask(carrying_share, wecom, at)
    assert carrying_share.intent_digest == with_all
    Share.objects.update(**back)
    attaching.attachments_of(carrying_share.campaign).first().delete()
    ask(carrying_share, wecom, at)
    assert carrying_share.intent_digest != with_all


def test_files_that_nothing_carries_are_gone_after_a_month(draft, author, county, at):
    kept = add_picture(draft, author, at)
    dropped = add_picture(draft, author, at, colour="red")
    attaching.detach(draft, dropped.pk, by=author, at=at)
    assert files.drop_unused(county.pk, at=at + timedelta(days=29)) == 0
    assert files.drop_unused(county.pk, at=at + timedelta(days=31)) == 1
    assert list(MediaFile.objects.values_list("pk", flat=True)) == [kept.file_id]


def test_the_upload_wakes_every_share_that_waits_for_it(carrying_share, county, wecom, at):
    ask(carrying_share, wecom, at)
    soon = at + timedelta(seconds=20)
    assert sweeping.take_due(county.pk, at=soon).share_ids == []  # none of 1,400 asks each 15 s
    upload_all(wecom, soon)
    assert sweeping.take_due(county.pk, at=soon).share_ids == [carrying_share.pk]
    ask(carrying_share, wecom, soon)
    assert carrying_share.state == Share.State.ASKED


def test_nobody_else_is_woken_by_an_upload(carrying_share, county, wecom, at):
    parked = at + timedelta(minutes=5)
    Share.objects.update(due_at=parked, note="企业微信暂时连不上，稍后自动再试。")
    upload_all(wecom, at)
    carrying_share.refresh_from_db()
    assert carrying_share.due_at == parked


def test_a_share_held_before_the_last_file_is_there_is_woken_again(carrying_share, wecom, at):
    first, last = MediaFile.objects.order_by("pk")
    ask(carrying_share, wecom, at)
    uploading.upload(first, wecom=wecom, at=at)
    ask(carrying_share, wecom, at)
    assert carrying_share.due_at > at
    uploading.upload(last, wecom=wecom, at=at)
    carrying_share.refresh_from_db()
    assert carrying_share.due_at == at


def test_a_file_that_fails_again_and_again_is_shown_to_a_person_who_is_released_by_the_upload(
    carrying_share, wecom, at
):
    file = MediaFile.objects.order_by("pk").first()
    for failures in range(1, backoff.PARK_AFTER + 1):
        wecom.media_answers = [MISCONFIGURED]
        file.refresh_from_db()
        uploading.upload(file, wecom=wecom, at=at)
        ask(carrying_share, wecom, at)
        assert carrying_share.needs_person == (failures == backoff.PARK_AFTER)
    assert "密钥或权限" in carrying_share.note
    upload_all(wecom, at)
    carrying_share.refresh_from_db()
    assert not carrying_share.needs_person
    assert carrying_share.due_at == at
