"""Codes follow people: who came, who left, whose beat is another now."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from weijing.accounts.models import Officer
from weijing.core.in_pieces import in_pieces
from weijing.core.logs import log
from weijing.residents.models import ContactWay
from weijing.residents.ways import claiming, leading, troubles, wanting

# A deleted code cannot be had again, and it is printed on cards. An address book that was read
# wrongly, or whose app saw too little for a day, must not cost any: somebody notices within a week.
OFFICER_MAY_RETURN = timedelta(days=7)
MOST_ENDED = 1_000  # in one run; households' codes end by the thousand, and there is a next run


def keep(county_id: int, *, at: datetime) -> int:
    """Wish for what has to change, and end what is of no use any more. Returns how many."""
    _note_idle(county_id, at=at)
    changed = sum(wanting.end(way, by=None, at=at) for way in _of_no_use(county_id, at=at))
    for ways in in_pieces(leading.live(county_id).filter(household=None).defer("picture")):
        changed += _follow_officers(county_id, ways, at=at)
        changed += _follow_beats(county_id, ways, at=at)
    if changed:
        log.info("residents.ways_kept", count=changed)
    return changed


def retry_refused(county_id: int, *, at: datetime) -> int:
    """Ask again where an administrator or the member may have put it right. Returns how many."""
    rows = leading.live(county_id).filter(refused_because__in=troubles.CURED_BY_TIME, due_at=None)
    return rows.update(due_at=at, attempts=0)


def retry_parked(county_id: int, *, at: datetime) -> int:
    """Have the deletions tried once more that were given up. Returns how many."""
    return claiming.parked(county_id).update(due_at=at, attempts=0)


def _note_idle(county_id: int, *, at: datetime) -> None:
    """Since when the officer behind a code has had no account; who is back, keeps the code."""
    ways = leading.live(county_id).filter(officer__county_id=county_id)
    ways.filter(officer__is_active=True, idle_since__isnull=False).update(idle_since=None)
    ways.filter(officer__is_active=False, idle_since=None).update(idle_since=at)


def _of_no_use(county_id: int, *, at: datetime) -> Iterator[ContactWay]:
    live = leading.live(county_id).defer("picture")
    at_doors = live.filter(household__isnull=False)
    for rows in (
        live.filter(idle_since__lte=at - OFFICER_MAY_RETURN),
        at_doors.filter(created_at__lt=at - wanting.HOUSEHOLD_LIVES),
        at_doors.filter(household__county_id=county_id, household__ended_on__isnull=False),
    ):
        yield from rows[:MOST_ENDED]


def _follow_officers(county_id: int, ways: Sequence[ContactWay], *, at: datetime) -> int:
    """Who is met through an officer's own code lives in the officer's beat of today."""
    own = [way for way in ways if way.officer_id is not None]
    beats = leading.only_beats(county_id, [way.officer_id or 0 for way in own], at=at)
    moved = [way for way in own if way.beat_id != beats.get(way.officer_id or 0)]
    for way in moved:
        claiming.row(way).update(beat_id=beats.get(way.officer_id or 0))
    return len(moved)


def _follow_beats(county_id: int, ways: Sequence[ContactWay], *, at: datetime) -> int:
    """The codes of beats lead to those who serve there."""
    beats = [way for way in ways if way.officer_id is None]
    members = leading.members_of_beats(county_id, [way.beat_id or 0 for way in beats], at=at)
    other = [
        way
        for way in beats
        if _may_be_changed(way) and _differs(way, members.get(way.beat_id or 0, []))
    ]
    for way in other:
        wanting.try_again(way, at=at)
    return len(other)


def _may_be_changed(way: ContactWay) -> bool:
    """What WeCom refused is asked again at night (`retry_refused`), not every few minutes."""
    return bool(way.config_id) and way.refused_because in ("", troubles.NOBODY)


def _differs(way: ContactWay, members: Sequence[Officer]) -> bool:
    """A beat that nobody serves keeps the code it has, and that is said once."""
    if not members:
        return way.refused_because != troubles.NOBODY
    return bool(leading.userids_of(members) != way.member_userids)
