import pytest

from weijing.residents.finding.grams import grams
from weijing.residents.finding.names import possible_initials, sound


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("曾小明", ("zengxiaoming", "zxm")),
        ("单雄信", ("shanxiongxin", "sxx")),
        ("解缙", ("xiejin", "xj")),
        ("尉迟恭", ("yuchigong", "ycg")),
        ("万俟卨", ("moqixie", "mqx")),
        ("阿卜·热合曼", ("aborehe" + "man", "abrhm")),
        ("", ("", "")),
        ("·", ("", "")),
    ],
)
def test_names_sound_as_people_say_them(name: str, expected: tuple[str, str]) -> None:
    assert sound(name) == expected


def test_no_name_is_too_long_for_its_columns() -> None:
    pinyin, initials = sound("庄" * 60)
    assert len(pinyin) <= 200
    assert len(initials) <= 30


def test_grams_are_the_characters_and_pairs_of_the_name_and_pairs_of_the_address() -> None:
    assert grams("阳小明", "12号") == ["阳", "小", "明", "阳小", "小明", "12", "2号"]
    assert grams("ＡB", " 老 街 ") == ["a", "b", "ab", "老街"]
    assert grams("明明") == ["明", "明明"]


@pytest.mark.parametrize(
    ("letters", "initials"),
    [
        ("lixiao", {"lx", "lxa", "lxo", "lxao"}),
        ("zhangs", {"zs"}),
        ("xian", {"x", "xa", "xn", "xan"}),
        ("lv", {"l"}),
        ("xx", set()),
        ("yxm", set()),
        ("", set()),
        ("a" * 60, None),
    ],
)
def test_letters_lead_to_the_initials_of_every_reading(
    letters: str, initials: set[str] | None
) -> None:
    found = possible_initials(letters)
    assert initials is None or found == initials


@pytest.mark.parametrize("name", ["曾国藩", "单雄信", "尉迟恭", "阳小明", "吕布", "区欧阳"])
def test_every_beginning_of_a_name_leads_to_its_own_initials(name: str) -> None:
    letters, initials = sound(name)
    for end in range(1, len(letters) + 1):
        assert any(initials.startswith(one) for one in possible_initials(letters[:end]))
