"""What a message says and carries: attachments, the library, two windows, a trial."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.campaigns.pictures import picture, video
from weijing.accounts.models import Officer
from weijing.campaigns.content import judging, trying, writing
from weijing.campaigns.content.models import (
    Attachment,
    ContentItem,
    ContentVersion,
    MediaFile,
    TrialSend,
)
from weijing.campaigns.models import Campaign
from weijing.core import clock
from weijing.territory.models import Station

BODY = "乡亲您好，今晚有强降雨。——隆回县公安局"


@pytest.fixture
def client(desk):
    return desk.client(desk.author)


def form(**more):
    return {"title": "行车提醒", "topic": "traffic", "body": BODY, "confirm_hours": "24",
            "kind-r": "all", "field-r-0": "division", "division-r-0": "430524", **more}  # fmt: skip


def htmx(client, url, data):
    return client.post(url, data, headers={"HX-Request": "true"})


def upload(client, url, name="绕行.png", data=None):
    file = SimpleUploadedFile(name, picture("PNG") if data is None else data)
    return client.post(url, {"act": "file", "file": file})


def edit_url(campaign):
    return f"/desk/campaigns/{campaign.number}/edit/"


def test_a_new_page_is_saved_and_leads_to_its_attachments(client):
    answer = client.post("/desk/campaigns/new/", form(go="attachments"))
    campaign = Campaign.objects.get()
    assert answer.url == f"/desk/campaigns/{campaign.number}/attachments/"
    assert upload(client, answer.url).status_code == 302
    link = {"act": "link", "title": "行车要点", "url": "https://www.hunan.gov.cn/a"}
    assert client.post(answer.url, link).status_code == 302
    said = client.get(edit_url(campaign)).content.decode()
    assert "绕行.png" in said and "行车要点" in said and "2 / 9" in said
    address = re.search(r'<img src="([^"]+)"', said)[1]
    shown = client.get(address)
    assert shown["Content-Type"] == "image/png" and shown["X-Content-Type-Options"] == "nosniff"
    assert shown.content.startswith(b"\x89PNG")


def test_a_refused_file_keeps_the_page_and_says_why(desk, client):
    url = f"/desk/campaigns/{desk.draft().number}/attachments/"
    answer = upload(client, url, "x.exe", b"MZ\x90 not a picture")
    assert answer.status_code == 422 and "没有加上" in answer.content.decode()
    answer = client.post(url, {"act": "link", "title": "要点", "url": "ftp://x"})
    assert answer.status_code == 422 and 'value="ftp://x"' in answer.content.decode()
    assert client.post(url, {"act": "nothing"}).status_code == 404
    assert client.post(url, {"act": "detach", "attachment": "x"}).status_code == 404
    assert client.post(url, {"act": "file"}).status_code == 422
    assert not Attachment.objects.exists()


def test_attachments_are_put_in_order_and_taken_off(desk, client):
    campaign = desk.draft()
    url = f"/desk/campaigns/{campaign.number}/attachments/"
    upload(client, url)
    upload(client, url, "短片.mp4", video())
    first, second = Attachment.objects.order_by("position")
    client.post(url, {"act": "up", "attachment": second.pk})
    assert list(Attachment.objects.order_by("position")) == [second, first]
    client.post(url, {"act": "detach", "attachment": first.pk})
    assert list(Attachment.objects.all()) == [second]
    answer = client.get(f"{url}{second.pk}/")
    assert answer["Content-Disposition"].startswith("attachment")


def test_who_may_not_see_a_message_does_not_see_its_files(desk, client):
    campaign = desk.draft()
    url = f"/desk/campaigns/{campaign.number}/attachments/"
    upload(client, url)
    file = f"{url}{Attachment.objects.get().pk}/"
    assert desk.client(desk.approver).get(file).status_code == 200
    assert desk.client(desk.chief).get(file).status_code == 404
    assert desk.client(desk.admin).get(file).status_code == 403
    assert upload(desk.client(desk.approver), url).status_code == 403


def test_who_approves_sees_what_hangs_on_it_and_how_residents_get_it(desk, client):
    campaign = desk.draft()
    upload(client, f"/desk/campaigns/{campaign.number}/attachments/")
    from weijing.campaigns import drafting
    from weijing.core import clock

    drafting.submit(campaign, by=desk.author, at=clock.now(), count_seen=4)
    page = desk.client(desk.approver).get(f"/desk/campaigns/{campaign.number}/review/")
    assert page.content.decode().count("绕行.png") >= 2


def test_what_blocks_is_said_in_the_composer_with_its_line_and_advice(desk, client):
    campaign = desk.draft()
    said = htmx(
        client, edit_url(campaign), form(body="您好\n请立即转账。\n{姓名}")
    ).content.decode()
    assert "要改：" in said and "「请立即转账」第" in said and "变量" in said
    review = f"/desk/campaigns/{campaign.number}/review/"
    answer = client.post(review, {"act": "submit", "count_seen": "4"})
    assert answer.status_code == 422 and "草稿还在" in answer.content.decode()


def test_a_preview_is_one_officers_message_in_the_size_asked_for(desk, client):
    campaign = desk.draft()
    data = form(body="{民警姓名}提醒您。隆回县公安局", preview_as="陈演示", preview_size="care")
    said = htmx(client, edit_url(campaign), data).content.decode()
    assert "陈演示提醒您" in said and "preview--care" in said
    assert "填上变量后" in said
    said = htmx(client, edit_url(campaign), data | {"preview_as": "查无此人"}).content.decode()
    assert "没有叫「查无此人」" in said and "提醒您" in said


def test_without_javascript_a_variable_goes_to_the_end_of_the_text(desk, client):
    campaign = desk.draft()
    answer = client.post(edit_url(campaign), form(insert="民警姓名"))
    assert answer.url.endswith("#what")
    campaign.refresh_from_db()
    assert campaign.body == BODY + "{民警姓名}"


def stale_window(desk, client):
    campaign = desk.draft()
    stale = campaign.edited_at.isoformat()
    client.post(edit_url(campaign), form(body="另一个窗口写的"))
    upload(client, f"/desk/campaigns/{campaign.number}/attachments/")
    return campaign, form(body="这个窗口写的", edited_at=stale)


def test_the_later_window_is_told_and_keeps_its_words_as_a_draft_of_their_own(desk, client):
    campaign, mine = stale_window(desk, client)
    answer = htmx(client, edit_url(campaign), mine)
    assert answer.status_code == 422 and "我这份另存为新草稿" in answer.content.decode()
    answer = client.post(edit_url(campaign), mine | {"resolve": "apart"})
    other = Campaign.objects.exclude(pk=campaign.pk).get()
    assert answer.url == edit_url(other)
    assert {c.body for c in Campaign.objects.all()} == {"另一个窗口写的", "这个窗口写的"}
    assert other.attachments.count() == campaign.attachments.count() == 1


def test_the_later_window_may_win_and_the_other_text_is_not_lost(desk, client):
    campaign, mine = stale_window(desk, client)
    client.post(edit_url(campaign), mine | {"resolve": "mine"})
    campaign.refresh_from_db()
    other = Campaign.objects.exclude(pk=campaign.pk).get()
    assert (campaign.body, other.body) == ("这个窗口写的", "另一个窗口写的")
    assert "另一处" in other.title


def test_a_trial_is_queued_and_the_page_says_so(desk, client):
    campaign = desk.draft()
    Officer.objects.filter(pk=desk.author.pk).update(wecom_userid="wang")
    answer = client.post(edit_url(campaign), form(go="try"), follow=True)
    assert TrialSend.objects.get().officer_id == desk.author.pk
    assert "试发在排队" in answer.content.decode()
    TrialSend.objects.update(problem="企业微信没有收下试发的内容（40007）。")
    assert "没有收下" in client.get(edit_url(campaign)).content.decode()


def write(client, **more):
    text = {"title": "雨天行车", "topic": "traffic", "body": BODY, "go": "save", **more}
    return client.post("/desk/library/new/", text)


def read(client, url):
    """What the page says that its reader has read."""
    said = client.get(url).content.decode()
    names = ("version", "submitted_at")
    return {name: re.search(rf'name="{name}" value="([^"]+)"', said)[1] for name in names}


def test_nobody_lets_words_through_that_they_have_not_read(desk, client):
    write(client)
    item, version = ContentItem.objects.get(), ContentVersion.objects.get()
    url = f"/desk/library/{item.pk}/"
    approver = desk.client(desk.approver)
    client.post(url, {"act": "submit"})
    seen = read(approver, url)
    client.post(url, {"act": "recall", "version": version.pk})
    assert approver.post(url, {"act": "publish", **seen}).status_code == 422
    client.post(url + "edit/", {"title": "雨天行车", "topic": "traffic", "body": "别的话"})
    client.post(url, {"act": "submit"})
    for words in (seen, {"version": version.pk}, {**seen, "submitted_at": "2026-11-24T10:00"}):
        for act in ("publish", "return"):
            answer = approver.post(url, {"act": act, "reason": "不对", **words})
            assert answer.status_code == 422
            assert "再读一遍" in answer.content.decode()
    version.refresh_from_db()
    assert version.state == "submitted"
    approver.post(url, {"act": "publish", **read(approver, url)})
    version.refresh_from_db()
    assert (version.state, version.body) == ("published", "别的话")


def test_a_draft_is_thrown_away_by_its_author_or_an_approver(desk, client):
    write(client)
    item = ContentItem.objects.get()
    url = f"/desk/library/{item.pk}/"
    approver = desk.client(desk.approver)
    chief = desk.client(desk.chief)
    assert "丢弃草稿" not in chief.get(url).content.decode()
    assert chief.post(url, {"act": "discard"}).status_code == 403
    assert "丢弃草稿" in approver.get(url).content.decode()
    assert approver.post(url, {"act": "discard"}).url == "/desk/library/"
    assert not ContentItem.objects.exists()
    assert client.get(url).status_code == 404


def test_what_was_written_around_a_reviewed_text_is_pointed_out_to_the_approver(desk, client):
    write(client)
    version = ContentVersion.objects.get()
    writing.submit(version, by=desk.author, at=clock.now())
    version.refresh_from_db()
    judging.publish(version, by=desk.approver, at=clock.now())
    campaign = desk.draft(body="")
    client.post(f"/desk/campaigns/{campaign.number}/library/",
                {"version": version.pk, "how": "instead"})  # fmt: skip
    review = f"/desk/campaigns/{campaign.number}/review/"
    assert "文字与审核的一致" in client.get(review).content.decode()
    Campaign.objects.update(body=f"千万不要相信下面的话：\n{BODY}")
    said = client.get(review).content.decode()
    assert "文字与审核的一致" not in said
    assert re.search(r"审核过的文字都在，另加了 <span[^>]*>11</span> 字", said)


def test_a_trial_that_never_came_is_not_promised_for_ever(desk, client):
    campaign = desk.draft()
    trial = TrialSend.objects.create(county=desk.county, campaign=campaign, officer=desk.author,
                                     asked_at=clock.now() - timedelta(minutes=6))  # fmt: skip
    said = client.get(edit_url(campaign)).content.decode()
    assert trying.NOT_REACHED in said
    assert "几秒后到" not in said
    trial.delete()


def test_a_text_goes_from_hand_to_hand_into_a_message(desk, client):
    approver = desk.client(desk.approver)
    page = write(client, go="attachments").url
    item = ContentItem.objects.get()
    upload(client, page)
    url = f"/desk/library/{item.pk}/"
    version = ContentVersion.objects.get()
    assert "提交审核" in client.get(url).content.decode()
    client.post(url, {"act": "submit", "version": version.pk})
    version.refresh_from_db()
    mine = {"act": "publish", "submitted_at": version.submitted_at.isoformat()}
    assert client.post(url, mine).status_code == 403
    assert "等您审核" in approver.get("/desk/library/").content.decode()
    approver.post(url, {"act": "return", "reason": "写明时间", **read(approver, url)})
    assert "写明时间" in client.get(url).content.decode()
    client.post(url, {"act": "submit", "version": version.pk})
    approver.post(url, {"act": "publish", **read(approver, url)})

    campaign = desk.draft(title="", body="")
    choose = f"/desk/campaigns/{campaign.number}/library/"
    assert BODY in client.get(choose).content.decode()
    assert "没有审核过的素材" in client.get(choose + "?topic=anti_drug").content.decode()
    client.post(choose, {"version": version.pk, "how": "instead"})
    campaign.refresh_from_db()
    assert (campaign.title, campaign.body) == ("雨天行车", BODY)
    said = client.get(edit_url(campaign)).content.decode()
    assert "用了素材" in said and "绕行.png" in said and "文字已改动" not in said
    client.post(edit_url(campaign), form(body="改了"))
    assert "文字已改动" in client.get(edit_url(campaign)).content.decode()
    assert campaign.number in approver.get(url).content.decode()

    assert client.post(url, {"act": "withdraw", "reason": "过时"}).status_code == 403
    approver.post(url, {"act": "withdraw", "reason": "过时"})
    answer = client.post(choose, {"version": version.pk, "how": "behind"})
    assert answer.status_code == 422 and "已停用" in answer.content.decode()


def test_a_reviewed_text_is_changed_only_as_a_new_version(desk, client):
    write(client)
    item, version = ContentItem.objects.get(), ContentVersion.objects.get()
    url = f"/desk/library/{item.pk}/"
    client.post(url, {"act": "submit"})
    approver = desk.client(desk.approver)
    approver.post(url, {"act": "publish", **read(approver, url)})
    assert client.get(url + "edit/").url == url
    assert client.post(url, {"act": "next"}).url == url + "edit/"
    client.post(url + "edit/", {"title": "雨天行车", "topic": "traffic", "body": "新的一版"})
    assert [v.body for v in ContentVersion.objects.order_by("number")] == [BODY, "新的一版"]
    # A page opened before that does not hand in what it does not show.
    stale = client.post(url, {"act": "submit", "version": version.pk})
    assert stale.status_code == 422


def test_the_library_of_another_county_and_unknown_numbers_are_404(desk, client):
    for path in ("/desk/library/9/", "/desk/library/9/edit/", "/desk/library/9/attachments/2/"):
        assert client.get(path).status_code == 404
    choose = f"/desk/campaigns/{desk.draft().number}/library/"
    for version in ("x", "9", "²", "9" * 30):
        assert client.post(choose, {"version": version}).status_code == 404


def test_a_station_registers_its_own_duty_phone_and_no_other(desk):
    station = Station.objects.get(name="小沙江派出所")
    other = Station.objects.exclude(pk=station.pk).first()
    chief, url = desk.client(desk.chief), "/desk/library/phones/"
    assert chief.post(url, {"station": station.pk, "phone": "0739 8000110"}).status_code == 302
    assert chief.post(url, {"station": station.pk, "phone": "八零"}).status_code == 422
    if other:
        assert chief.post(url, {"station": other.pk, "phone": "0739-8000119"}).status_code == 403
    station.refresh_from_db()
    assert station.phone == "07398000110"
    assert "07398000110" in desk.client(desk.author).get(url).content.decode()


def test_the_officer_reads_their_own_words_and_sees_the_pictures(desk, client):
    campaign = desk.draft(body="{民警姓名}提醒您。隆回县公安局")
    upload(client, f"/desk/campaigns/{campaign.number}/attachments/")
    from weijing.campaigns import approving, drafting
    from weijing.core import clock

    drafting.submit(campaign, by=desk.author, at=clock.now(), count_seen=4)
    approving.release(campaign, by=desk.approver, at=clock.now(), at_any_hour=True)
    officer = desk.officers["桃李村"]
    phone = desk.client(officer)
    said = phone.get(f"/o/campaigns/{campaign.number}/").content.decode()
    assert f"{officer.name}提醒您" in said
    picture_url = re.search(r'<img src="([^"]+)"', said)[1]
    assert phone.get(picture_url)["Content-Type"] == "image/png"
    assert desk.client(desk.officers["红星村"]).get(picture_url).status_code == 200
    assert MediaFile.objects.count() == 1
