"""The number residents are shown for an officer: for duty, never the private one by itself."""

import re
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core.errors import DomainError

NUMBER = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{7,8}", re.ASCII)  # mobile or landline


class NotADutyPhone(DomainError):
    """Residents would dial it in vain."""


@transaction.atomic
def show(officer: Officer, text: str, *, by: Officer, at: datetime) -> None:
    """Set the number; an empty one is shown to nobody.

    Raises `NotADutyPhone`.
    """
    number = re.sub(r"[\s－—]", "", text.strip()).removeprefix("+86")
    if number and not NUMBER.fullmatch(number):
        raise NotADutyPhone("请填手机号，或带区号的座机，如 0739-8888888。")
    officer.phone = number
    rows = Officer.objects.filter(county_id=officer.county_id, pk=officer.pk)
    rows.update(phone_sealed=officer.phone_sealed)
    trail.record(by, "officer.duty_phone_set", officer, at=at, shown=int(bool(number)))
