"""Many people get a tag, or lose it; taken back without touching what came later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.audit import trail
from weijing.core import clock
from weijing.core.ids import new_ids
from weijing.residents import audience_changes
from weijing.residents.bulk.kinds import KINDS, Line, Outcome
from weijing.residents.bulk.pieces import ELSEWHERE, changeable
from weijing.residents.models import BulkWork, Resident
from weijing.tags import assigning, ended_since, projecting
from weijing.tags.models import Tag, TagAssignment

ADD, REMOVE = "tags.add", "tags.remove"
ALREADY = "原来就有这个标签"
HAD_NOT = "原来就没有这个标签"
DECEASED = "已故"
CHANGED_SINCE = "后来有人改过，没有动"
ERASED = "本人后来要求删除资料"
EXPIRED_SINCE = "标签这期间已到期"
ENDED_SINCE = "标签已停用"


class Add:
    """`parameters`: tag, source, basis. Who carries the tag already keeps their own reason."""

    def do(self, work: BulkWork, people: list[Resident], *, at: datetime) -> Outcome:
        tag, outcome = _tag(work), Outcome()
        if not assigning.hold(work.county_id, [tag.pk]):
            outcome.refused[ENDED_SINCE] += len(people)
            return outcome
        alive = [one for one in people if not _is_dead(one)]
        willing = [one.pk for one in alive if _agrees(one, tag)]
        outcome.refused[DECEASED] += len(people) - len(alive)
        outcome.refused[without_consent(tag)] += len(alive) - len(willing)
        outcome.changed = list(map(list, _put_on(work, tag, willing, on=clock.local_day(at))))
        outcome.refused[ALREADY] += len(willing) - len(outcome.changed)
        _follow(work, "tag.assigned_in_bulk", outcome, work.by, at)
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
        outcome, here = Outcome(), {person.pk for person in people}
        # Whoever confirmed the tag since has written another moment or another name.
        own = TagAssignment.objects.filter(
            county_id=work.county_id, tag=work.parameters["tag"],
            pk__in=[line[1] for line in lines if line[0] in here],
            confirmed_at=work.at, set_by=work.by,
        )  # fmt: skip
        ids = dict(own.values_list("resident_id", "pk"))
        outcome.changed = [line[:1] for line in lines if ids.get(line[0]) == line[1]]
        own.filter(resident_id__in=[line[0] for line in outcome.changed]).delete()
        outcome.refused[CHANGED_SINCE] += len(people) - len(outcome.changed)
        _follow(work, "tag.removed_in_bulk", outcome, by, at)
        return outcome


class Remove:
    """`parameters`: tag. A line keeps the whole row that went."""

    def do(self, work: BulkWork, people: list[Resident], *, at: datetime) -> Outcome:
        outcome = Outcome()
        with connection.cursor() as cursor:
            cursor.execute(
                _TAKE_OFF, [work.county_id, work.parameters["tag"], [one.pk for one in people]]
            )
            outcome.changed = [[*row[:4], *map(str, row[4:])] for row in cursor.fetchall()]
        outcome.refused[HAD_NOT] += len(people) - len(outcome.changed)
        _follow(work, "tag.removed_in_bulk", outcome, work.by, at)
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
        tag, outcome, today = _tag(work), Outcome(), clock.local_day(at)
        if not assigning.hold(work.county_id, [tag.pk]):
            outcome.refused[ENDED_SINCE] += len(people)
            return outcome
        by_id = {person.pk: person for person in people}
        lines = [line for line in lines if line[0] in by_id]
        ids = [line[0] for line in lines]
        asked, taken = ended_since.erased(work, ids), ended_since.taken_off(work, tag, ids)
        kept = [line for line in lines if line[0] not in asked]
        alive = [line for line in kept if not _is_dead(by_id[line[0]])]
        willing = [line for line in alive if _agrees(by_id[line[0]], tag)]
        lasting = [line for line in willing if date.fromisoformat(line[5]) >= today]
        outcome.refused[ERASED] += len(lines) - len(kept)
        outcome.refused[DECEASED] += len(kept) - len(alive)
        outcome.refused[without_consent(tag)] += len(alive) - len(willing)
        outcome.refused[EXPIRED_SINCE] += len(willing) - len(lasting)
        outcome.changed = _put_back(work, tag, [line for line in lasting if line[0] not in taken])
        outcome.refused[CHANGED_SINCE] += len(lasting) - len(outcome.changed)
        _follow(work, "tag.assigned_in_bulk", outcome, by, at)
        return outcome


KINDS[ADD], KINDS[REMOVE] = Add(), Remove()


@dataclass(frozen=True)
class Foreseen:
    """What would become of the people chosen; `left` counts those left alone, by the reason."""

    changed: int
    left: dict[str, int] = field(default_factory=dict)


def foresee(kind: str, tag: Tag, people: QuerySet[Resident], *, scope: Scope, on: date) -> Foreseen:
    """Before it is ordered. The rows decide again when it is done."""
    own = changeable(people, scope)
    total, inside = people.count(), own.count()
    held = TagAssignment.objects.filter(county_id=tag.county_id, tag=tag, resident=OuterRef("pk"))
    if kind == REMOVE:
        have = own.filter(Exists(held)).count()
        return Foreseen(have, _counted({ELSEWHERE: total - inside, HAD_NOT: inside - have}))
    alive = own.filter(~Q(lifecycle=Resident.Lifecycle.DECEASED))
    willing = alive
    if assigning.needs_consent(tag):
        willing = alive.filter(consents__contains=[tag.group.code])
    here, ready = alive.count(), willing.count()
    new = willing.filter(~Exists(held.filter(expires_on__gte=on))).count()
    left = {
        ELSEWHERE: total - inside, DECEASED: inside - here, without_consent(tag): here - ready,
        ALREADY: ready - new,
    }  # fmt: skip
    return Foreseen(new, _counted(left))


def _counted(left: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in left.items() if count}


def without_consent(tag: Tag) -> str:
    return f"没有单独同意「{tag.group.name}」"


def _is_dead(person: Resident) -> bool:
    return person.lifecycle == Resident.Lifecycle.DECEASED


def _agrees(person: Resident, tag: Tag) -> bool:
    return not assigning.needs_consent(tag) or tag.group.code in person.consents


def _tag(work: BulkWork) -> Tag:
    tags = Tag.objects.filter(county_id=work.county_id).select_related("group")
    return tags.get(pk=work.parameters["tag"])


def _put_on(work: BulkWork, tag: Tag, ids: list[int], *, on: date) -> list[tuple[int, int]]:
    """(person, assignment) of those who got the tag now."""
    values: dict[str, Any] = {
        "county": work.county_id, "tag": tag.pk, "people": ids, "ids": new_ids(len(ids)),
        "source": work.parameters["source"], "basis": work.parameters["basis"],
        "by": work.by_id, "at": work.at, "expires": assigning.expiry(tag, work.at), "today": on,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PUT_ON, values)
        return [(person_id, id) for person_id, id in cursor.fetchall()]


_PUT_ON = """
INSERT INTO tags_tagassignment AS held (county_id, id, resident_id, tag_id, source, basis,
    set_by_id, confirmed_at, expires_on)
SELECT %(county)s, pair.id, pair.person_id, %(tag)s, %(source)s, %(basis)s, %(by)s, %(at)s,
    %(expires)s
FROM unnest(%(ids)s::bigint[], %(people)s::bigint[]) AS pair (id, person_id)
ON CONFLICT (county_id, tag_id, resident_id) DO UPDATE SET
    source = excluded.source, basis = excluded.basis, set_by_id = excluded.set_by_id,
    confirmed_at = excluded.confirmed_at, expires_on = excluded.expires_on
    -- One that ran out and has not been swept yet is as good as none.
    WHERE held.expires_on < %(today)s
RETURNING held.resident_id, held.id
"""

_TAKE_OFF = """
DELETE FROM tags_tagassignment
WHERE county_id = %s AND tag_id = %s AND resident_id = ANY(%s)
RETURNING resident_id, source, basis, set_by_id, confirmed_at, expires_on
"""


def _put_back(work: BulkWork, tag: Tag, lines: Sequence[Line]) -> list[Line]:
    """The rows as they were; whoever has the tag again keeps the new one."""
    carriers = TagAssignment.objects.filter(
        county_id=work.county_id, tag=tag, resident_id__in=[line[0] for line in lines]
    )
    has = set(carriers.values_list("resident_id", flat=True))
    missing = [line for line in lines if line[0] not in has]
    TagAssignment.objects.bulk_create(
        TagAssignment(
            county_id=work.county_id, tag=tag, resident_id=line[0], source=line[1], basis=line[2],
            set_by_id=line[3], confirmed_at=datetime.fromisoformat(line[4]),
            expires_on=date.fromisoformat(line[5]),
        )
        for line in missing
    )  # fmt: skip
    return [line[:1] for line in missing]


def _follow(work: BulkWork, action: str, outcome: Outcome, by: Officer, at: datetime) -> None:
    """The trail, and WeCom's own tags of those who are linked."""
    ids = [line[0] for line in outcome.changed]
    if ids:
        audience_changes.tags(work.county_id, {work.parameters["tag"]: ids})
        trail.record(by, action, work, at=at, count=len(ids), tag=work.parameters["tag"])
        projecting.want(work.county_id, ids, at=at)
