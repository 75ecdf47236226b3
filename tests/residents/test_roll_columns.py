import pytest

from weijing.residents.importing import columns


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            ["序号", "姓 名", "户号*", "与户主关系（必填）", "公民身份号码", "联系电话", "行政村"],
            {"name": 1, "household": 2, "role": 3, "id_number": 4, "phone": 5, "village": 6},
        ),
        (
            [
                "户号", "姓名", "联系电话", "手机号码", "乡镇（街道）", "村（社区）", "村民小组",
                "现住址",
            ],
            {
                "household": 0, "name": 1, "phone": 3, "township": 4, "village": 5, "group": 6,
                "address": 7,
            },
        ),
        (["户号", "姓名", "村", "组", "户籍地址", "居住地址"], {
            "household": 0, "name": 1, "village": 2, "group": 3, "address": 5,
        }),
        (["Name", "家庭编号", "区划代码"], {"name": 0, "household": 1, "code": 2}),
    ],
)  # fmt: skip
def test_headings_are_recognised(header: list[str], expected: dict[str, int]) -> None:
    found = columns.assign(header, {})
    assert found.positions == expected
    assert not found.missing


def test_what_a_person_says_wins_over_the_guess() -> None:
    header = ["姓名", "曾用名", "户号", "村"]
    assert columns.assign(header, {"name": "曾用名"}).positions["name"] == 1
    assert columns.assign(header, {"name": "没有这列"}).missing == ["姓名"]


def test_what_is_not_used_is_listed() -> None:
    found = columns.assign(["姓名", "户号", "村", "备注", "", "婚姻"], {})
    assert list(found.ignored) == ["备注", "婚姻"]


def test_the_header_is_the_row_with_most_headings() -> None:
    rows = [["花名册", ""], ["姓名", ""], ["姓名", "户号"], ["阳明", "1"]]
    assert columns.find_header(rows, {}) == 2
    assert columns.find_header([["甲", "乙"]], {}) is None
    assert columns.find_header([], {}) is None


def test_fields_are_named_in_chinese_or_by_their_own_name() -> None:
    assert columns.field_named("户号") == columns.field_named("household") == "household"
    assert columns.field_named("身高") is None
