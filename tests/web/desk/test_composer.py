"""The composer with plain form posts: what is picked, counted, saved, refused."""

import re

import pytest
from django.http import QueryDict

from tests.builders import make_tag
from weijing.campaigns.models import Campaign
from weijing.web.desk.campaigns import audience_form

BODY = "乡亲您好，今晚有强降雨。——隆回县公安局"


@pytest.fixture
def client(desk):
    return desk.client(desk.author)


def form(tree_fields, **more):
    return {"title": "行车提醒", "topic": "traffic", "body": BODY, "confirm_hours": "24",
            "kind-r": "all", "field-r-0": "division", **tree_fields, **more}  # fmt: skip


def count(answer):
    found = re.search(r'meter__big"><strong class="num">([\d,]+)', answer.content.decode())
    return int(found[1].replace(",", "")) if found else None


def htmx(client, url, data):
    return client.post(url, data, headers={"HX-Request": "true"})


def test_a_picked_place_is_counted_saved_and_read_back(desk, client):
    place = desk.place("小沙江镇", "桃李村")
    answer = client.post("/desk/campaigns/new/", form({}, pick=f"r-0:{place.code}"), follow=True)
    campaign = Campaign.objects.get()
    assert campaign.audience == {"all": [{"division": [place.code]}]}
    assert answer.redirect_chain[-1][0] == f"/desk/campaigns/{campaign.number}/edit/#audience"
    said = answer.content.decode()
    assert "桃李村的群众" in said and count(answer) == 2  # 欧未联 has no contact


def test_a_new_page_becomes_one_draft_however_often_it_posts(desk, client):
    answer = htmx(client, "/desk/campaigns/new/", form({}))
    campaign = Campaign.objects.get()
    assert answer["HX-Replace-Url"] == f"/desk/campaigns/{campaign.number}/edit/"
    assert f'name="number" value="{campaign.number}"' in answer.content.decode()
    later = form({}, number=campaign.number, title="改了标题")
    htmx(client, "/desk/campaigns/new/", later)
    assert Campaign.objects.get().title == "改了标题"


def test_a_pause_in_typing_saves_and_tells_the_form_when(client):
    said = htmx(client, "/desk/campaigns/new/", form({})).content.decode()
    campaign = Campaign.objects.get()
    assert f'name="edited_at" value="{campaign.edited_at.isoformat()}"' in said
    assert "已自动保存" in said and "<h1>" not in said


def test_a_text_saved_in_another_window_is_not_overwritten(desk, client):
    campaign = desk.draft()
    url = f"/desk/campaigns/{campaign.number}/edit/"
    stale = form({}, edited_at=campaign.edited_at.isoformat())
    client.post(url, form({}, body="另一个窗口写的"))
    answer = client.post(url, stale)
    assert answer.status_code == 422 and "在别处改过" in answer.content.decode()
    assert Campaign.objects.get().body == "另一个窗口写的"


def test_conditions_are_added_removed_and_dropped_by_buttons(desk, client):
    campaign = desk.draft(audience={"all": [{"division": ["430524"]}]})
    url = f"/desk/campaigns/{campaign.number}/edit/"
    stored = {"field-r-0": "division", "division-r-0": "430524"}

    client.post(url, form(stored, **{"add-any": "r"}))
    campaign.refresh_from_db()
    assert campaign.audience == {"all": [{"division": ["430524"]}, {"any": [{"tag": []}]}]}

    nested = {**stored, "kind-r-1": "any", "field-r-1-0": "tag"}
    client.post(url, form(nested, pick="r-1-0:TRF01001"))
    campaign.refresh_from_db()
    assert campaign.audience["all"][1] == {"any": [{"tag": ["TRF01001"]}]}

    client.post(url, form({**nested, "tag-r-1-0": "TRF01001"}, **{"remove-r-0": "1"}))
    campaign.refresh_from_db()
    assert campaign.audience == {"all": [{"any": [{"tag": ["TRF01001"]}]}]}

    client.post(url, form(stored, drop="r-0:430524", **{"add-except": "r"}))
    campaign.refresh_from_db()
    assert campaign.audience == {"all": [{"division": []}, {"except": [{"tag": []}]}]}


def test_a_tag_is_found_by_its_first_letters_and_forbidden_ones_are_not(desk, client):
    tag = make_tag(desk.county, "SOC01009", "货运司机")
    type(tag).objects.filter(pk=tag.pk).update(pinyin="huoyunsiji", initials="hysj")
    never = make_tag(desk.county, "GRD04001", "好运时节", audience="never")
    type(never).objects.filter(pk=never.pk).update(pinyin="haoyunshijie", initials="hysj")
    fields = {"field-r-0": "tag"}
    said = client.post("/desk/campaigns/new/", form(fields, **{"find-r-0": "hysj"}))
    assert 'value="r-0:SOC01009"' in said.content.decode()
    assert "GRD04001" not in said.content.decode()


def test_a_place_is_found_by_pinyin(desk, client):
    said = client.post("/desk/campaigns/new/", form({}, **{"find-r-0": "jinshi"})).content.decode()
    assert f'value="r-0:{desk.place("金石桥镇").code}"' in said
    assert f'value="r-0:{desk.place("小沙江镇").code}"' not in said


def test_an_audience_of_nobody_says_which_condition_leaves_nobody(desk, client):
    fields = {
        "division-r-0": desk.place("小沙江镇").code,
        "field-r-1": "age",
        "from-r-1": "120",
    }
    said = htmx(client, "/desk/campaigns/new/", form(fields)).content.decode()
    assert "没有人符合。去掉「120 岁及以上」后有 4 人。" in said
    refused = htmx(client, "/desk/campaigns/new/", form(fields, go="review"))
    assert "HX-Redirect" in refused.headers  # the check itself refuses an empty audience


def test_a_forbidden_condition_is_explained_and_not_counted(desk, client):
    make_tag(desk.county, "GRD04001", "家暴警情", audience="never")
    fields = {"field-r-0": "tag", "tag-r-0": "GRD04001"}
    answer = htmx(client, "/desk/campaigns/new/", form(fields))
    assert "不得作为群发条件" in answer.content.decode() and count(answer) is None


@pytest.mark.parametrize("missing", [{"title": ""}, {"body": " "}, {"add-condition": "r"}])
def test_what_is_missing_keeps_one_in_the_composer(desk, client, missing):
    fields = {"division-r-0": "430524"}
    answer = client.post("/desk/campaigns/new/", form(fields, go="review") | missing)
    assert answer.status_code == 422
    assert "请" in answer.content.decode().split('id="wrong"')[1][:300]


def test_a_finished_draft_goes_on_to_the_check(desk, client):
    answer = client.post("/desk/campaigns/new/", form({"division-r-0": "430524"}, go="review"))
    number = Campaign.objects.get().number
    assert answer["Location"] == f"/desk/campaigns/{number}/review/"
    data = form({"division-r-0": "430524"}, go="review", number=number)
    again = htmx(client, "/desk/campaigns/new/", data)
    assert again["HX-Redirect"] == f"/desk/campaigns/{number}/review/"


@pytest.mark.parametrize(
    "rubbish",
    [
        {"kind-r": "rubbish"},
        {"field-r-0-0-0-0-0-0-0-0": "division"},
        {"kind-r-999999999999": "any", "remove-r-77": "1", "pick": "r-5:x", "drop": ":::"},
        {"confirm_hours": "9" * 30},
        {"confirm_hours": "²"},
        {"edited_at": "yesterday", "division-r-0": "x" * 5000},
        {"find-r-0": "\x00", "tag-r-0": "\x00", "division-r-0": "\x00"},
        {"title": "长" * 61},
        {"body": "\x00"},
        {"field-r-0": "age", "from-r-0": "999", "to-r-0": "1"},
        {"field-r-0": "sex", "sex-r-0": "x"},
        {"add-any": "r-0", "add-condition": "nowhere"},
        {"topic": "rubbish"},
    ],
)
def test_rubbish_is_refused_in_words_or_ignored(desk, client, rubbish):
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post("/desk/campaigns/new/", form({}) | rubbish, headers=headers)
        assert answer.status_code in (200, 302, 422), rubbish


def test_nobody_edits_somebody_elses_draft(desk):
    campaign = desk.draft()
    url = f"/desk/campaigns/{campaign.number}/edit/"
    assert desk.client(desk.approver).get(url).status_code == 403
    assert desk.client(desk.chief).get(url).status_code == 403
    assert desk.client(desk.approver).get("/desk/campaigns/new/").status_code == 403
    assert desk.client(desk.author).get("/desk/campaigns/QF-0101-99/edit/").status_code == 404


def test_what_was_submitted_is_no_longer_edited(desk, client):
    campaign = desk.submitted()
    url = f"/desk/campaigns/{campaign.number}/edit/"
    assert client.get(url).status_code == 302
    assert "已经提交" in client.post(url, form({})).content.decode()


TREES = [
    {"all": [{"division": ["1", "2"]}, {"any": [{"tag": ["A"]}, {"sex": "f"}]}]},
    {"any": [{"age": {"from": 60}}, {"except": [{"contact": "linked"}, {"tag": ["B", "C"]}]}]},
    {"all": [{"division": []}, {"any": []}, {"consent": "publicity"}, {"age": {}}]},
]


@pytest.mark.parametrize("tree", TREES)
def test_a_tree_survives_the_form(tree):
    fields = QueryDict(mutable=True)
    for path, node in audience_form.walk(tree):
        kind = audience_form.kind_of(node)
        if audience_form.is_group(node):
            fields[f"kind-{path}"] = kind
            continue
        fields[f"field-{path}"] = kind
        match node[kind]:
            case list() as codes:
                fields.setlist(f"{kind}-{path}", codes)
            case dict() as ends:
                fields.update({f"{end}-{path}": str(age) for end, age in ends.items()})
            case word:
                fields[f"{kind}-{path}"] = word
    assert audience_form.from_fields(fields) == tree
