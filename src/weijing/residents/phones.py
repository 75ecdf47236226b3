"""Mobile phone numbers as people write them, and as we keep them: eleven digits."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from uuid import UUID

from weijing.core.env import keyring
from weijing.core.errors import DomainError

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


class NotAPhone(DomainError):
    """The text cannot be a mobile phone of this country."""


def normal(text: str) -> str:
    """`+86 138-0000-0412` → `13800000412`; "" when it cannot be a mobile phone."""
    if MOBILE.fullmatch(text):  # nearly always
        return text
    digits = re.sub(r"[\s\-()－—]", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+|00)?86(?=1)", "", digits)
    return digits if MOBILE.fullmatch(digits) else ""


def required(text: str) -> str:
    """The eleven digits.

    Raises `NotAPhone`.
    """
    if phone := normal(text):
        return phone
    raise NotAPhone("电话应为 11 位数字，如 138 开头的手机号。")


def indexes(texts: Iterable[str]) -> list[UUID]:
    """Blind indexes of the mobile phones among these, comparable with `Resident.phone_index`.

    What cannot be a mobile phone is left out: an extension or a shop's landline names nobody.
    """
    found = dict.fromkeys(normal(text) for text in texts)
    return [UUID(bytes=_fingerprint()(phone)[:16]) for phone in found if phone]


@cache
def _fingerprint() -> Callable[[str], bytes]:
    """As `Keyring.blind_index`, with the key taken in once for all phones."""
    return keyring().fingerprinter("phone")
