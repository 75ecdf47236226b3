"""Somebody is missing: written down at once, told at once. Nothing here waits 24 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.queries import responsible_for
from weijing.audit import trail
from weijing.core import ids, jobs
from weijing.core.errors import DomainError
from weijing.requests.missing import opening
from weijing.requests.missing.opening import OPEN, State
from weijing.requests.models import MissingPerson
from weijing.requests.sending_once import already_written
from weijing.requests.wording import checked, checked_place, plain
from weijing.residents import phones
from weijing.residents.models import Resident
from weijing.territory.models import Division

NUMBER_CHARS = 6
OLDEST = 120
LONGEST_AGO = timedelta(days=3650)
MOST_OPEN = 3  # asked for by one resident
ANSWER_WITHIN = timedelta(minutes=10)  # our promise for what is urgent (domain.md 3.6)
Channel = MissingPerson.Channel


class NotDescribed(DomainError):
    """Who, how old and where last: without these nobody can look."""


class NotThen(DomainError):
    """Seen last in the future, or in another decade."""


class AlreadyLookedFor(DomainError):
    """The same resident has a search under way, or the form was sent twice: `missing`."""

    def __init__(self, missing: MissingPerson) -> None:
        super().__init__(f"已经在找了（编号 {missing.number}），不用再报。有新情况请直接补充。")
        self.missing = missing


class TooManyReports(DomainError):
    """One resident has reported several people who are still looked for."""


@dataclass(frozen=True)
class Report:
    """What the family says. `looks` and `help` may go on a notice, if they agree."""

    name: str
    age: int
    division: Division
    last_seen_at: datetime
    relation: str
    family_name: str
    family_phone: str
    sex: str = ""
    place: str = ""
    looks: str = ""
    help: str = ""
    needs_care: bool = False
    resident: Resident | None = None
    family: Resident | None = None
    once: UUID | None = None  # of the form


@transaction.atomic
def report(told: Report, *, by: Officer | None, at: datetime) -> MissingPerson:
    """Begin a search. `by` is None for a resident's own page; the officer in charge is told now.

    Raises `NotDescribed`, `NotThen`, `AlreadyLookedFor`, `TooManyReports`, `wording.Diagnosis`,
    `wording.TooPrivate`, `phones.NotAPhone`.
    """
    name = plain(told.name)[:60]
    county_id = told.division.county_id
    rows = MissingPerson.objects.filter(county_id=county_id)
    if same := already_written(rows, told.once):
        raise AlreadyLookedFor(same)
    _check(told, name, at)
    _check_not_looked_for(told, by)
    answering = responsible_for([told.division], at=at)
    missing = MissingPerson(
        county_id=county_id,
        once=told.once,
        number=f"ZR-{ids.new_code(NUMBER_CHARS)}",
        resident=told.resident,
        sex=told.sex,
        age=told.age,
        needs_care=told.needs_care,
        division=told.division,
        last_seen_at=told.last_seen_at,
        family=told.family,
        relation=plain(told.relation)[:20],
        channel=Channel.OFFICER if by else Channel.PHONE_PAGE,
        reported_at=at,
        reported_by=by,
        in_charge=by or answering.get(told.division.pk),
    )
    missing.name, missing.family_name = name, plain(told.family_name)[:60]
    missing.family_phone = phones.required(told.family_phone)
    missing.place = checked_place(told.place, names=[name])
    missing.looks = checked(told.looks, names=[name])
    missing.help = checked(told.help, names=[name])
    missing.save(force_insert=True)
    trail.record(by, "missing.reported", missing, at=at, minor=int(opening.is_minor(missing)))
    jobs.enqueue("requests.tell_missing", county_id=missing.county_id, missing_id=missing.pk)
    return missing


def description(missing: MissingPerson) -> tuple[str, str, str, bool]:
    """What `change` can change."""
    return missing.place, missing.looks, missing.help, missing.needs_care


def change(
    missing: MissingPerson, *, place: str, looks: str, help: str, needs_care: bool
) -> dict[str, object]:
    """The columns of a later, better description, checked as the first one was."""
    names = [missing.name]
    missing.place = checked_place(place, names=names)
    missing.looks = checked(looks, names=names)
    missing.help, missing.needs_care = checked(help, names=names), needs_care
    columns = ("place_sealed", "looks_sealed", "help_sealed", "needs_care")
    return {column: getattr(missing, column) for column in columns}


def _check(told: Report, name: str, at: datetime) -> None:
    if len(name) < 2 or not (told.place.strip() or told.looks.strip()):
        raise NotDescribed("没有保存，您填的还在：请写清姓名，再写最后在哪里或穿什么衣服。")
    if not 0 <= told.age <= OLDEST:
        raise NotDescribed(f"没有保存，您填的还在：年龄应为 0–{OLDEST}。")
    if not at - LONGEST_AGO <= told.last_seen_at <= at + timedelta(minutes=5):
        raise NotThen("没有保存，您填的还在：最后见到的时间不能晚于现在。")


def _check_not_looked_for(told: Report, by: Officer | None) -> None:
    county_id = told.division.county_id
    rows = MissingPerson.objects.filter(county_id=county_id, state__in=OPEN)
    if told.resident is not None:
        _in_turn(told.resident)
        if same := rows.filter(resident=told.resident).first():
            raise AlreadyLookedFor(same)
    if by is None and told.family is not None:
        _in_turn(told.family)
        if rows.filter(family=told.family, state=State.REPORTED).count() >= MOST_OPEN:
            raise TooManyReports("您报的几件还在核实，没有再登记。请直接打 110。")


def _in_turn(person: Resident) -> None:
    """Two taps at once: the second waits here and then finds the first."""
    people = Resident.objects.select_for_update(no_key=True)
    people.get(county_id=person.county_id, pk=person.pk)
