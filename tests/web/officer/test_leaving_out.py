"""The page on which an officer says whom they leave out, and why."""

from weijing.audit.models import AuditEntry
from weijing.campaigns.models import Delivery, Deselection, Share

URL = "/o/campaigns/QF-1124-01/left-out/"
SHEET = "/o/campaigns/QF-1124-01/"


def said(answer):
    return answer.content.decode()


def test_the_officer_says_before_sending_whom_they_leave_out(beat):
    share = beat.share([beat.friend("罗样例", "1"), beat.friend("阳样例", "2")])
    first = share.deliveries.order_by("pk").first()
    assert URL in said(beat.client.get(SHEET))
    page = said(beat.client.get(URL))
    assert "取消勾选" in page
    assert "罗*例" in page or "罗" in page
    assert "罗样例" not in page
    assert AuditEntry.objects.filter(action="record.viewed").count() == 2
    wrong = beat.client.post(URL, {"act": "note", "person": [first.pk]})
    assert wrong.status_code == 422
    assert "checked" in said(wrong)
    beat.client.post(URL, {"act": "note", "person": [first.pk], "reason": "moved", "words": ""})
    assert "已搬走" in said(beat.client.get(URL))
    assert "民辅警说不发：已搬走" in said(beat.client.get(f"{SHEET}people/"))
    beat.client.post(URL, {"act": "take-back", "person": [first.pk]})
    assert not Deselection.objects.exists()


def test_afterwards_the_sheet_asks_why_somebody_was_left_out(beat):
    share = beat.share([beat.friend("罗样例", "1"), beat.friend("阳样例", "2")], state="finished")
    sent, left = share.deliveries.order_by("pk")
    Delivery.objects.filter(pk=sent.pk).update(result="sent")
    Share.objects.update(results={"sent": 1, "pending": 1})
    sheet = said(beat.client.get(SHEET))
    assert 'id="unexplained"' in sheet
    page = said(beat.client.get(URL))
    assert f'value="{left.pk}"' in page
    assert f'value="{sent.pk}"' not in page
    beat.client.post(
        URL, {"act": "note", "person": [left.pk], "reason": "other", "words": "人在住院"}
    )
    assert 'id="unexplained"' not in said(beat.client.get(SHEET))
    assert "人在住院" in said(beat.client.get(f"{SHEET}people/"))


def test_people_are_found_by_name(beat):
    share = beat.share([beat.friend("罗样例", "1"), beat.friend("阳样例", "2")])
    page = said(beat.client.get(URL, {"q": "罗"}))
    assert page.count('name="person"') == 1
    assert "没有这个姓名的人" in said(beat.client.get(URL, {"q": "没有\x00"}))
    assert share.deliveries.count() == 2


def test_nothing_is_to_be_left_out_of_a_task_that_is_over_or_of_an_emergency(beat):
    share = beat.share([beat.friend("罗样例", "1")], state="cancelled")
    assert beat.client.get(URL).status_code == 302
    Share.objects.filter(pk=share.pk).update(state="asked", msgid="m1")
    type(share.campaign).objects.update(is_urgent=True)
    assert beat.client.get(URL).status_code == 302
    assert (
        beat.client.post(URL, {"act": "note", "person": ["1"], "reason": "told"}).status_code == 302
    )
    assert URL not in said(beat.client.get(SHEET))
    assert not Deselection.objects.exists()


def test_a_share_of_another_officer_does_not_exist(beat):
    share = beat.share([beat.friend("罗样例", "1")])
    Share.objects.filter(pk=share.pk).update(officer=beat.neighbour)
    assert beat.client.get(URL).status_code == 404
    assert beat.client.post(URL, {"act": "note", "person": ["x", "9" * 30]}).status_code == 404
