"""Whose it is: the owner says what only the owner knows, and an officer looks."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests import fingerprints
from weijing.requests.lost import opening
from weijing.requests.lost.taking_in import DOCUMENTS
from weijing.requests.models import LostItem, LostMatch
from weijing.requests.wording import plain

MOST_WRONG_TAILS = (
    5  # then the station's desk looks at the papers: four digits are guessed in the end
)
Proof, State = LostMatch.Proof, LostItem.State


class NotHeldYet(DomainError):
    """Nobody proves that they own what we do not have."""


class NotLooked(DomainError):
    """Digits alone prove nothing: a person compares the face, or hears the mark."""


class WrongTail(DomainError):
    """The last four characters are others."""


class NoTail(DomainError):
    """The number of the document in hand has not been read off yet."""


class NothingNoted(DomainError):
    """What convinced the officer is written down."""


def ways(match: LostMatch, scope: Scope) -> list[tuple[str, str]]:
    """How this one may be proved, as (value, words); the desk may also look at papers."""
    usual = Proof.TAIL if match.found.kind in DOCUMENTS else Proof.MARKS
    offered = [usual] if match.found.wrong_tails < MOST_WRONG_TAILS or usual != Proof.TAIL else []
    if scope.has(Role.STATION_COMMAND):
        offered.append(Proof.PAPERS)
    return [(each.value, each.label) for each in offered]


def prove(
    match: LostMatch,
    how: str,
    *,
    looked: bool,
    tail: str = "",
    note: str = "",
    by: Officer,
    scope: Scope,
    at: datetime,
) -> None:
    """Note how ownership was proved. `tail`: the last four characters, as the claimant says them.

    Raises `PermissionDenied`, `NotThisStep`, `NotHeldYet`, `NotLooked`, `WrongTail` (counted),
    `NoTail`, `NothingNoted`.
    """
    if how == Proof.TAIL:
        _check_tail(match, tail, by=by, scope=scope, at=at)
    with transaction.atomic():
        match = opening.opened_match(match, State.MATCHED, by=by, scope=scope)
        if match.found.held_at is None:
            raise NotHeldYet("没有保存：东西还没交到派出所，请先收下再核实。")
        if how not in dict(ways(match, scope)):
            raise PermissionDenied("没有保存：这一件要派出所综合指挥室凭户口簿等当面核实。")
        if not looked:
            raise NotLooked("没有保存：请先当面比对本人，再勾选。")
        if how != Proof.TAIL and not note.strip():
            raise NothingNoted("没有保存，你填的还在：请写明失主说对了什么，或看了什么证件。")
        match.proof_note = plain(note)[:200]
        rows = LostMatch.objects.filter(county_id=match.county_id, pk=match.pk)
        rows.update(
            proof=how, verified_at=at, verified_by=by, proof_note_sealed=match.proof_note_sealed
        )
        opening.move(match, State.VERIFIED)
        trail.record(by, "lost_item.verified", match.found, at=at, match=match.pk, how=how)


def _check_tail(match: LostMatch, tail: str, *, by: Officer, scope: Scope, at: datetime) -> None:
    """A wrong answer is counted and stays counted, so in a transaction of its own."""
    with transaction.atomic():
        found = opening.opened_match(match, State.MATCHED, by=by, scope=scope).found
        if found.tail_index is None:
            raise NoTail("没有保存：请先照着手里的证件录入证件号，再让失主说后四位。")
        if found.wrong_tails >= MOST_WRONG_TAILS:
            raise PermissionDenied("没有保存：后四位已经说错 5 次，要派出所综合指挥室当面核实。")
        is_right = bool(tail.strip()) and fingerprints.of_tail(tail) == found.tail_index
        if not is_right:
            rows = LostItem.objects.filter(county_id=found.county_id, pk=found.pk)
            rows.update(wrong_tails=F("wrong_tails") + 1)
            trail.record(by, "lost_item.tail_wrong", found, at=at, times=found.wrong_tails + 1)
    if not is_right:
        raise WrongTail("没有保存：后四位和证件对不上，请再核对是不是本人的。")
