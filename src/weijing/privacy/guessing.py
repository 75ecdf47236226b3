"""Who types one wrong code after another waits: a page open to all is no place to guess."""

from datetime import datetime, timedelta
from uuid import UUID

from weijing.core.env import keyring
from weijing.core.errors import DomainError
from weijing.privacy.models import WrongCode

MAX_WRONG = 10
WITHIN = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


class TooManyTries(DomainError):
    """Wait a quarter of an hour, or call."""


def check(county_id: int, address: str, *, at: datetime) -> None:
    """Raises `TooManyTries` after ten wrong codes from one network address."""
    tried = WrongCode.objects.filter(county_id=county_id, who=_who(address), at__gt=at - WITHIN)
    if tried.count() >= MAX_WRONG:
        raise TooManyTries("试的次数太多了，请 15 分钟后再查；要马上核实，请打 110。")


def note_wrong(county_id: int, address: str, *, at: datetime) -> None:
    """The address is kept as a keyed fingerprint, for a day."""
    old = WrongCode.objects.filter(county_id=county_id, at__lt=at - FORGOTTEN_AFTER)
    old.delete()
    WrongCode.objects.create(county_id=county_id, who=_who(address), at=at)


def _who(address: str) -> UUID:
    return keyring().blind_index(address, purpose="network_address")
