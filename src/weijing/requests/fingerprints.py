"""Keyed fingerprints of what is never kept: document numbers, names on documents, senders."""

import re
import unicodedata
from uuid import UUID

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from weijing.core.env import keyring
from weijing.core.errors import DomainError
from weijing.requests.wording import GAP, plain

TAIL = re.compile(r"\d{3}[\dX]", re.ASCII)
WHOLE = re.compile(r"\d{17}[\dX]", re.ASCII)


class NotAnIdNumber(DomainError):
    """Neither a whole number nor the last four characters of one."""


def of_id(text: str) -> tuple[UUID | None, UUID | None]:
    """(whole, tail) of 18 characters, or of the last four alone; nothing for nothing.

    Raises `NotAnIdNumber`.
    """
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not typed:
        return None, None
    if TAIL.fullmatch(typed):
        return None, of_tail(typed)
    if not is_id_number(typed):
        raise NotAnIdNumber("证件号应为 18 位，或只填后四位，请核对后再保存。")
    return keyring().blind_index(typed, purpose="id_number"), of_tail(typed[-4:])


def of_document(text: str) -> tuple[UUID | None, UUID | None]:
    """As `of_id`, for cards whose numbers have no check we know: 8 to 25 letters and digits.

    Raises `NotAnIdNumber`.
    """
    typed = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if not typed or TAIL.fullmatch(typed) or is_id_number(typed):
        return of_id(typed)
    if not re.fullmatch(r"[0-9A-Z]{8,25}", typed):
        raise NotAnIdNumber("卡号、证号应为 8–25 位字母和数字，或只填后四位，请核对后再保存。")
    tail = of_tail(typed[-4:]) if TAIL.fullmatch(typed[-4:]) else None
    return keyring().blind_index(typed, purpose="card_number"), tail


def of_tail(text: str) -> UUID:
    typed = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    return keyring().blind_index(typed, purpose="lost_tail")


def of_name(name: str) -> UUID | None:
    tight = re.sub(GAP, "", plain(name)).upper()
    return keyring().blind_index(tight, purpose="lost_holder") if tight else None


def of_sender(address: str) -> UUID:
    return keyring().blind_index(address, purpose="network_address")


def is_id_number(text: str) -> bool:
    """GB 11643: shape, birth date and check digit; any place, for old codes count."""
    if not WHOLE.fullmatch(text) or ric.calc_check_digit(text) != text[-1]:
        return False
    try:
        ric.get_birth_date(text)
    except ValidationError:
        return False
    return True
