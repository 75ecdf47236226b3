"""Somebody misses a thing, or brings one that somebody else misses."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import ids
from weijing.core.clock import local_day
from weijing.core.errors import DomainError
from weijing.requests import fingerprints
from weijing.requests.lost import opening
from weijing.requests.models import LostItem
from weijing.requests.sending_once import already_written
from weijing.requests.wording import checked, plain
from weijing.residents import phones
from weijing.residents.models import Resident
from weijing.territory.models import Division

KEPT = timedelta(days=90)  # domain.md 3.9
LONGEST_AGO = timedelta(days=366)
MOST_OPEN = 5  # of one resident: the list is for things, not for trying out
NUMBER_CHARS = 6
Side, Kind, State, Channel = LostItem.Side, LostItem.Kind, LostItem.State, LostItem.Channel
DOCUMENTS = frozenset({Kind.ID_CARD, Kind.BANK_CARD, Kind.LICENCE, Kind.DOCUMENT})
# Their number is a person's ID number; other cards have numbers of their own.
WITH_ID_NUMBER = frozenset({Kind.ID_CARD, Kind.LICENCE})


class NothingToFindItBy(DomainError):
    """A thing without a name and without a word about it cannot be matched."""


class NotThatDay(DomainError):
    """Lost in the future, or so long ago that nobody has it any more."""


class TooManyOpen(DomainError):
    """One resident has several things on the list already."""


class AlreadyTakenIn(DomainError):
    """The form was sent twice; `item` is what it wrote."""

    def __init__(self, item: LostItem) -> None:
        super().__init__(
            f"刚才已经登记了（编号 {item.number}），没有再登记。要登记另一件，请重新打开登记页。"
        )
        self.item = item


@dataclass(frozen=True)
class Thing:
    """What is said of it. `words` is for everybody, `place` and `marks` are for the proof."""

    kind: str
    division: Division
    happened_on: date
    words: str = ""
    place: str = ""
    marks: str = ""
    holder: str = ""  # the name on a document
    number: str = ""  # of a document: whole, or its last four characters; never kept
    reporter: str = ""
    phone: str = ""
    resident: Resident | None = None
    once: UUID | None = None  # of the form


@transaction.atomic
def take_in(
    side: str, thing: Thing, *, by: Officer | None, at: datetime, held: bool = False
) -> LostItem:
    """Write a thing down. `by` is None for a resident's own page; `held`: it lies with the officer.

    Raises `AlreadyTakenIn`, `NothingToFindItBy`, `NotThatDay`, `TooManyOpen`,
    `wording.TooPrivate`, `fingerprints.NotAnIdNumber`, `phones.NotAPhone`.
    """
    county_id = thing.division.county_id
    if same := already_written(LostItem.objects.filter(county_id=county_id), thing.once):
        raise AlreadyTakenIn(same)
    _check_day(thing.happened_on, local_day(at))
    holder = plain(thing.holder)[:60]
    words = checked(thing.words, names=[holder, thing.reporter], illness=False)
    if not (words or holder):
        raise NothingToFindItBy("没有保存，您填的还在：请写一写它什么样，证件写上面的姓名。")
    if by is None and thing.resident is not None:
        _check_not_too_many(thing.resident)
    is_held = held and side == Side.FOUND and by is not None
    item = LostItem(
        county_id=county_id,
        once=thing.once,
        number=f"SW-{ids.new_code(NUMBER_CHARS)}",
        side=side,
        kind=thing.kind,
        state=State.FOUND if side == Side.FOUND else State.REPORTED,
        division=thing.division,
        happened_on=thing.happened_on,
        holder_index=fingerprints.of_name(holder),
        resident=thing.resident,
        channel=Channel.OFFICER if by else Channel.PHONE_PAGE,
        taken_in_at=at,
        taken_in_by=by,
        held_at=at if is_held else None,
        held_by=by if is_held else None,
        expires_on=local_day(at) + KEPT,
    )
    item.id_index, item.tail_index = _number(thing.kind, thing.number)
    item.words, item.holder = words, holder
    item.place, item.marks = plain(thing.place)[:100], plain(thing.marks)[:200]
    item.reporter = plain(thing.reporter)[:60]
    item.phone = phones.required(thing.phone) if thing.phone.strip() else ""
    item.save(force_insert=True)
    trail.record(by, f"lost_item.{item.state}", item, at=at, kind=item.kind, held=int(is_held))
    return item


@transaction.atomic
def hold(item: LostItem, *, by: Officer, scope: Scope, at: datetime) -> None:
    """The officer has the found thing now; from here on it is on the public list.

    Raises `NotThisStep` for what somebody holds already, and what `opening.opened` raises.
    """
    item = opening.opened(item, Side.FOUND, State.FOUND, State.MATCHED, by=by, scope=scope)
    if item.held_at is not None:
        raise opening.NotThisStep
    rows = LostItem.objects.filter(county_id=item.county_id, pk=item.pk)
    rows.update(held_at=at, held_by=by)
    trail.record(by, "lost_item.held", item, at=at)


@transaction.atomic
def note_number(item: LostItem, number: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Read the number off the document in hand, so that a claim can be checked against it.

    Raises what `opening.opened` raises, `fingerprints.NotAnIdNumber`.
    """
    item = opening.opened(item, None, *opening.UNPROVED, by=by, scope=scope)
    id_index, tail_index = _number(item.kind, number)
    if tail_index is None:
        raise fingerprints.NotAnIdNumber("请填证件号，或只填后四位。")
    rows = LostItem.objects.filter(county_id=item.county_id, pk=item.pk)
    rows.update(id_index=id_index, tail_index=tail_index)
    trail.record(by, "lost_item.number_noted", item, at=at)


def _number(kind: str, number: str) -> tuple[UUID | None, UUID | None]:
    read = fingerprints.of_id if kind in WITH_ID_NUMBER else fingerprints.of_document
    return read(number)


def _check_day(day: date, today: date) -> None:
    if not today - LONGEST_AGO <= day <= today:
        raise NotThatDay("没有保存，您填的还在：日期不能晚于今天，也不能早于一年前。")


def _check_not_too_many(resident: Resident) -> None:
    # Two taps at once: the second waits here and then counts the first.
    people = Resident.objects.select_for_update(no_key=True)
    people.get(county_id=resident.county_id, pk=resident.pk)
    mine = LostItem.objects.filter(county_id=resident.county_id, resident=resident)
    if mine.filter(closed_at=None, channel=Channel.PHONE_PAGE).count() >= MOST_OPEN:
        raise TooManyOpen(f"您已经登记了 {MOST_OPEN} 件，还在办，没有再登记。要添，请告诉民警。")
