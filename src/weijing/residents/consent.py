"""What a resident agreed to, and took back. `Resident.consents` holds what is in force now."""

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.audit.models import AuditEntry
from weijing.core import clock
from weijing.core.errors import DomainError
from weijing.residents import audience_changes, notices
from weijing.residents.models import ConsentRecord, Resident

CONTACT, PUBLICITY = ConsentRecord.Scope.CONTACT.value, ConsentRecord.Scope.PUBLICITY.value
TAG_GROUP = re.compile(r"[A-Z]{3}\d{2}")  # a sensitive group of tags is a scope of its own
OWN_CONSENT_FROM_AGE = 14  # PIPL 31: below, only a guardian may agree


class UnknownScope(DomainError):
    """Nothing can be agreed to that no notice explains."""


class TooYoung(DomainError):
    """A child does not agree for itself."""


class SaidOtherwiseSince(DomainError):
    """The person has spoken on it after the moment an officer writes down."""


@transaction.atomic
def give(
    resident: Resident,
    scopes: Collection[str],
    *,
    by: Officer | None,
    at: datetime,
    channel: str = ConsentRecord.Channel.FACE_TO_FACE,
) -> None:
    """Note that the resident agreed, each scope on its own, to the notice in force.

    `by` is the officer who asked, None when the resident tapped themselves. What is already in
    force is left as it was given. `at` may lie in the past, when it was said before it is written.

    Raises `UnknownScope`, `TooYoung`, `SaidOtherwiseSince`.
    """
    _check(scopes)
    locked = _lock(resident)
    if locked.born_on and age_on(locked.born_on, clock.local_day(at)) < OWN_CONSENT_FROM_AGE:
        raise TooYoung("不满 14 周岁，须由监护人本人加为好友并同意，不能登记孩子本人的同意。")
    new = [scope for scope in dict.fromkeys(scopes) if scope not in locked.consents]
    _check_latest_word(locked, new, at=at)
    _note(locked, new, given=True, by=by, at=at, channel=channel)
    _keep(resident, [*locked.consents, *new])


@transaction.atomic
def withdraw(
    resident: Resident,
    scopes: Collection[str],
    *,
    by: Officer | None,
    at: datetime,
    channel: str = ConsentRecord.Channel.FACE_TO_FACE,
) -> None:
    """Note that the resident took consent back; it ends with this commit.

    Who no longer wants to be a contact no longer wants anything else either. A scope that was not
    in force is noted all the same: a refusal is worth remembering.

    Raises `UnknownScope`; `SaidOtherwiseSince` only to an officer who writes down what was said
    earlier: a resident's own withdrawal is never refused.
    """
    _check(scopes)
    locked = _lock(resident)
    ended = dict.fromkeys([*scopes, *(locked.consents if CONTACT in scopes else ())])
    if by is not None:
        _check_latest_word(locked, list(ended), at=at)
    at = max(at, _latest_word_at(locked, list(ended)) or at)
    _note(locked, list(ended), given=False, by=by, at=at, channel=channel)
    _keep(resident, [scope for scope in locked.consents if scope not in ended])


@transaction.atomic
def give_many(
    county_id: int,
    resident_ids: Collection[int],
    scopes: Collection[str],
    *,
    by: Officer | None,
    at: datetime,
    channel: str = ConsentRecord.Channel.FACE_TO_FACE,
) -> int:
    """Note the consent of many, as a station enters the signed sheets of a visiting day.

    Children are passed over, and so is what is already in force. Returns how many people agreed
    to something new.

    Raises `UnknownScope`.
    """
    _check(scopes)
    day = clock.local_day(at)
    grown_up = day.replace(year=day.year - OWN_CONSENT_FROM_AGE, day=min(day.day, 28))
    people = (
        Resident.objects.select_for_update()
        .filter(county_id=county_id, pk__in=resident_ids)
        .filter(Q(born_on=None) | Q(born_on__lte=grown_up))
        .only("pk", "county_id", "consents")
    )
    changed, records = [], []
    for person in people:
        new = [scope for scope in dict.fromkeys(scopes) if scope not in person.consents]
        if not new:
            continue
        person.consents = [*person.consents, *new]
        changed.append(person)
        records += _records(person, new, given=True, by=by, at=at, channel=channel)
    ConsentRecord.objects.bulk_create(records, batch_size=5_000)
    Resident.objects.bulk_update(changed, ["consents"], batch_size=2_000)
    audience_changes.people(county_id, [person.pk for person in changed])
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                county_id=county_id,
                at=at,
                actor=by,
                action="consent.given",
                object_type=Resident._meta.label_lower,
                object_id=person.pk,
                details={"scopes": list(scopes), "channel": str(channel)},
            )
            for person in changed
        ],
        batch_size=5_000,
    )
    return len(changed)


def in_force(records: Iterable[ConsentRecord]) -> list[str]:
    """The scopes whose latest record gives consent, in the order they were given."""
    latest: dict[str, ConsentRecord] = {}
    for record in sorted(records, key=lambda record: (record.at, record.pk)):
        latest.pop(record.scope, None)
        latest[record.scope] = record
    return [scope for scope, record in latest.items() if record.given]


def age_on(born_on: date, day: date) -> int:
    """Full years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _check(scopes: Collection[str]) -> None:
    for scope in scopes:
        if scope not in ConsentRecord.Scope.values and not TAG_GROUP.fullmatch(scope):
            raise UnknownScope(f"没有「{scope}」这一项同意内容，请从页面上的选项里选。")


def _check_latest_word(resident: Resident, scopes: list[str], *, at: datetime) -> None:
    latest = _latest_word_at(resident, scopes)
    if latest is not None and latest > at:
        raise SaidOtherwiseSince("没有登记：本人后来又作过选择，以后来的为准。请看过记录再登记。")


def _latest_word_at(resident: Resident, scopes: list[str]) -> datetime | None:
    said = ConsentRecord.objects.filter(
        county_id=resident.county_id, resident=resident, scope__in=scopes
    )
    latest: datetime | None = said.aggregate(latest=Max("at"))["latest"]
    return latest


def _lock(resident: Resident) -> Resident:
    rows = Resident.objects.select_for_update().filter(county_id=resident.county_id)
    return rows.get(pk=resident.pk)


def _note(
    resident: Resident,
    scopes: list[str],
    *,
    given: bool,
    by: Officer | None,
    at: datetime,
    channel: str,
) -> None:
    records = _records(resident, scopes, given=given, by=by, at=at, channel=channel)
    ConsentRecord.objects.bulk_create(records)
    if scopes:
        action = "consent.given" if given else "consent.withdrawn"
        trail.record(by, action, resident, at=at, scopes=scopes, channel=str(channel))


def _records(
    resident: Resident,
    scopes: list[str],
    *,
    given: bool,
    by: Officer | None,
    at: datetime,
    channel: str,
) -> list[ConsentRecord]:
    return [
        ConsentRecord(
            county_id=resident.county_id,
            resident=resident,
            scope=scope,
            given=given,
            notice_version=notices.CURRENT,
            channel=channel,
            recorded_by=by,
            at=at,
        )
        for scope in scopes
    ]


def _keep(resident: Resident, consents: list[str]) -> None:
    Resident.objects.filter(county_id=resident.county_id, pk=resident.pk).update(consents=consents)
    audience_changes.people(resident.county_id, [resident.pk])
    resident.consents = consents
