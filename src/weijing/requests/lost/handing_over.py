"""The thing goes back: who received it, with the name they signed."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.requests import fingerprints
from weijing.requests.lost import opening, taking_in
from weijing.requests.lost.matching import match
from weijing.requests.models import LostItem, LostMatch
from weijing.requests.wording import plain
from weijing.residents.models import Resident

State, Receiver = LostItem.State, LostMatch.Receiver


class NotSigned(DomainError):
    """A thing leaves the station against a name only."""


class AnotherName(DomainError):
    """The document says another name than who signed as its owner."""


class NoRelation(DomainError):
    """Family signs with how they are related and what was checked."""


@transaction.atomic
def claim(
    found: LostItem,
    name: str,
    phone: str,
    *,
    resident: Resident | None = None,
    by: Officer,
    scope: Scope,
    at: datetime,
) -> LostMatch:
    """The owner comes, or is found in the book, without having reported anything: both in one.

    Raises `PermissionDenied`, `NotThisStep`, `NotSigned`, `phones.NotAPhone`.
    """
    found = opening.opened(found, LostItem.Side.FOUND, State.FOUND, by=by, scope=scope)
    if not plain(name):
        raise NotSigned("没有保存：请填来认领的人的姓名。")
    thing = taking_in.Thing(
        kind=found.kind, division=found.division, happened_on=found.happened_on,
        words=found.words, holder=found.holder, reporter=name, phone=phone, resident=resident,
    )  # fmt: skip
    lost = taking_in.take_in(LostItem.Side.LOST, thing, by=by, at=at)
    return match(lost, found, by=by, scope=scope, at=at, came=resident is None)


@transaction.atomic
def hand_over(
    match: LostMatch,
    signed: str,
    receiver: str,
    *,
    note: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    """Give it back. The owner signs with the name on the document; family says who they are.

    Raises `PermissionDenied`, `NotThisStep`, `NotSigned`, `AnotherName`, `NoRelation`.
    """
    match = opening.opened_match(match, State.VERIFIED, by=by, scope=scope)
    signed = plain(signed)[:60]
    if len(signed) < 2 or receiver not in (Receiver.OWNER, Receiver.FAMILY):
        raise NotSigned("没有保存：请选谁来领的，并请他写下姓名。")
    holder = match.found.holder_index
    if receiver == Receiver.OWNER and holder and fingerprints.of_name(signed) != holder:
        raise AnotherName("没有保存：签的名和证件上的姓名不一样。家里人来领的，请选「家属代领」。")
    if receiver == Receiver.FAMILY and not note.strip():
        raise NoRelation("没有保存，你填的还在：请写明和失主的关系、看过什么证件。")
    match.signed, match.receiver_note = signed, plain(note)[:100]
    LostMatch.objects.filter(county_id=match.county_id, pk=match.pk).update(
        receiver=receiver, signed_sealed=match.signed_sealed,
        receiver_note_sealed=match.receiver_note_sealed, returned_at=at, returned_by=by,
    )  # fmt: skip
    opening.move(match, State.RETURNED)
    trail.record(by, "lost_item.returned", match.found, at=at, match=match.pk, receiver=receiver)
