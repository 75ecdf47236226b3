"""Refusing tags about what is nobody's business, while the names of places stay usable.

虎形山瑶族乡 is a township; 瑶族 said of a person is a matter the law protects.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from pypinyin import lazy_pinyin

from weijing.core.errors import DomainError
from weijing.tags.catalogue.forbidden import TOPICS, Topic
from weijing.territory.models import Division

LEAST_LATIN = 5  # letters; below, pinyin of two characters is too often a word of another kind
# Of the characters in `forbidden`, those that differ; whoever types them means the same.
_TRADITIONAL = str.maketrans(
    "訪黨員殘廢診斷癲癇瘋愛體會禮徒聖靈觀點場傾維權獄釋緩執債務賴徵貸評級險鬧釘黑單籍國監視蹤軌跡動遊結領藥"
    "歲獻壯滿蘭麼風聲紋態議論題壇僧經廟過韓穩樣記錄滋亂懷婦癌傳賣",
    "访党员残废诊断癫痫疯爱体会礼徒圣灵观点场倾维权狱释缓执债务赖征贷评级险闹钉黑单籍国监视踪轨迹动游结领药"
    "岁献壮满兰么风声纹态议论题坛僧经庙过韩稳样记录滋乱怀妇癌传卖",
)


class ForbiddenTopic(DomainError):
    """Such a thing must not be a tag. `topic` and `word` say which and what betrayed it."""

    def __init__(self, topic: str, word: str) -> None:
        super().__init__(
            f"没有保存：「{word}」涉及{topic}，法律不允许做成标签。请改写成要提供的服务，例如「行动不便需上门」。"
        )
        self.topic, self.word = topic, word


class NotAWording(DomainError):
    """Empty, too long, or not something a person can read."""


def check(texts: Iterable[str], *, county_id: int) -> None:
    """What a tag says in its name, definition and purpose. Raises `ForbiddenTopic`."""
    places = place_names(county_id)
    for text in texts:
        if found := forbidden_in(text, places):
            raise ForbiddenTopic(*found)


def forbidden_in(text: str, places: Iterable[str] = ()) -> tuple[str, str] | None:
    """(topic, word) of what is forbidden, or None.

    A word inside the official name of one of `places` is that place. Blanks, punctuation, other
    widths of the letters, traditional characters and plain pinyin do not hide a word.
    """
    plain = _plain(text)
    allowed = _spans(plain, map(_plain, places))
    for topic in TOPICS:
        harmless = allowed + _spans(plain, topic.unless)
        for word in topic.words:
            if not word.isascii() and any(
                not any(start <= at and at + len(word) <= end for start, end in harmless)
                for at in _found(word, plain)
            ):
                return topic.name, word
    return _in_latin(text)


def place_names(county_id: int) -> list[str]:
    """Official names in the county, longest first: 山界回族乡, not what people shorten it to."""
    names = Division.objects.filter(county_id=county_id).values_list("name", flat=True).distinct()
    return sorted((name for name in names if len(name) > 2), key=len, reverse=True)


def tidy(text: str, *, most: int, what: str) -> str:
    """One line without odd blanks. Raises `NotAWording`, naming `what`."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if not re.search(r"[\u4e00-\u9fff]", line):
        raise NotAWording(f"请用中文填写{what}。")
    if len(line) > most:
        raise NotAWording(f"{what}最多 {most} 个字，现在是 {len(line)} 个。")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Co", "Cn") for letter in line):
        raise NotAWording(f"{what}里有看不见的字符，请重新输入。")
    return line


def _plain(text: str) -> str:
    """Letters and characters alone, in the form the words are written in."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_TRADITIONAL)
    return "".join(letter for letter in text if letter.isalnum())


def _spans(text: str, parts: Iterable[str]) -> list[tuple[int, int]]:
    return [(at, at + len(part)) for part in parts if part for at in _found(part, text)]


def _found(part: str, text: str) -> list[int]:
    return [at for at in range(len(text) - len(part) + 1) if text.startswith(part, at)]


def _in_latin(text: str) -> tuple[str, str] | None:
    """HIV, and what is spelt in pinyin."""
    runs = re.findall(r"[a-z]+", unicodedata.normalize("NFKC", text).casefold())
    for topic in TOPICS:
        for word in topic.words:
            if word in runs:
                return topic.name, word.upper()
    spelt = _spelt() if any(len(run) >= LEAST_LATIN for run in runs) else {}
    for spelling, (topic, word) in spelt.items():
        if any(spelling in run for run in runs):
            return topic.name, word
    return None


@cache
def _spelt() -> dict[str, tuple[Topic, str]]:
    words = [(topic, word) for topic in TOPICS for word in topic.words if not word.isascii()]
    spelt = {"".join(lazy_pinyin(word)): (topic, word) for topic, word in words}
    return {spelling: meant for spelling, meant in spelt.items() if len(spelling) >= LEAST_LATIN}
