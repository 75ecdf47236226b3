"""Variables: the same for everyone of a share, filled when the officer is asked."""

import pytest

from weijing.campaigns import approving, asking, codes, drafting
from weijing.campaigns.content import filling
from weijing.campaigns.content.wording import ForbiddenWording
from weijing.campaigns.models import Share
from weijing.territory.models import Station

pytestmark = pytest.mark.django_db
BODY = "{村}的乡亲您好，我是｛派出所｝{民警姓名}，有事请打 {派出所电话}。"


@pytest.fixture
def stationed(officer):
    station = Station.objects.get(county_id=officer.county_id, name="小沙江派出所")
    station.phone = "0739-8000110"
    station.save()
    officer.station, officer.name = station, "罗演示"
    officer.save()
    return officer


def test_each_officer_sends_their_own_name_station_phone_and_village(
    draft, author, approver, stationed, wecom, at
):
    drafting.edit(draft, by=author, at=at, body=BODY)
    drafting.submit(draft, by=author, at=at, count_seen=3)
    approving.release(draft, by=approver, at=at)
    share = Share.objects.get()
    asking.ask(share, wecom=wecom, at=at, monotonic=wecom.monotonic)
    assert wecom.tasks[0].text == (
        f"桃李村的乡亲您好，我是小沙江派出所罗演示，有事请打 0739-8000110。\n〔隆警{share.code}〕"
    )


def test_who_has_no_station_or_village_still_sends_a_whole_sentence(county, author, at):
    said = filling.filled(BODY, filling.values_of([author], county, at=at)[author.pk])
    assert said == f"隆回县的乡亲您好，我是{county.bureau_name}{author.name}，有事请打 110。"


def test_a_long_list_of_villages_is_counted():
    assert filling.said(list("甲乙丙")) == "甲、乙、丙"
    assert filling.said(list("甲乙丙丁")) == "甲、乙、丙等 4 个村"


def test_what_is_no_variable_stays_and_is_named():
    assert filling.unknown_in("{姓名}您好，{村}的{ 民警姓名 }") == ["{姓名}"]
    assert filling.filled("{姓名}", {}) == "{姓名}"
    assert filling.variables_in("a{村}b{村}") == ["村"]


def test_the_longest_text_is_measured_not_the_template(draft, author, stationed, county, at):
    stationed.name = "很" * 40
    stationed.save()
    room = codes.MAX_TEXT_BYTES - codes.text_bytes("{民警姓名}", short_name=county.short_name)
    drafting.edit(draft, by=author, at=at, body="{民警姓名}" + "字" * (room // 3))
    with pytest.raises(drafting.Incomplete, match="填上变量后"):
        drafting.submit(draft, by=author, at=at, count_seen=3)


def test_a_resident_is_never_filled_in(draft, author, at):
    drafting.edit(draft, by=author, at=at, body="{姓名}您好。隆回县公安局")
    with pytest.raises(ForbiddenWording, match="变量"):
        drafting.submit(draft, by=author, at=at, count_seen=3)
