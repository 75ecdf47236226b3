"""Whether WeCom's codes are those of our rows, and putting right what is not."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min

from wecom_api import WeCom, errors
from wecom_api.contact_ways import ContactWay as Made
from weijing.residents.models import ContactWay
from weijing.residents.ways import leading, looking, wanting

THREADS = 8


@dataclass
class Differences:
    """Rows by id, codes by `config_id`. Empty everywhere: all is well."""

    missing: list[int] = field(default_factory=list)  # the code is gone in WeCom
    other: list[int] = field(default_factory=list)  # it leads to others, or says another state
    stray: list[str] = field(default_factory=list)  # of our making, but no row knows it

    def __len__(self) -> int:
        return len(self.missing) + len(self.other) + len(self.stray)


def compare(county_id: int, *, wecom: WeCom) -> Differences:
    """Every code is read from WeCom. Codes that others made through this app are not ours.

    Raises `WeComError`.
    """
    found = Differences()
    rows = ContactWay.objects.filter(county_id=county_id).defer("picture")
    first = rows.aggregate(first=Min("created_at"))["first"]
    if first is None:
        return found
    known = [way for way in rows if way.config_id]
    since = int((first - timedelta(days=1)).timestamp())
    with ThreadPoolExecutor(THREADS) as pool:
        for way, made in pool.map(lambda way: (way, _read(way.config_id, wecom)), known):
            if made is None:
                found.missing.append(way.pk)
            elif made.state != way.state or [*made.user] != way.member_userids:
                found.other.append(way.pk)
    for made in looking.unknown_since(county_id, since, wecom=wecom):
        if wanting.is_ours(made.state):
            found.stray.append(made.config_id)
    return found


def _read(config_id: str, wecom: WeCom) -> Made | None:
    """None when there is no such code."""
    try:
        return wecom.contact_ways.get(config_id)
    except errors.ContactWayRefused:
        return None


def repair(county_id: int, *, wecom: WeCom, at: datetime) -> int:
    """Delete strays, have the missing made anew and the others changed. Returns how many.

    Raises `WeComError`.
    """
    found = compare(county_id, wecom=wecom)
    for config_id in found.stray:
        wecom.contact_ways.delete(config_id)
    rows = ContactWay.objects.filter(county_id=county_id)
    rows.filter(pk__in=found.missing).update(
        config_id="", qr_code="", picture=None, member_userids=[], asked_at=None
    )
    rows.filter(pk__in=found.other).update(member_userids=[])
    for way in leading.live(county_id).filter(pk__in=[*found.missing, *found.other]):
        wanting.try_again(way, at=at)
    return len(found)
