"""The remark and the description that WeCom shows beside a contact."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from weijing.residents.labels import remark_parsing, remarks


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


def test_people_of_one_name_in_one_group_are_told_apart() -> None:
    said = remarks.remark(village="桃李", group="4组", name="罗样例", mark="85", role="户主")
    assert said == "桃李4组-罗样例85-户主"


def test_a_name_that_is_too_long_is_cut_and_its_mark_is_not() -> None:
    said = remarks.remark(
        village="虎形山大托石瀑村",
        group="12组",
        name="阿依古丽·买买提江·吐尔逊",
        mark="85",
        role="",
    )
    assert said == "虎形12组-阿依古丽·买买提江·吐尔85"
    assert remarks.length(said) <= 20


def test_a_rare_character_counts_for_the_two_it_takes_and_is_never_halved() -> None:
    name = "𬱖" * 9
    said = remarks.remark(village="桃李", group="4组", name=name, role="")
    assert said == "桃李4组-" + "𬱖" * 7
    assert len(said.encode("utf-16-le")) // 2 == 19


def test_what_is_forbidden_is_left_out_of_the_name() -> None:
    said = remarks.remark(village="桃李", group="4组", name="罗吸毒", role="户主")
    assert said == "桃李4组-罗某-户主"


def test_a_village_may_be_called_what_a_person_may_not() -> None:
    said = remarks.remark(village="民族", group="1组", name="罗样例", role="")
    assert said == "民族1组-罗样例"


@pytest.mark.parametrize(
    ("text", "village", "group", "name", "role"),
    [
        ("桃李4组-罗样例-户主", "桃李", "4组", "罗样例", "head"),
        ("桃李村第四组罗样例", "桃李村", "4组", "罗样例", ""),
        ("罗样例－桃李４组", "桃李", "4组", "罗样例", ""),
        ("桃李4组-罗样例85-家人", "桃李", "4组", "罗样例", "family"),
        ("桃李4组-罗样例12号", "桃李", "4组", "罗样例", ""),
        ("阿依•古丽", "", "", "阿依·古丽", ""),
        ("桃李4组-𬱖样-户主", "桃李", "4组", "𬱖样", "head"),
        ("卖鱼的，晚上打", "", "", "", ""),
        ("欧阳样例", "", "", "欧阳样例", ""),
        ("", "", "", "", ""),
        ("12345", "", "", "", ""),
    ],
)
def test_a_remark_written_by_hand_is_understood(
    text: str, village: str, group: str, name: str, role: str
) -> None:
    meant = remark_parsing.parsed(text)
    assert (meant.village, meant.group, meant.name, meant.role) == (village, group, name, role)


def test_a_phone_within_a_remark_is_found() -> None:
    assert remark_parsing.parsed("罗样例 15400000412").phone == "15400000412"


@given(
    name=st.text(alphabet="罗样例阿依古丽刘示范", min_size=2, max_size=4),
    group=st.integers(1, 99),
    role=st.sampled_from(["户主", "家人", "租客", ""]),
)
def test_what_the_rule_writes_is_read_back(name: str, group: int, role: str) -> None:
    said = remarks.remark(village="桃李", group=f"{group}组", name=name, role=role)
    meant = remark_parsing.parsed(said)
    assert (meant.village, meant.group, meant.name) == ("桃李", f"{group}组", name)
    assert meant.role == remark_parsing.ROLES.get(role, "")


@given(text=st.text(max_size=60))
def test_no_text_breaks_the_reading_of_a_remark(text: str) -> None:
    remark_parsing.parsed(text)
