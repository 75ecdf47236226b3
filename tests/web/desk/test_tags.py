"""The catalogue at the desk: found as one types, proposed, decided, renamed, merged, retired."""

import pytest

from tests.builders import give_tag, make_officer, make_tag
from weijing.accounts.models import Role
from weijing.accounts.scope import scope_of
from weijing.core import clock
from weijing.tags import loading
from weijing.tags.catalogue import renaming
from weijing.tags.models import Tag, TagAssignment, TagProposal

GIVEN = {
    "group": "TRF01", "name": "冷链货车", "definition": "本人驾驶冷链货车",
    "purpose": "高温停运提醒", "retention_days": "365",
}  # fmt: skip


@pytest.fixture
def bus(desk):
    return make_tag(desk.county, "TRF01002", "校车")


@pytest.fixture
def keeper(desk):
    return desk.client(desk.approver)


def page_of(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


@pytest.mark.parametrize("typed", ["重型", "zhongxing", "zxhc", "TRF01001", "大货车"])
def test_a_tag_is_found_by_name_pinyin_initials_code_and_former_name(desk, typed):
    scope = scope_of(desk.approver, at=clock.now())
    renaming.rename(desk.truck, "大货车", by=desk.approver, scope=scope, at=clock.now())
    renaming.rename(desk.truck, "重型货车", by=desk.approver, scope=scope, at=clock.now())
    found = page_of(desk.client(desk.chief), f"/desk/tags/?q={typed}")
    assert found.count('<th scope="row">') == 1 and "重型货车" in found


def test_the_page_of_a_tag_says_its_rules_and_its_use(desk):
    draft = desk.draft(audience={"all": [{"tag": ["TRF01001"]}]}, title="货车提醒")
    shown = page_of(desk.client(desk.author), "/desk/tags/TRF01001/")
    for words in ("定义", "用途", "谁来设置", "作群发条件", "负责单位", "企业微信", draft.title):
        assert words in shown
    assert "给标签改名" in page_of(desk.client(desk.approver), "/desk/tags/TRF01001/")
    assert "给标签改名" not in page_of(desk.client(desk.chief), "/desk/tags/TRF01001/")


def test_who_sees_no_residents_sees_no_numbers_of_them(desk):
    shown = page_of(desk.client(desk.admin), "/desk/tags/TRF01001/")
    assert "在用" not in shown
    assert "在用</th>" not in page_of(desk.client(desk.admin), "/desk/tags/")


def test_few_people_of_a_sensitive_tag_are_not_counted_out(desk):
    alone = make_tag(desk.county, "GRD02001", "独居老人", needs_separate_consent=True)
    person = desk.person("罗独居", "小沙江镇", "桃李村", "1组", consents=("contact", "GRD02"))
    give_tag(person, alone)
    assert "不到 10 人" in page_of(desk.client(desk.author), "/desk/tags/GRD02001/")
    assert "&lt;10 人" in page_of(desk.client(desk.author), "/desk/tags/?q=独居老人")


def test_a_station_counts_its_own_people(desk, bus):
    far = desk.residents["肖远方"]
    give_tag(far, bus)
    near = page_of(desk.client(desk.chief), "/desk/tags/?q=校车")
    county = page_of(desk.client(desk.author), "/desk/tags/?q=校车")
    assert ">0 人" in near and ">1 人" in county


def test_a_proposal_goes_from_one_person_to_another_into_the_catalogue(desk, keeper):
    chief = desk.client(desk.chief)
    assert chief.post("/desk/tags/proposals/new/", GIVEN).status_code == 302
    proposal = TagProposal.objects.get()
    mine = page_of(chief, "/desk/tags/proposals/")
    assert "收回建议" in mine and "确认入库" not in mine
    url = f"/desk/tags/proposals/{proposal.pk}/"
    assert chief.post(url, {"decision": "confirm"}).status_code == 403
    assert "确认入库" in page_of(keeper, "/desk/tags/proposals/")
    assert "标签库" in page_of(keeper, "/desk/tags/")
    assert keeper.post(url, {"decision": "confirm"}).status_code == 302
    assert "本县自建" in page_of(chief, "/desk/tags/?kind=own")
    assert page_of(chief, "/desk/tags/TRF01901/")
    assert "已入库" in page_of(chief, "/desk/tags/proposals/?state=decided")
    again = keeper.post(url, {"decision": "confirm"})
    assert again.status_code == 422 and "已经有了答复" in again.content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "瑶族货车司机"}, "民族身份"),
        ({"definition": "上访人员"}, "信访"),
        ({"name": "重型货车"}, "换一个"),
        ({"group": ""}, "请选组"),
        ({"name": "<script>货</script>"}, ""),
        ({"name": ""}, "请填标签名称"),
        ({"retention_days": "10"}, ""),
    ],
)
def test_what_is_wrong_with_a_proposal_stands_at_the_field(desk, change, sentence):
    answer = desk.client(desk.chief).post("/desk/tags/proposals/new/", GIVEN | change)
    if change.get("name", "").startswith("<script>"):
        assert answer.status_code == 302
        shown = page_of(desk.client(desk.approver), "/desk/tags/proposals/")
        assert "<script>货" not in shown
        return
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "本人驾驶冷链货车" in answer.content.decode() or "definition" in change


def test_the_administrator_proposes_and_changes_nothing(desk):
    admin = desk.client(desk.admin)
    for url in ("/desk/tags/proposals/", "/desk/tags/proposals/new/", "/desk/tags/TRF01001/merge/"):
        assert admin.get(url).status_code == 403
    assert admin.post("/desk/tags/TRF01001/name/", {"name": "货车"}).status_code == 403
    assert "提一个新标签" not in page_of(admin, "/desk/tags/")


def test_a_stations_chief_changes_no_tag_of_the_county(desk, bus):
    chief = desk.client(desk.chief)
    assert chief.post("/desk/tags/TRF01001/name/", {"name": "货车"}).status_code == 403
    assert chief.get("/desk/tags/TRF01001/merge/").status_code == 403
    assert chief.post("/desk/tags/TRF01001/merge/?into=TRF01002", {"seen": "1"}).status_code == 403
    assert (
        chief.post("/desk/tags/TRF01001/retire/", {"seen": "1", "reason": "x"}).status_code == 403
    )
    assert TagAssignment.objects.get().tag == desk.truck


def test_a_refused_name_stays_in_the_field_with_the_reason(desk, keeper):
    answer = keeper.post("/desk/tags/TRF01001/name/", {"name": "党员货车", "seen": "重型货车"})
    assert answer.status_code == 422
    assert "政治面貌" in answer.content.decode() and 'value="党员货车"' in answer.content.decode()
    assert (
        keeper.post(
            "/desk/tags/TRF01001/name/", {"name": "重型载货车", "seen": "重型货车"}
        ).status_code
        == 302
    )
    assert "原名「重型货车」" in page_of(keeper, "/desk/tags/TRF01001/")


def test_a_merge_says_first_what_it_does_and_then_does_just_that(desk, keeper, bus):
    desk.draft(audience={"all": [{"tag": ["TRF01001"]}]})
    shown = page_of(keeper, "/desk/tags/TRF01001/merge/?into=TRF01002")
    assert "把 1 人并入「校车」" in shown and "草稿里改成「校车」" in shown
    url = "/desk/tags/TRF01001/merge/?into=TRF01002"
    late = keeper.post(url, {"seen": "7"})
    assert late.status_code == 422 and "变成了 1 人" in late.content.decode()
    assert keeper.post(url, {"seen": "1", "reason": "重复"}).status_code == 302
    assert TagAssignment.objects.get().tag == bus
    ended = page_of(keeper, "/desk/tags/TRF01001/")
    assert "停用" in ended and "并入「" in ended
    assert "校车" in page_of(keeper, "/desk/tags/?kind=ended")
    assert keeper.get(url).status_code == 422


def test_many_people_must_be_typed_out(desk, keeper, bus, monkeypatch):
    from weijing.web.desk.tags import changing

    monkeypatch.setattr(changing, "TYPED_ABOVE", 0)
    url = "/desk/tags/TRF01001/retire/"
    answer = keeper.post(url, {"seen": "1", "reason": "没有人用", "typed": ""})
    assert answer.status_code == 422 and Tag.objects.get(code="TRF01001").retired_at is None
    assert keeper.post(url, {"seen": "1", "reason": "没有人用", "typed": "1"}).status_code == 302
    assert not TagAssignment.objects.exists()


@pytest.mark.parametrize(
    "url", ["/desk/tags/NOPE/", "/desk/tags/NOPE/merge/", "/desk/tags/proposals/7/"]
)
def test_what_is_not_there_is_not_found(desk, keeper, url):
    answer = keeper.post(url, {"decision": "confirm"}) if "7" in url else keeper.get(url)
    assert answer.status_code == 404


def test_the_whole_catalogue_opens_with_few_queries(desk, django_assert_max_num_queries):
    loading.load(desk.county)
    client = desk.client(desk.author)
    client.get("/desk/tags/")
    for url in ("/desk/tags/", "/desk/tags/?page=7", "/desk/tags/TRF01001/"):
        with django_assert_max_num_queries(25):
            assert client.get(url).status_code == 200


def test_a_person_with_the_county_desk_of_another_role_does_not_keep_the_catalogue(desk, bus):
    author = desk.client(desk.author)
    assert author.get("/desk/tags/TRF01001/retire/").status_code == 403
    other = make_officer(desk.county, "second", Role.STATION_COMMAND, county_desk=True)
    assert desk.client(other).get("/desk/tags/TRF01001/retire/").status_code == 200


def test_consent_is_asked_for_on_the_form_and_in_the_decision(desk, keeper):
    chief = desk.client(desk.chief)
    assert "要本人单独同意" in page_of(chief, "/desk/tags/proposals/new/")
    chief.post("/desk/tags/proposals/new/", GIVEN | {"needs_consent": "on"})
    proposal = TagProposal.objects.get()
    assert proposal.needs_consent
    shown = page_of(keeper, "/desk/tags/proposals/")
    assert 'name="needs_consent" value="yes" checked' in shown
    url = f"/desk/tags/proposals/{proposal.pk}/"
    keeper.post(url, {"decision": "confirm", "needs_consent": "yes"})
    assert TagProposal.objects.get().tag.sensitive
    assert "要单独同意" in page_of(keeper, "/desk/tags/proposals/?state=decided")


def test_saved_audiences_that_name_a_tag_are_said_before_it_ends(desk, keeper):
    author = desk.client(desk.author)
    for said, name in (("标签(重型货车)", "货车"), ("受众(货车) 且 男", "货车男")):
        author.post("/desk/audiences/", {"audience": said, "name": name, "note": ""})
    page = page_of(keeper, "/desk/tags/TRF01001/retire/")
    assert "货车、货车男" in page
    assert '<b class="num">2 个</b>' in page
