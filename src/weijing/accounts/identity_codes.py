"""「是真民警吗？」: a short code of the week that every officer can show and anybody can check.

Derived, not stored: nobody can read it out of the database, and a code that leaked is worth
nothing after the week.
"""

import re
from datetime import datetime, time, timedelta

from weijing.accounts.models import Officer
from weijing.core import clock
from weijing.core.env import keyring
from weijing.core.errors import DomainError
from weijing.core.ids import CODE_ALPHABET

CHARS = 6  # 31^6: a guess meets one of 1,400 officers once in 630,000


class NoSuchOfficer(DomainError):
    """No serving officer has this code this week."""


def code_of(officer: Officer, *, at: datetime) -> str:
    """The officer's code of the county's week, Monday to Sunday."""
    return _code(officer.pk, at)


def valid_until(at: datetime) -> datetime:
    """The end of Sunday, in the county."""
    day = clock.local_day(at)
    monday = day + timedelta(days=7 - day.weekday())
    return datetime.combine(monday, time(), tzinfo=clock.COUNTY_TIME)


def find(county_id: int, typed: str, *, at: datetime) -> Officer:
    """Whose code it is. Letters in either case, blanks and dashes as people write them.

    Raises `NoSuchOfficer`.
    """
    code = re.sub(r"[\s\-－—]", "", typed).upper()
    serving = Officer.objects.filter(county_id=county_id, is_active=True, serves_residents=True)
    for officer_id in serving.values_list("pk", flat=True):  # 1,400 of them: 3 ms
        if _code(officer_id, at) == code:
            return serving.select_related("station").get(pk=officer_id)
    raise NoSuchOfficer("查不到这个核验码。他可能不是民警：别给他验证码，别转账，拿不准就打 110。")


def _code(officer_id: int, at: datetime) -> str:
    day = clock.local_day(at)
    monday = day - timedelta(days=day.weekday())
    digest = keyring().fingerprint(f"{officer_id} {monday}", purpose="officer_code")
    number, letters = int.from_bytes(digest[:8]), ""
    for _ in range(CHARS):
        number, index = divmod(number, len(CODE_ALPHABET))
        letters += CODE_ALPHABET[index]
    return letters
