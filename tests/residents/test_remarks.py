"""The remark and the description that WeCom shows beside a contact."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from weijing.residents import remarks


def test_the_remark_is_village_group_name_and_role() -> None:
    assert (
        remarks.remark(village="桃李", group="4组", name="罗样例", role="户主")
        == "桃李4组-罗样例-户主"
    )


def test_what_is_not_known_leaves_no_dash() -> None:
    assert remarks.remark(village="桃李", group="", name="罗样例", role="") == "桃李-罗样例"


def test_too_long_a_remark_loses_the_role_first() -> None:
    said = remarks.remark(
        village="虎形山大托新村", group="12组", name="阿依古丽买买提", role="户主"
    )
    assert said == "虎形山大托新村12组-阿依古丽买买提"


def test_then_the_village_is_cut_to_two_characters() -> None:
    said = remarks.remark(
        village="虎形山大托石瀑村", group="12组", name="阿依古丽·买买提江", role="户主"
    )
    assert said == "虎形12组-阿依古丽·买买提江"


pieces = st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.from_regex(
    r"[0-9 -]{0,40}", fullmatch=True
)


@given(village=pieces, group=pieces, name=pieces, role=pieces)
@example(village="43052419", group="800101", name="0012", role="x")  # a number only when joined
@example(village="桃李", group="4组", name="４３０５２４１９８００１０１００１２", role="")
def test_a_remark_never_exceeds_twenty_characters_nor_holds_an_id_number(
    village: str, group: str, name: str, role: str
) -> None:
    said = remarks.remark(village=village, group=group, name=name, role=role)
    assert len(said) <= 20
    digits_only = re.sub(r"[\s\-]", "", said)
    assert not re.search(r"\d{15}", digits_only)


@pytest.mark.parametrize(
    "text",
    [
        "身份证 110105194912310026",
        "1101 0519 4912 3100 26",
        "１１０１０５１９４９１２３１００２６",
        "11010519-491231-0026",
        "信教",
        "有前科，注意",
        "曾去信访",
        "患有乙肝",
        "字" * 151,
    ],
)
def test_a_description_with_what_must_stay_in_the_house_is_refused(text: str) -> None:
    with pytest.raises(remarks.UnfitDescription):
        remarks.check_description(text)


def test_a_description_of_channel_and_service_is_kept() -> None:
    assert remarks.check_description(" 白天打电话，女儿代收，电话 13800000412 ") == (
        "白天打电话，女儿代收，电话 13800000412"
    )
