"""Codes follow people: who came, who left, whose beat is another now."""

from collections.abc import Sequence
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.core.logs import log
from weijing.residents.models import ContactWay
from weijing.residents.ways import leading, troubles, wanting


def keep(county_id: int, *, at: datetime) -> int:
    """Wish for what has to change, and end what is of no use any more. Returns how many."""
    ways = leading.live(county_id).select_related("officer", "beat", "household").defer("picture")
    members = leading.members_of_beats(
        county_id, [way.beat_id for way in ways if way.beat_id], at=at
    )
    changed = 0
    for way in ways:
        if _is_of_no_use(way, at=at):
            changed += wanting.end(way, by=None, at=at)
        elif way.officer is not None:
            changed += _follow_beat(way, at=at)
        elif _may_be_changed(way) and _differs(way, members.get(way.beat_id or 0, [])):
            wanting.try_again(way, at=at)
            changed += 1
    if changed:
        log.info("residents.ways_kept", count=changed)
    return changed


def retry_refused(county_id: int, *, at: datetime) -> int:
    """Ask again where an administrator or the member may have put it right. Returns how many."""
    rows = leading.live(county_id).filter(refused_because__in=troubles.CURED_BY_TIME, due_at=None)
    return rows.update(due_at=at, attempts=0)


def _is_of_no_use(way: ContactWay, *, at: datetime) -> bool:
    if way.officer is not None and not way.officer.is_active:
        return True
    if way.household is None:
        return False
    return way.household.ended_on is not None or way.created_at < at - wanting.HOUSEHOLD_LIVES


def _follow_beat(way: ContactWay, *, at: datetime) -> bool:
    """Who is met through an officer's own code lives in the officer's beat of today."""
    assert way.officer is not None
    beat_id = leading.beat_of(way.officer, at=at) if way.household is None else way.beat_id
    if beat_id == way.beat_id:
        return False
    ContactWay.objects.filter(county_id=way.county_id, pk=way.pk).update(beat_id=beat_id)
    return True


def _may_be_changed(way: ContactWay) -> bool:
    """What WeCom refused is asked again at night (`retry_refused`), not every few minutes."""
    return bool(way.config_id) and way.refused_because in ("", troubles.NOBODY)


def _differs(way: ContactWay, members: Sequence[Officer]) -> bool:
    """A beat that nobody serves keeps the code it has, and that is said once."""
    if not members:
        return way.refused_because != troubles.NOBODY
    return bool(leading.userids_of(members) != way.member_userids)
