"""How a name sounds: pinyin and initials, so that people find it with Latin letters."""

import re
from functools import cache, lru_cache

from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

# As a surname these sound different from the character's usual reading.
SURNAMES = {
    "万俟": "moqi", "尉迟": "yuchi", "长孙": "zhangsun", "单于": "chanyu", "澹台": "tantai",
    "单": "shan", "解": "xie", "仇": "qiu", "查": "zha", "曾": "zeng", "区": "ou", "朴": "piao",
    "乐": "yue", "任": "ren", "盖": "ge", "华": "hua", "纪": "ji", "宁": "ning", "缪": "miao",
    "员": "yun", "覃": "qin", "冼": "xian", "折": "she", "翟": "zhai", "种": "chong",
    "繁": "po", "谌": "chen", "秘": "bi", "召": "shao", "尉": "wei", "黑": "he", "隗": "wei",
    "燕": "yan", "应": "ying", "石": "shi", "柏": "bai", "车": "che", "都": "du", "佴": "nai",
    "瞿": "qu", "盛": "sheng", "卜": "bu", "贾": "jia", "洗": "xian", "逄": "pang", "褚": "chu",
    "能": "nai", "祭": "zhai", "那": "na", "朱": "zhu", "郇": "xun", "芮": "rui", "眭": "sui",
}  # fmt: skip
MAX_PINYIN_CHARS = 200
MAX_INITIALS_CHARS = 30
VOWELS = re.compile(r"^[a-z]*[aeiouv][a-z]*$")
MAX_SYLLABLE_CHARS = 6  # zhuang

# Keyboards write the dot within a name in many ways: 阿依•古丽, 阿依・古丽.
DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･．﹒●", "·"))


def plain_dots(name: str) -> str:
    """The name with the one dot that is right in it, `·`."""
    return name.translate(DOTS)


@lru_cache(maxsize=200_000)
def sound(name: str) -> tuple[str, str]:
    """Pinyin and initials, in lower case: `曾小明` → `("zengxiaoming", "zxm")`.

    What has no sound (dots, spaces) is left out; Latin letters and digits stay.
    """
    surname = next((name[:n] for n in (2, 1) if name[:n] in SURNAMES and len(name) >= n), "")
    syllables = _surname_syllables(surname)
    syllables += [syllable for one in name[len(surname) :] if (syllable := _syllable(one))]
    initials = "".join(syllable[0] for syllable in syllables)
    return "".join(syllables)[:MAX_PINYIN_CHARS], initials[:MAX_INITIALS_CHARS]


def _surname_syllables(surname: str) -> list[str]:
    if not surname:
        return []
    reading = SURNAMES[surname]
    if len(surname) == 1:
        return [reading]
    second = next(r for r in _readings(surname[1]) if reading.endswith(r))
    return [reading.removesuffix(second), second]


@lru_cache(maxsize=30_000)
def _syllable(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    return _readings(character)[0] if _readings(character) else ""


def _readings(character: str) -> list[str]:
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return found[0] if found else []


def possible_initials(letters: str) -> set[str]:
    """The initials of every way to read letters as pinyin: `lixiao` → `lx`, `lxa`.

    The last syllable may be unfinished. Empty when it cannot be pinyin, as for `xx`.
    """
    return set(_initials(letters[:MAX_INITIALS_CHARS]))


@lru_cache(maxsize=10_000)
def _initials(letters: str) -> set[str]:
    whole, begun = _syllables()
    found = {letters[0]} if letters in begun else set()
    for length in range(1, min(len(letters), MAX_SYLLABLE_CHARS + 1)):
        if letters[:length] in whole:
            found |= {letters[0] + rest for rest in _initials(letters[length:])}
    return found


@cache
def _syllables() -> tuple[frozenset[str], frozenset[str]]:
    """All syllables without tones, and all their beginnings."""
    readings = {one for every in PINYIN_DICT.values() for one in every.split(",")}
    whole = {to_normal(one) for one in readings}
    whole = {
        one for one in whole if one.isascii() and one.isalpha() and any(v in one for v in "aeiouv")
    }
    return frozenset(whole), frozenset(one[:n] for one in whole for n in range(1, len(one) + 1))
