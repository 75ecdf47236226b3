"""Which column of a spreadsheet is which: guessed from its heading, or said by a person."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# Field → headings, the best first. Compared without blanks, brackets and punctuation.
HEADINGS: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "居民姓名", "人员姓名", "成员姓名", "名字", "name"),
    "household": (
        "户号", "家庭户号", "户编号", "家庭编号", "户籍号", "户口编号", "户口簿号", "户口号",
    ),
    "role": ("与户主关系", "与户主的关系", "户主关系", "家庭关系", "关系"),
    "id_number": (
        "身份证号", "身份证号码", "公民身份号码", "公民身份证号码", "居民身份证号码", "身份证",
        "证件号码", "证件号",
    ),
    "phone": (
        "手机号", "手机号码", "手机", "本人手机", "移动电话", "联系电话", "电话号码", "电话",
        "联系方式",
    ),
    "township": (
        "乡镇街道", "乡镇", "镇街", "所属乡镇", "乡镇名称", "乡镇街道名称", "街道", "镇", "乡",
    ),
    "village": (
        "村社区", "行政村", "村居", "村", "社区", "所属村", "所属村社区", "村名", "村居名称",
        "村居委会", "村委会", "居委会",
    ),
    "group": ("组", "村民小组", "组别", "小组", "组号", "组名", "村组", "所属组"),
    "code": ("区划代码", "行政区划代码", "统计用区划代码", "村代码", "行政区划"),
    "address": (
        "地址", "详细地址", "现住址", "居住地址", "家庭住址", "家庭地址", "住址", "门牌号",
        "门牌", "户籍地址",
    ),
    "sex": ("性别",),
    "born": ("出生日期", "出生年月日", "出生年月", "生日"),
    "kind": ("户类型", "户类别", "户别"),
}  # fmt: skip
TITLES = {field: headings[0] for field, headings in HEADINGS.items()}
REQUIRED = ("name", "household")
PLACES = ("village", "code")  # one of them
SEARCHED_ROWS = 15  # a title and a note often stand above the headings


def plain(heading: str) -> str:
    """`与户主 关系（必填）*` → `与户主关系`."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    text = re.sub(r"\((必填|选填|必录|可空)\)|\[(必填|选填)\]", "", text)
    return re.sub(r"[\W_]", "", text)


_KNOWN = {
    plain(heading): (name, rank)
    for name, headings in HEADINGS.items()
    for rank, heading in enumerate(headings)
}
_BY_TITLE = {plain(heading): name for name, all_ in HEADINGS.items() for heading in all_}


def field_named(text: str) -> str | None:
    """The field a person means by `姓名` or `name`; None for something else."""
    return text if text in HEADINGS else _BY_TITLE.get(plain(text))


@dataclass(frozen=True)
class Assignment:
    """Where each field stands. `positions` count from 0; `headings` are as written."""

    positions: Mapping[str, int]
    headings: Mapping[str, str]
    ignored: Sequence[str] = field(default_factory=tuple)

    @property
    def missing(self) -> list[str]:
        """Titles of what a roll needs and this sheet has not."""
        lacking = [TITLES[name] for name in REQUIRED if name not in self.positions]
        if not any(name in self.positions for name in PLACES):
            lacking.append("村社区（或区划代码）")
        return lacking


def assign(header: Sequence[str], said: Mapping[str, str]) -> Assignment:
    """Find every field's column. `said` (field → heading) wins over what we would guess."""
    best: dict[str, tuple[int, int]] = {}
    wanted = {plain(heading): name for name, heading in said.items()}
    for position, heading in enumerate(header):
        shown = plain(heading)
        name, rank = _KNOWN.get(shown, ("", 0))
        if shown and shown in wanted:
            name, rank = wanted[shown], -1
        if name and (name not in said or rank < 0):
            best[name] = min(best.get(name, (rank, position)), (rank, position))
    positions = {name: position for name, (_, position) in best.items()}
    used = set(positions.values())
    return Assignment(
        positions=positions,
        headings={name: header[position] for name, position in positions.items()},
        ignored=[h for n, h in enumerate(header) if h.strip() and n not in used],
    )


def find_header(rows: Sequence[Sequence[str]], said: Mapping[str, str]) -> int | None:
    """The index of the row with the headings, among the first rows; None when none has two."""
    found = [len(assign(row, said).positions) for row in rows[:SEARCHED_ROWS]]
    best = max(found, default=0)
    return found.index(best) if best >= 2 else None
