import pytest

from weijing.campaigns.checks import check, place_of


def level(kind: str, body: str, **options: object) -> str:
    found = check(body, signatures=["隆回县公安局"], **options)  # type: ignore[arg-type]
    return next(c.level for c in found if c.kind == kind)


def test_a_text_names_who_sends_it() -> None:
    assert level("signature", "请注意。隆回县公安局") == "ok"
    assert level("signature", "请注意。") == "warn"


@pytest.mark.parametrize("link", ["https://t.cn/A6x", "dwz.cn/abc", "http://bit.ly/x", "t.cn/AbC1"])
def test_a_short_link_is_pointed_out(link: str) -> None:
    found = next(c for c in check(f"详情{link}。", signatures=[]) if c.kind == "links")
    assert found.level == "block"
    assert "短链接" in found.advice
    assert link in found.found


def test_only_government_sites_pass_as_links() -> None:
    assert level("links", "见 https://www.longhui.gov.cn/a") == "ok"
    assert level("links", "见 https://longhui.gov.cn.evil.com/a") == "warn"
    assert level("links", "见 https://evil.com/?x=www.gov.cn") == "warn"


@pytest.mark.parametrize("word", ["转账", "验证码", "安全账户"])
def test_talk_of_money_is_pointed_out(word: str) -> None:
    found = next(c for c in check(f"切勿{word}", signatures=[]) if c.kind == "money")
    assert found.found == (word,)


@pytest.mark.parametrize(
    "body", ["作为独居老人，请锁好门", "您是重点人员", "作为货车司机，您应当减速"]
)
def test_residents_do_not_learn_how_they_are_labelled(body: str) -> None:
    assert level("tags", body) == "block"


def test_the_name_of_a_tag_in_the_text_is_pointed_out() -> None:
    assert level("tags", "请重型货车绕行", tag_names=["重型货车"]) == "warn"
    assert level("tags", "请大车绕行", tag_names=["重型货车"]) == "ok"
    assert level("tags", "家暴受害者请注意", sensitive_names=["家暴受害"]) == "block"


@pytest.mark.parametrize(
    "body",
    [
        "请立即转账到指定账户",
        "请点击链接缴费",
        "请把验证码发给我",
        "汇款到 6222 0012 3456 7890 123",
    ],
)
def test_a_demand_for_money_is_not_handed_in(body: str) -> None:
    assert level("money", body) == "block"


@pytest.mark.parametrize(
    "body",
    [
        "凡是要求您立即转账的都是诈骗",
        "请不要转账",
        "警察绝不会让您提供验证码",
        "谨防请您充值的骗局",
    ],
)
def test_a_warning_of_those_who_demand_money_is(body: str) -> None:
    assert level("money", body) == "warn"


def test_links_of_what_is_attached_and_our_own_pages_count_too() -> None:
    assert level("links", "请看附件", links=["https://t.cn/x"]) == "block"
    assert level("links", "见 https://wj.example.org/r/a", own_host="wj.example.org") == "ok"
    assert level("links", "见 http://10.1.2.3/a") == "block"


@pytest.mark.parametrize("number", ["15400001234", "0739-8888888", "400 123 4567", "95588"])
def test_a_number_nobody_registered_is_pointed_out(number: str) -> None:
    assert level("phones", f"请打{number}。") == "warn"
    assert level("phones", f"请打{number}。", phones=[number.replace("-", "")]) == "ok"


def test_lines_for_everybody_are_known_and_digits_of_a_link_are_no_number() -> None:
    assert level("phones", "请打 110 或 96110，见 https://a.gov.cn/15400001234") == "ok"


def test_nobodys_identity_number_goes_out() -> None:
    assert level("others", "请 990524199001011234 来领证") == "block"
    assert level("money", "请 990524199001011234 来领证") == "ok"


def test_what_nobody_can_fill_in_is_not_handed_in() -> None:
    found = check("{姓名}您好", signatures=[], unknown=["{姓名}"])[-1]
    assert (found.kind, found.level, found.found) == ("variables", "block", ("{姓名}",))


def test_a_check_says_in_which_line_it_found_something() -> None:
    assert place_of("转账", "第一行\n请转账") == 2
    assert place_of("没有", "第一行") == 0
