"""What a division's code says by itself: its level, its parent, its place in the pre-order.

A code is its parent's code and three digits more: county 6, township 9, village 12, group 15. So
the pre-order numbers follow from the code alone: every village has 999 numbers for its groups, and
a new group never moves another division. All numbers of a county fit a 32-bit integer.
"""

import re

from weijing.core.errors import DomainError
from weijing.territory.models import Division

LEVEL_OF_LENGTH = {
    6: Division.Level.COUNTY,
    9: Division.Level.TOWNSHIP,
    12: Division.Level.VILLAGE,
    15: Division.Level.GROUP,
}
COUNTY_DIGITS, GROUP_DIGITS, STEP = 6, 15, 3
# 000 would have the number of the division above.
CODE = re.compile(r"\d{6}((?!000)\d{3}){0,3}", re.ASCII)


class BadDivisionCode(DomainError):
    """Not a code of a county, township, village or group."""


def level_of(code: str) -> Division.Level:
    """Raises `BadDivisionCode`."""
    if not CODE.fullmatch(code):
        raise BadDivisionCode(f"区划代码“{code[:20]}”不对：应为 6、9、12 或 15 位数字。")
    return LEVEL_OF_LENGTH[len(code)]


def parent_of(code: str) -> str:
    """The code one level up; "" for a county."""
    return code[:-STEP] if len(code) > COUNTY_DIGITS else ""


def range_of(code: str) -> tuple[int, int]:
    """`lo` and `hi`: the division itself is `lo`, everything in it lies between the two.

    Raises `BadDivisionCode`.
    """
    level_of(code)
    below = GROUP_DIGITS - len(code)
    lo = int(code[COUNTY_DIGITS:].ljust(GROUP_DIGITS - COUNTY_DIGITS, "0"))
    return lo, lo + 10**below - 1
