"""The notice for everybody: for 24 hours, then again if it still is needed; gone when found."""

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core.errors import DomainError, PermissionDenied
from weijing.requests.missing import consenting, opening, photos, reporting
from weijing.requests.missing.opening import State
from weijing.requests.models import MissingPerson

SHOWN_FOR = timedelta(hours=24)  # domain.md 3.9; renewable


class NothingAgreed(DomainError):
    """The family has agreed to nothing in writing yet."""


class NotConfirmed(DomainError):
    """Nobody has spoken to the family yet."""


class MinorsLaw(DomainError):
    """Of a child only what a search needs, and only on the word of the station's desk."""


class ChangedMeanwhile(DomainError):
    """What would be shown is not what the officer looked at."""


@transaction.atomic
def publish(
    missing: MissingPerson, *, minors_law: bool = False, seen: str = "",
    by: Officer, scope: Scope, at: datetime,
) -> None:  # fmt: skip
    """Show what was agreed to, or go on showing it, until 24 hours from now.

    `minors_law`: for a child, that this is the search which article 103 of the Minors Protection
    Law makes an exception for; the station's desk says so. `seen`: `as_it_is` of the page the
    officer looked at.

    Raises `PermissionDenied`, `NotThisStep`, `NotConfirmed`, `NothingAgreed`, `MinorsLaw`,
    `ChangedMeanwhile`.
    """
    missing = opening.opened(missing, State.SEARCHING, by=by, scope=scope)
    if missing.confirmed_at is None:
        raise NotConfirmed("没有公开：请先和家属核实，再公开。找人不用等。")
    fields = consenting.in_force(missing)
    if not fields:
        raise NothingAgreed("没有公开：家属还没有书面同意公开任何一项。")
    if seen and seen != as_it_is(missing):
        raise ChangedMeanwhile("没有公开：家属或同事刚刚改了内容，请看过再公开。")
    changes: dict[str, object] = {}
    if opening.is_minor(missing):
        changes = _checked_for_a_child(minors_law, by=by, scope=scope, at=at)
    photos.let_in(missing)
    is_again = missing.published_at is not None
    opening.write(
        missing, published_at=at, published_by=by, expires_at=at + SHOWN_FOR, taken_down_at=None,
        **changes,
    )  # fmt: skip
    said = "missing.notice_renewed" if is_again else "missing.notice_published"
    trail.record(by, said, missing, at=at, fields=sorted(fields))


@transaction.atomic
def take_down(missing: MissingPerson, *, by: Officer, scope: Scope, at: datetime) -> None:
    """Before its time. Raises `PermissionDenied`, `NotThisStep`."""
    missing = opening.opened(missing, *opening.OPEN, by=by, scope=scope)
    if not is_shown(missing, at=at):
        raise opening.NotThisStep
    opening.write(missing, taken_down_at=at)
    trail.record(by, "missing.notice_taken_down", missing, at=at)


def as_it_is(missing: MissingPerson) -> str:
    """A word for what publishing would show at this moment; another word after any change."""
    photo = photos.kept_id(missing)
    shown = (sorted(consenting.in_force(missing)), reporting.description(missing), photo)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def is_shown(missing: MissingPerson, *, at: datetime) -> bool:
    """Whether everybody may see the notice at this moment. No job has to run for it to end."""
    return (
        missing.state == State.SEARCHING
        and missing.expires_at is not None
        and missing.taken_down_at is None
        and at < missing.expires_at
    )


def expire(county_id: int, *, at: datetime) -> int:
    """Write down that notices ran out. Returns how many."""
    due = MissingPerson.objects.filter(
        county_id=county_id, published_at__isnull=False, taken_down_at=None, expires_at__lte=at
    )
    ended = 0
    for missing_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            missing = opening.locked_row(county_id, missing_id)
            is_due = missing.taken_down_at is None and missing.expires_at is not None
            if is_due and missing.expires_at <= at:  # type: ignore[operator]
                opening.write(missing, taken_down_at=missing.expires_at)
                trail.record(None, "missing.notice_expired", missing, at=at)
                ended += 1
    return ended


def _checked_for_a_child(
    minors_law: bool, *, by: Officer, scope: Scope, at: datetime
) -> dict[str, object]:
    if not scope.has(Role.STATION_COMMAND):
        raise PermissionDenied("没有公开：未成年人的寻人启事要由派出所综合指挥室公开。")
    if not minors_law:
        raise MinorsLaw(
            "没有公开：未成年人的信息只有为了查找失踪才能公开"
            "（未成年人保护法第 103 条），请勾选确认后再公开。"
        )
    return {"minors_law_by": by, "minors_law_at": at}
