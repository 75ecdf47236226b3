"""Whose word counts when the roll and our record differ.

The roll is followed where nobody has corrected what it made. What somebody has corrected stays as
long as the roll repeats itself; when the roll, too, says something new, the column's policy
decides.
"""

from collections.abc import Mapping
from enum import StrEnum

from weijing.core.errors import DomainError

TITLES = {
    "household": "户号",
    "name": "姓名",
    "role": "与户主关系",
    "phone": "手机号",
    "sex": "性别",
    "born": "出生日期",
    "place": "村组",
    "address": "地址",
    "kind": "户类型",
    "lifecycle": "状态",
}


class Policy(StrEnum):
    """What to do about one column where both have changed."""

    ASK = "ask"
    ROLL = "roll"
    OURS = "ours"


WORDS = {Policy.ASK: "逐条问我", Policy.ROLL: "以名册为准", Policy.OURS: "以现有为准"}


class Verdict(StrEnum):
    """What becomes of one differing cell."""

    TAKE = "take"
    KEEP = "keep"
    CONFLICT = "conflict"


class NoSuchPolicy(DomainError):
    """A policy is for a column that a roll has, and one of three."""


def checked(policies: Mapping[str, str]) -> dict[str, Policy]:
    """Every column with its policy; what is not said is asked.

    Raises `NoSuchPolicy`.
    """
    for field, said in policies.items():
        if field not in TITLES or said not in set(Policy):
            raise NoSuchPolicy(f"没有“{field}：{said}”这样的处理方式，没有导入。请重新选择。")
    return {field: Policy(policies.get(field, Policy.ASK)) for field in TITLES}


def judge(
    ours: bytes, theirs: bytes, last: bytes | None, *, policy: Policy, is_from_roll: bool
) -> Verdict:
    """Marks of our record, of the roll now and of the roll before; `last` None: not kept.

    `is_from_roll` is false for a record that no roll has named yet: all of it is somebody's word.
    """
    if is_from_roll and last is None:
        return Verdict.TAKE
    if last is not None and last == theirs:
        return Verdict.KEEP
    if last is not None and last == ours:
        return Verdict.TAKE
    return {
        Policy.ROLL: Verdict.TAKE,
        Policy.OURS: Verdict.KEEP,
        Policy.ASK: Verdict.CONFLICT,
    }[policy]
