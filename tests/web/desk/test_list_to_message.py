"""From a list of people to a message for them: what of the filters goes along, and who may."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.builders import give_tag, make_tag
from weijing.accounts.scope import scope_of
from weijing.audiences import text
from weijing.audiences.expression import to_json
from weijing.core import clock
from weijing.tags.models import TagGroup
from weijing.web.desk.contacts.as_audience import as_audience
from weijing.web.desk.contacts.choosing import chosen

LIST = "/desk/contacts/"
NEW = "/desk/campaigns/new/"


def page(desk, officer, url, status=200):
    answer = desk.client(officer).get(url)
    assert answer.status_code == status, url
    return answer.content.decode()


def link(said):
    """The address of 起草群发 on a list, as the browser follows it."""
    before, _, _ = said.partition("起草群发")
    return before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")


def addressed(desk, rf, query, place=None):
    request = rf.get(f"{LIST}?{query}")
    request.user = desk.author
    request.scope = scope_of(desk.author, at=clock.now())
    who = chosen(request)
    return as_audience(who.filters, who.tags, place)


@pytest.mark.parametrize(
    ("query", "written", "left"),
    [
        ("tag=重型货车", "标签(重型货车)", ()),
        ("tag=重型货车&tag=独居老人", "标签(重型货车) 且 标签(独居老人)", ()),
        ("any=重型货车&any=独居老人", "标签(重型货车,独居老人)", ()),
        ("tag=独居老人&not=重型货车", "标签(独居老人) 除 标签(重型货车)", ()),
        ("not=重型货车", "非(标签(重型货车))", ()),
        ("q=重型货车+罗", "标签(重型货车)", ("q",)),
        ("state=unlinked&sex=f&age=60-", "未联系 且 年龄(60-) 且 女", ()),
        ("state=removed&sex=m", "男", ("state",)),
        ("consent=publicity", "同意(接收宣传信息)", ()),
        ("consent=no-publicity&sex=m", "男 除 同意(接收宣传信息)", ()),
        ("away=yes&reach=wechat&role=head&life=roll", "", ("life", "role", "reach", "away")),
        ("any=重型货车&any=戒毒帮扶", "", ("one",)),
    ],
)
def test_filters_become_the_audience_they_mean_and_the_rest_is_told(desk, rf, query, written, left):
    make_tag(desk.county, "AGE01001", "独居老人")
    care = make_tag(desk.county, "CAR01001", "戒毒帮扶")
    TagGroup.objects.filter(pk=care.group_id).update(audience=TagGroup.Audience.ONE_TO_ONE)

    found = addressed(desk, rf, query)

    assert (found.text, found.left) == (written, left)
    if written:
        read = text.read(written, county_id=desk.county.pk)
        assert text.to_text(read) == written


def test_the_place_of_a_list_goes_along_by_its_path(desk, rf):
    """Two villages of the county have the name."""
    place = desk.place("小沙江镇", "桃李村")
    found = addressed(desk, rf, f"division={place.code}", place)
    assert found.text == "在(小沙江镇/桃李村)"
    assert to_json(text.read(found.text, county_id=desk.county.pk)) == {"division": [place.code]}


def test_the_author_goes_from_the_list_to_a_message_for_the_same_people(desk):
    place = desk.place("小沙江镇", "桃李村")
    query = urlencode({"division": place.code, "tag": "重型货车", "away": "no"})
    said = page(desk, desk.author, f"{LIST}?{query}")
    assert "外出不能作群发条件，不带过去" in said

    url = link(said)
    assert urlsplit(url).path == NEW
    assert parse_qs(urlsplit(url).query)["left"] == ["away"]
    composer = page(desk, desk.author, url)
    assert f'value="{place.code}"' in composer and 'value="TRF01001"' in composer
    assert "桃李村" in composer and "没有带过来：<b>外出</b>" in composer


def test_only_who_may_draft_is_offered_a_message(desk):
    assert "起草群发" in page(desk, desk.author, f"{LIST}?tag=重型货车")
    for officer in (desk.chief, desk.approver):
        assert "起草群发" not in page(desk, officer, f"{LIST}?tag=重型货车")
        page(desk, officer, f"{NEW}?audience=标签(重型货车)", status=403)


@pytest.mark.parametrize("query", ["", "away=no", "q=罗", "tag=没有的标签"])
def test_a_list_that_is_no_audience_or_not_understood_offers_no_message(desk, query):
    assert "起草群发" not in page(desk, desk.author, f"{LIST}?{query}")


def test_a_tag_for_warnings_against_fraud_makes_the_message_one(desk):
    tag = make_tag(desk.county, "FRD01001", "易受骗提醒")
    TagGroup.objects.filter(pk=tag.group_id).update(audience=TagGroup.Audience.ANTI_FRAUD)
    give_tag(desk.residents["罗样例"], tag)
    said = page(desk, desk.author, link(page(desk, desk.author, f"{LIST}?tag=易受骗提醒")))
    assert '<option value="anti_fraud" selected>' in said
    assert "只能用于反诈内容" not in said


@pytest.mark.parametrize(
    "audience", ["标签(没有的标签)", "在(", "除", "\x00", "年龄(9-1)", "标" * 5000]
)
def test_an_address_nobody_understands_chooses_nobody_and_says_so(desk, audience):
    url = f"{NEW}?{urlencode({'audience': audience, 'left': '<b>'})}"
    answer = desk.client(desk.author).get(url)
    said = answer.content.decode()
    assert answer.status_code == (200 if audience == "\x00" else 422)
    assert ("没读懂网址里的条件，还没有选人" in said) == (audience != "\x00")
    assert "没有带过来" not in said
