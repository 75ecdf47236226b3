"""How a name sounds: pinyin and initials, so that people find it with Latin letters."""

from functools import lru_cache

from pypinyin import Style, pinyin

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
