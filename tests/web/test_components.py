"""What every component promises: strict policy, names for controls, numbers in words."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError
from django.template.loader import get_template

from tests.web import gallery
from tests.web.markup import Page, dangling, inline_code, unlabelled
from weijing.core import clock
from weijing.web.drawing import icons
from weijing.web.states import LOOKS

TEMPLATES = Path(get_template("base/page.html").origin.name).parent.parent


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(gallery.render(gallery.COMPONENTS, **gallery.content()))


def test_no_component_needs_an_exception_from_the_security_policy(page: Page) -> None:
    assert inline_code(page) == []


def test_every_control_has_a_name(page: Page) -> None:
    assert unlabelled(page) == []


def test_hints_errors_and_labels_point_at_something(page: Page) -> None:
    assert dangling(page) == []


def test_an_id_names_one_thing(page: Page) -> None:
    assert sorted(set(page.ids())) == sorted(page.ids())


def test_every_component_is_in_the_gallery() -> None:
    """A component without a picture here would escape the tests above."""
    ui = (TEMPLATES.parent / "templatetags" / "ui.py").read_text()
    wrappers = re.findall(r'wrapper\(register, "(\w+)"', ui)
    leaves = re.findall(r'inclusion_tag\(\s*"components/[^)]*name="(\w+)"', ui)
    leaves += re.findall(r'inclusion_tag\("[^"]+"(?:, takes_context=True)?\)\ndef (\w+)', ui)
    assert len(wrappers) == 13
    assert len(leaves) == 25
    missing = [tag for tag in wrappers + leaves if f"{{% {tag} " not in gallery.COMPONENTS]
    assert set(missing) <= {"demo_frame", "size_switch"}  # they take no argument
    assert "{% demo_frame %}" in gallery.COMPONENTS
    assert "{% size_switch %}" in gallery.COMPONENTS


@pytest.mark.parametrize("shell", ["desk", "phone", "plain"])
def test_a_shell_is_a_whole_page_with_one_heading_and_a_way_past_the_navigation(shell: str) -> None:
    source = (
        f'{{% extends "base/{shell}.html" %}}{{% block title %}}群发{{% endblock %}}'
        "{% block heading %}群发{% endblock %}{% block content %}<p>正文</p>{% endblock %}"
    )
    items = [{"label": "群发", "url": "/x/", "icon": "send", "count": 4, "current": True}]
    page = Page(gallery.render(source, nav=[{"title": "通知", "items": items}], tabs=items))

    assert page.closed()
    assert inline_code(page) == []
    assert unlabelled(page) == []
    assert page.all("html")[0]["lang"] == "zh-CN"
    assert [h1.text.strip() for h1 in page.all("h1")] == ["群发"]
    assert page.all("title")[0].text.startswith("群发 - ")
    assert page.all(of="skip-link")[0]["href"] == "#main"
    assert len([main for main in page.all("main") if main["id"] == "main"]) == 1


def test_a_parameter_nobody_declared_is_an_error_when_the_template_loads() -> None:
    with pytest.raises(TemplateSyntaxError, match="titel"):
        gallery.render('{% card titel="x" %}{% endcard %}')


def test_a_slot_outside_a_wrapper_is_an_error() -> None:
    with pytest.raises(TemplateSyntaxError, match="inside a wrapper"):
        gallery.render('{% slot "actions" %}x{% endslot %}')


def test_a_slot_belongs_to_the_wrapper_around_it_and_no_other() -> None:
    inside = '{% card "内" %}{% slot "actions" %}里面{% endslot %}{% endcard %}'
    source = f'{{% card "外" %}}{inside}{{% endcard %}}'
    inner = Page(gallery.render(source)).all(of="card__actions")
    assert [each.text for each in inner] == ["里面"]
    assert len([card for card in inner[0].ancestors if "card" in card.classes]) == 2


@pytest.mark.parametrize(
    "source",
    [
        "{% badge evil %}",
        "{% card evil %}{% endcard %}",
        "{% chip evil remove_url=evil %}",
        "{% stat_tile evil evil evil evil url=evil %}",
        "{% timeline course %}",
        "{% bar_list rows evil %}",
        "{% hexmap townships %}",
        "{% note %}{{ evil }}{% endnote %}",
        "{% icon 'home' label=evil %}",
        "{% masked evil evil evil %}",
    ],
)
def test_what_a_resident_typed_is_text_and_never_markup(source: str) -> None:
    evil = '"><script>alert(1)</script>'
    html = gallery.render(
        source,
        evil=evil,
        course=[{"what": evil, "note": evil, "state": "done", "when": evil}],
        rows=[(evil, 1)],
        townships=[{"name": evil, "col": 0, "row": 0, "value": 1.0, "url": evil}],
    )
    assert "<script" not in html
    assert Page(html).closed()


def test_every_state_has_a_shape_or_is_a_plain_tone() -> None:
    assert {look.icon for look in LOOKS.values()} - {""} <= set(icons.DRAWINGS)
    plain = {name for name, look in LOOKS.items() if not look.icon}
    assert plain == {"ok", "warn", "bad", "ref", "run", "off"}


def test_two_states_of_the_same_colour_differ_in_shape() -> None:
    times = [LOOKS[name] for name in ("on_time", "due_soon", "overdue")]
    grades = [LOOKS[name] for name in ("critical", "high", "medium", "low")]
    for looks in (times, grades):
        assert len({look.icon for look in looks}) == len(looks)


def test_an_icon_nobody_drew_is_an_error() -> None:
    with pytest.raises(KeyError):
        icons.svg("no-such-icon")


def test_an_icon_beside_its_word_is_not_read_out_twice() -> None:
    assert 'aria-hidden="true"' in icons.svg("home")
    assert 'role="img" aria-label="锁定"' in icons.svg("lock", label="锁定")


@pytest.mark.parametrize(
    ("minutes", "word", "tone"),
    [(-13, "超 13 分", "bad"), (5, "剩 4 分钟", "warn"), (50, "剩 49 分钟", "ok")],
)
def test_a_due_badge_turns_amber_in_its_last_minutes(minutes: int, word: str, tone: str) -> None:
    deadline = clock.now() + timedelta(minutes=minutes)
    badge = Page(gallery.render("{% due_badge deadline %}", deadline=deadline)).all(of="badge")[0]
    assert badge.text == word
    assert f"badge--{tone}" in badge.classes


def test_a_due_badge_turns_amber_in_its_last_quarter() -> None:
    now = clock.now()
    badge = "{% due_badge deadline started %}"
    soon = gallery.render(
        badge, deadline=now + timedelta(hours=2), started=now - timedelta(hours=7)
    )
    later = gallery.render(
        badge, deadline=now + timedelta(hours=3), started=now - timedelta(hours=6)
    )
    assert "badge--warn" in soon
    assert "badge--ok" in later


def test_a_pager_keeps_the_filters() -> None:
    request = gallery.a_request("?q=罗&tag=1&tag=2&page=4")
    page = Page(gallery.render("{% pager page %}", request, **gallery.content()))
    after = [link["href"] for link in page.all("a") if link.attributes.get("rel") == "next"]
    assert after == ["?q=%E7%BD%97&tag=1&tag=2&page=5"]
    assert page.all(of="pager__total")[0].text == "共 1,000 条"


def test_a_heading_sorts_up_then_down_and_says_which() -> None:
    heading = '{% sort_th "户数" "households" %}'
    first = Page(gallery.render(heading, gallery.a_request("?page=3")))
    assert (first.all("th")[0]["aria-sort"], first.all("a")[0]["href"]) == (
        "none",
        "?sort=households",
    )
    second = Page(gallery.render(heading, gallery.a_request("?sort=households")))
    assert second.all("th")[0]["aria-sort"] == "ascending"
    assert second.all("a")[0]["href"] == "?sort=-households"


def test_a_filter_chip_takes_away_one_of_several_values() -> None:
    request = gallery.a_request("?tag=1&tag=2&q=x")
    source = '{% filter_chip "标签" "面包车" "tag" item="1" %}'
    assert Page(gallery.render(source, request)).all("a")[0]["href"] == "?tag=2&q=x"


def test_taking_away_the_last_filter_leaves_an_address_that_clears_the_query() -> None:
    request = gallery.a_request("?state=due")
    chip = gallery.render('{% filter_chip "状态" "临期" "state" %}', request)
    assert Page(chip).all("a")[0]["href"] == "?"


def test_a_revealed_number_hides_itself_after_a_minute_and_a_masked_one_posts() -> None:
    masked = Page(gallery.render('{% masked "138****0417" "/phone/" "电话" %}'))
    assert masked.all("form")[0]["method"] == "post"
    assert masked.all("button")[0]["aria-label"] == "显示电话"
    shown = Page(gallery.render('{% masked "13800000417" "/phone/" revealed=True %}'))
    assert shown.all("form") == []
    assert shown.all("span", of="masked")[0]["hx-trigger"] == "load delay:60s"


def test_a_field_ties_its_hint_and_its_error_to_its_control() -> None:
    form = gallery.Labelling({"phone": "12"})
    page = Page(gallery.render('{% field form.phone hint="只有您看得到" %}', form=form))
    control = page.all("input")[0]
    assert control["aria-describedby"] == "id_phone-hint id_phone-error"
    assert control["aria-invalid"] == "true"
    assert "电话应为 11 位数字" in page.all(of="field__error")[0].text


def test_an_error_summary_leads_to_each_wrong_control() -> None:
    source = "{% error_summary form %}{% field form.name %}{% field form.relation %}"
    page = Page(gallery.render(source, form=gallery.Labelling({"phone": "1", "town": "1"})))
    targets = {link.text: link["href"][1:] for link in page.all("a")}
    assert targets["请填真实姓名"] == "id_name"
    assert targets["请选与户主关系"] == "id_relation_0"
    assert {"id_name", "id_relation_0"} <= set(page.ids())


def test_a_form_without_errors_has_no_summary() -> None:
    assert gallery.render("{% error_summary form %}", form=gallery.Labelling()).strip() == ""


def test_choices_keep_what_was_chosen() -> None:
    form = gallery.Labelling({"relation": "kin", "tags": ["van"]})
    page = Page(
        gallery.render("{% field form.relation %}{% field form.tags look='tags' %}", form=form)
    )
    chosen = [box["value"] for box in page.all("input") if "checked" in box.attributes]
    assert chosen == ["kin", "van"]


def test_a_job_of_unknown_length_shows_no_made_up_percentage() -> None:
    html = gallery.render('{% progress_bar 1284 None "导入" "行" %}')
    assert "已处理 1,284 行" in html
    assert "<svg" not in html


@pytest.mark.parametrize(
    ("done", "total", "width"), [(0, 0, "0%"), (1, 3, "33.3%"), (9, 3, "100.0%")]
)
def test_a_bar_is_never_longer_than_its_track(done: int, total: int, width: str) -> None:
    page = Page(gallery.render("{% progress_bar done total %}", done=done, total=total))
    assert page.all(of="bar__fill")[0]["width"] == width


def test_the_meter_names_every_reason_and_its_bar_fills_exactly() -> None:
    meter = gallery.content()["meter"]
    page = Page(gallery.render("{% audience_meter meter %}", meter=meter))
    bar = page.all("svg", of="meter__stack")[0]
    parts = [rect for rect in page.all("rect") if bar in rect.ancestors]
    assert sum(float(part["width"].rstrip("%")) for part in parts) == pytest.approx(100, abs=0.1)
    rows = [row.text for row in page.all("tr") if row.ancestors[-2].classes & {"deductions"}]
    assert rows == [
        "命中条件19,856",
        "今天已收到群发−1,207",
        "已退订宣传−1,111",
        "本周条数已满−126",
        "可发送17,412",
    ]
    assert bar["aria-label"].startswith("命中 19856 人，可发送 17412 人")


def test_a_meter_for_nobody_divides_by_nothing() -> None:
    meter = {"matched": 0, "reachable": 0, "officers": 0, "deductions": [("已退订", 0)]}
    html = gallery.render("{% audience_meter meter %}", meter=meter)
    assert "命中 0 人，可发送 0 人" in html
    assert "−0" not in html
