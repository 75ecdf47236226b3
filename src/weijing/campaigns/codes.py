"""The reference code in a message's text: the idempotency key that WeCom does not have.

Residents can check by it that a message is real; we find our own tasks again by it.
"""

import re

from weijing.campaigns.models import Share
from weijing.core.ids import CODE_ALPHABET, new_code

# A county asks up to 1,400 officers per campaign and codes are never used again: four signs
# would be used up within two years, five last for centuries.
CODE_LENGTH = 5

MAX_TEXT_BYTES = (
    4_000  # WeCom's limit on text.content; developer.work.weixin.qq.com/document/path/92135
)


def reference(short_name: str, code: str) -> str:
    """〔隆警7K2QM〕"""
    return f"〔{short_name}警{code}〕"


def with_reference(body: str, *, short_name: str, code: str) -> str:
    """What residents read: the body, and on a line of its own the reference."""
    return f"{body.rstrip()}\n{reference(short_name, code)}"


def codes_in(text: str, *, short_name: str) -> list[str]:
    """Our codes in a text as WeCom gives it back; spaces that got in do not hide one."""
    pattern = rf"〔\s*{re.escape(short_name)}\s*警\s*([{CODE_ALPHABET}]{{{CODE_LENGTH}}})\s*〕"
    return re.findall(pattern, text)


def text_bytes(body: str, *, short_name: str) -> int:
    """How much of WeCom's 4,000 bytes the message takes, reference included."""
    return len(with_reference(body, short_name=short_name, code="2" * CODE_LENGTH).encode())


def new_codes(county_id: int, count: int) -> list[str]:
    """Codes that no share of the county has or had."""
    found: set[str] = set()
    while len(found) < count:
        drawn = {new_code(CODE_LENGTH) for _ in range(count - len(found))} - found
        taken = Share.objects.filter(county_id=county_id, code__in=drawn)
        found |= drawn - set(taken.values_list("code", flat=True))
    return list(found)
