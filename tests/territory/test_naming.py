import pytest

from weijing.territory.naming import group_name, group_number, short_name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("小沙江镇", "小沙江"),
        ("花门街道", "花门"),
        ("虎形山瑶族乡", "虎形山"),
        ("山界回族乡", "山界"),
        ("桃李村", "桃李"),
        ("九龙社区", "九龙"),
        ("向家村村民委员会", "向家村"),
        ("隆回县", "隆回"),
        ("向村", "向村"),
        ("乡", "乡"),
        ("新村村", "新村"),
    ],
)
def test_short_names_leave_out_the_kind(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("4", "4组"), ("04组", "4组"), ("第四组", "4组"), ("四", "4组"), ("十", "10组"),
        ("第十二村民小组", "12组"), ("二十组", "20组"), ("九十九组", "99组"), ("4 组", "4组"),
        ("塘边组", "塘边组"), ("", ""), ("0", ""), ("十十组", "十十组"), ("1234", "1234"),
    ],
)  # fmt: skip
def test_groups_are_numbered_however_they_are_written(text: str, name: str) -> None:
    assert group_name(text) == name


def test_only_a_numbered_group_has_a_number() -> None:
    assert (group_number("12组"), group_number("塘边组")) == (12, None)
