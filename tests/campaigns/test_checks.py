import pytest

from weijing.campaigns.checks import check


def level(kind: str, body: str, **options: object) -> str:
    found = check(body, signatures=["隆回县公安局"], **options)  # type: ignore[arg-type]
    return next(c.level for c in found if c.kind == kind)


def test_a_text_names_who_sends_it() -> None:
    assert level("signature", "请注意。隆回县公安局") == "ok"
    assert level("signature", "请注意。") == "warn"


@pytest.mark.parametrize("link", ["https://t.cn/A6x", "dwz.cn/abc", "http://bit.ly/x", "t.cn/AbC1"])
def test_a_short_link_is_pointed_out(link: str) -> None:
    found = next(c for c in check(f"详情{link}。", signatures=[]) if c.kind == "links")
    assert found.level == "warn"
    assert "短链接" in found.text
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
    assert level("tags", body) == "warn"


def test_the_name_of_a_tag_in_the_text_is_pointed_out() -> None:
    assert level("tags", "请重型货车绕行", tag_names=["重型货车"]) == "warn"
    assert level("tags", "请大车绕行", tag_names=["重型货车"]) == "ok"
