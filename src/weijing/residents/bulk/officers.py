"""Many people get the officer who answers for them."""

from collections import defaultdict
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.residents import audience_changes
from weijing.residents.bulk.kinds import KINDS, Line, Outcome
from weijing.residents.bulk.pieces import ELSEWHERE, changeable
from weijing.residents.models import (
    BulkWork,
    Contact,
    IdentitySharer,
    Resident,
    ResidentChange,
    WechatIdentity,
)

ASSIGN = "residents.assign"
NO_FRIEND = "不是这位民辅警的好友"
NO_LONGER_FRIEND = "不再是原来那位民辅警的好友"
ALREADY = "原来就是"
NOT_ON_ROLL = "不在册"
CHANGED_SINCE = "后来有人改过，没有动"
BEAT = "本网格民辅警"


class Assign:
    """`parameters["officer"]`: an id, or None for whoever the beat's officer is."""

    def do(self, work: BulkWork, people: list[Resident], *, at: datetime) -> Outcome:
        officer_id, outcome = work.parameters["officer"], Outcome()
        friends = _friends(work.county_id, officer_id, people) if officer_id else set()
        for person in people:
            if person.lifecycle != Resident.Lifecycle.ROLL:
                outcome.refused[NOT_ON_ROLL] += 1
            elif person.primary_officer_id == officer_id:
                outcome.refused[ALREADY] += 1
            elif officer_id and person.pk not in friends:
                outcome.refused[NO_FRIEND] += 1
            else:
                outcome.changed.append([person.pk, person.primary_officer_id])
        _write(work, [(pk, before, officer_id) for pk, before in outcome.changed], work.by, at)
        return outcome

    def undo(
        self,
        work: BulkWork,
        lines: list[Line],
        people: list[Resident],
        *,
        since: datetime,
        by: Officer,
        at: datetime,
    ) -> Outcome:
        officer_id, outcome = work.parameters["officer"], Outcome()
        before = {line[0]: line[1] for line in lines}
        touched = _touched(work.county_id, list(before), since)
        friends = _friends_of_each(work.county_id, before, people)
        for person in people:
            if person.primary_officer_id != officer_id or person.pk in touched:
                outcome.refused[CHANGED_SINCE] += 1
            elif person.lifecycle != Resident.Lifecycle.ROLL:
                outcome.refused[NOT_ON_ROLL] += 1
            elif before[person.pk] and person.pk not in friends:
                outcome.refused[NO_LONGER_FRIEND] += 1
            else:
                outcome.changed.append([person.pk, officer_id])
        _write(work, [(pk, now, before[pk]) for pk, now in outcome.changed], by, at)
        return outcome


KINDS[ASSIGN] = Assign()


def foresee(
    officer_id: int | None, people: QuerySet[Resident], *, scope: Scope
) -> tuple[int, dict[str, int]]:
    """How many would change, and those left alone by the reason. The rows decide again."""
    own = changeable(people, scope)
    on_roll = own.filter(lifecycle=Resident.Lifecycle.ROLL)
    total, inside, here = people.count(), own.count(), on_roll.count()
    if officer_id is None:
        other = on_roll.filter(primary_officer__isnull=False)
        known = other
    else:
        other = on_roll.filter(~Q(primary_officer=officer_id) | Q(primary_officer=None))
        known = other.filter(_knows(officer_id))
    others, changed = other.count(), known.count()
    left = {
        ELSEWHERE: total - inside, NOT_ON_ROLL: inside - here, ALREADY: here - others,
        NO_FRIEND: others - changed,
    }  # fmt: skip
    return changed, {reason: count for reason, count in left.items() if count}


def _knows(officer_id: int) -> Q:
    pairs = Contact.objects.filter(
        county_id=OuterRef("county_id"), officer_id=officer_id, state=Contact.State.LINKED
    )
    shared = Q(identity__sharers__resident=OuterRef("pk"))
    return Q(Exists(pairs.filter(Q(identity__resident=OuterRef("pk")) | shared)))


Change = tuple[int, int | None, int | None]  # person, officer before, officer now


def _friends(county_id: int, officer_id: int, people: list[Resident]) -> set[int]:
    """Those whose live contact the officer is, also through a shared account."""
    ids = [person.pk for person in people]
    theirs = {
        "contacts__officer_id": officer_id, "contacts__officer__is_active": True,
        "contacts__state": Contact.State.LINKED,
    }  # fmt: skip
    own = WechatIdentity.objects.filter(county_id=county_id, resident_id__in=ids, **theirs)
    shared = IdentitySharer.objects.filter(
        county_id=county_id,
        resident_id__in=ids,
        **{f"identity__{name}": value for name, value in theirs.items()},
    )
    return {
        *own.values_list("resident_id", flat=True),
        *shared.values_list("resident_id", flat=True),
    }


def _friends_of_each(
    county_id: int, before: dict[int, int | None], people: list[Resident]
) -> set[int]:
    """Those who still know the officer they had before."""
    by_officer: dict[int, list[Resident]] = defaultdict(list)
    for person in people:
        if officer_id := before[person.pk]:
            by_officer[officer_id].append(person)
    known = [_friends(county_id, officer_id, some) for officer_id, some in by_officer.items()]
    return set().union(*known)


def _touched(county_id: int, ids: list[int], since: datetime) -> set[int]:
    """Those who moved or for whom somebody chose an officer after that moment, be it the same."""
    kinds = (ResidentChange.Kind.OFFICER, ResidentChange.Kind.HOUSEHOLD)
    changes = ResidentChange.objects.filter(
        county_id=county_id, resident_id__in=ids, kind__in=kinds, at__gt=since
    )
    return set(changes.values_list("resident_id", flat=True))


def _write(work: BulkWork, changes: list[Change], by: Officer, at: datetime) -> None:
    if not changes:
        return
    by_officer: dict[int | None, list[int]] = defaultdict(list)
    for person_id, _before, now in changes:
        by_officer[now].append(person_id)
    people = Resident.objects.filter(county_id=work.county_id)
    for officer_id, ids in by_officer.items():
        people.filter(pk__in=ids).update(primary_officer=officer_id)
    audience_changes.people(work.county_id, [person_id for person_id, *_ in changes])
    _note(work, changes, by, at)
    trail.record(by, "resident.officer_chosen_in_bulk", work, at=at, count=len(changes))


def _note(work: BulkWork, changes: list[Change], by: Officer, at: datetime) -> None:
    ids = {officer_id for _, *pair in changes for officer_id in pair if officer_id}
    officers = Officer.objects.filter(county_id=work.county_id, pk__in=ids)
    names: dict[int | None, str] = dict(officers.values_list("pk", "name"))

    def named(officer_id: int | None) -> dict[str, str]:
        return {"责任民辅警": names.get(officer_id, BEAT)}

    ResidentChange.objects.bulk_create(
        ResidentChange(
            county_id=work.county_id, resident_id=person_id, at=at, by=by,
            kind=ResidentChange.Kind.OFFICER, before=named(before), after=named(now),
        )
        for person_id, before, now in changes
    )  # fmt: skip
