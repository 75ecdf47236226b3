"""Whether WeCom's codes are those of our rows, and putting right what is not."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min

from wecom_api import WeCom, errors
from wecom_api.contact_ways import ContactWay as Made
from weijing.core.in_pieces import in_pieces
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


def compare(county_id: int, *, wecom: WeCom) -> Iterator[Differences]:
    """Every code is read from WeCom, some hundreds at a time: a county may have one for each door.
    Codes that others made through this app are not ours.

    Raises `WeComError`.
    """
    rows = ContactWay.objects.filter(county_id=county_id)
    first = rows.aggregate(first=Min("created_at"))["first"]
    if first is None:
        return
    with ThreadPoolExecutor(THREADS) as pool:
        for ways in in_pieces(rows.filter(config_id__gt="").defer("picture")):
            yield _differing(ways, pool, wecom)
    since = int((first - timedelta(days=1)).timestamp())
    for made in looking.unknown_since(county_id, since, wecom=wecom):
        if wanting.is_ours(made.state) and not looking.is_awaited(county_id, made):
            yield Differences(stray=[made.config_id])


def _differing(ways: Sequence[ContactWay], pool: Executor, wecom: WeCom) -> Differences:
    found = Differences()
    there = pool.map(lambda way: _read(way.config_id, wecom), ways)
    for way, made in zip(ways, there, strict=True):
        if made is None:
            found.missing.append(way.pk)
        elif made.state != way.state or [*made.user] != way.member_userids:
            found.other.append(way.pk)
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
    repaired, strays = 0, []
    for found in compare(county_id, wecom=wecom):
        repaired += len(found)
        strays += found.stray  # deleted at the end: what goes while WeCom lists moves the pages
        _wish_again(county_id, found, at=at)
    for config_id in strays:
        wecom.contact_ways.delete(config_id)
    return repaired


def _wish_again(county_id: int, found: Differences, *, at: datetime) -> None:
    rows = ContactWay.objects.filter(county_id=county_id)
    rows.filter(pk__in=found.missing).update(
        config_id="", qr_code="", picture=None, member_userids=[], asked_at=None
    )
    rows.filter(pk__in=found.other).update(member_userids=[])
    for way in leading.live(county_id).filter(pk__in=[*found.missing, *found.other]):
        wanting.try_again(way, at=at)
