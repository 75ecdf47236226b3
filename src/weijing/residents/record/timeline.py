"""What happened around one person, newest first: contacts, doors, consents, changes, merges."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from weijing.residents.models import (
    ConsentRecord,
    Contact,
    DoorVisit,
    Resident,
    ResidentChange,
)

LATEST = 40
MERGES = (
    ResidentChange.Kind.MERGED, ResidentChange.Kind.SPLIT, ResidentChange.Kind.UNDONE,
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """`what` happened, in Chinese; `note` says more; `by` did it. `is_bad`: contact was lost."""

    at: datetime
    what: str
    note: str = ""
    by: str = ""
    is_bad: bool = False


def events(person: Resident, *, limit: int = LATEST) -> list[Event]:
    """The latest events that this part of the house knows of.

    The parts above add their own; `latest` brings them together. Four queries.
    """
    found = [
        *_contacts(person),
        *_visits(person, limit),
        *_consents(person, limit),
        *_changes(person, limit),
    ]
    return latest(found, limit=limit)


def latest(events: Iterable[Event], *, limit: int = LATEST) -> list[Event]:
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]


def _contacts(person: Resident) -> Iterable[Event]:
    mine = Q(identity__resident=person) | Q(identity__sharers__resident=person)
    pairs = Contact.objects.filter(mine, county_id=person.county_id).distinct()
    for pair in pairs.select_related("officer", "labelled_by"):
        yield Event(pair.added_at, f"和 {pair.officer.name} 成为微信好友")
        if pair.labelled_at:
            by = pair.labelled_by.name if pair.labelled_by else ""
            yield Event(pair.labelled_at, "标注了姓名和住址", by=by)
        if pair.ended_at:
            what = f"{pair.get_state_display()}，不再是 {pair.officer.name} 的好友"
            yield Event(pair.ended_at, what, is_bad=True)


def _visits(person: Resident, limit: int) -> Iterable[Event]:
    """Of the household, since nobody is named at its door."""
    if person.household_id is None:
        return
    visits = DoorVisit.objects.filter(county_id=person.county_id, household_id=person.household_id)
    for visit in visits.select_related("officer").order_by("-at")[:limit]:
        what = f"上门走访这一户：{visit.get_outcome_display()}"
        yield Event(visit.at, what, note=visit.note, by=visit.officer.name)


def _consents(person: Resident, limit: int) -> Iterable[Event]:
    records = ConsentRecord.objects.filter(county_id=person.county_id, resident=person)
    for record in records.select_related("recorded_by").order_by("-at", "-pk")[:limit]:
        act = "同意" if record.given else "撤回同意"
        by = record.recorded_by.name if record.recorded_by else "本人"
        yield Event(
            record.at,
            f"{act}：{scope_word(record.scope)}",
            note=record.get_channel_display(),
            by=by,
        )


def scope_word(scope: str) -> str:
    """What was agreed to; a sensitive group of tags goes by its code."""
    words = dict(ConsentRecord.Scope.choices)
    return words.get(scope) or f"{scope} 类标签"


def _changes(person: Resident, limit: int) -> Iterable[Event]:
    changes = ResidentChange.objects.filter(county_id=person.county_id, resident=person)
    for change in changes.select_related("by").order_by("-at", "-pk")[:limit]:
        by = change.by.name if change.by else change.get_source_display()
        note = "" if change.kind in MERGES else told(change.before, change.after)
        yield Event(change.at, change.get_kind_display(), note=note, by=by)


def told(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """`住址：1号 → 12号；与户主关系：户主 → 未填`; what stayed the same is left out."""
    lines = []
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was == now or (not was and not now):
            continue
        if was and now:
            lines.append(f"{name}：{was} → {now}")
        else:
            lines.append(f"{name}：{now}" if now else f"不再有{name}：{was}")
    return "；".join(lines)
