"""House numbers in the order in which one passes them."""

import re

_PARTS = re.compile(r"\d+|\D+")


def as_walked(address: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort by: 2号 before 10号, 12号 before 12号附1."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _PARTS.findall(address)
    )
