"""Writing down whom WeCom says an officer has as contacts.

WeCom's word is the truth about the pair; this module only ever copies it. One person or a whole
page of a full reading go the same way: one statement per table, whatever the number.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from wecom_api.customers import ExternalContact, Follower
from weijing.residents import ordinals
from weijing.residents.figures import touching
from weijing.residents.mirror import comparing, fresh_rows, introducing, linking, pairs
from weijing.residents.mirror.pairs import Seen as Seen  # callers know it from here
from weijing.residents.models import Contact, Resident


@dataclass
class Recorded:
    """What a reading changed. Ids of contacts."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    begun_again: list[int] = field(default_factory=list)  # of the changed
    unchanged: int = 0
    linked_residents: list[int] = field(default_factory=list)  # their tags may want projecting

    @property
    def touched(self) -> list[int]:
        return [*self.new, *self.changed]


def record_contact(
    county_id: int, officer_id: int, external: ExternalContact, follow: Follower, *, at: datetime
) -> Recorded:
    """One pair, as a callback's refresh reads it. See `record_contacts`."""
    return record_contacts(county_id, [Seen(officer_id, external, follow)], at=at)


@transaction.atomic(savepoint=False)
def record_contacts(county_id: int, seen: Sequence[Seen], *, at: datetime) -> Recorded:
    """Make our contacts equal to what was asked for at `at`; pairs that were read since stay.

    A WeChat account never seen before belongs to the resident on the roll whose phone the officer
    noted, if that is certain (`linking`), else to a new provisional resident. A pair that the
    resident has ended stays ended until WeCom shows a new beginning: WeCom goes on listing it.

    Those who write contacts of one county take turns at its ordinal counter: two readings that
    meet the same stranger must not both introduce them, nor write one pair twice.
    """
    latest = list({(one.officer_id, one.account): one for one in seen}.values())
    if not latest:
        return Recorded()
    ordinals.take(county_id, 0)
    first = comparing.compare(county_id, latest, at=at)
    pairs.mark_seen(county_id, first.still, at=at)
    # What is about to change is compared again, now that its account is locked.
    known = introducing.recognise(county_id, first.different)
    second = comparing.compare(county_id, first.different, at=at)
    pairs.mark_seen(county_id, second.still, at=at)
    strangers = [*first.strangers, *second.strangers]
    introduced = introducing.introduce(county_id, strangers)
    recorded = Recorded(
        new=_begin(county_id, [*strangers, *second.begun], {**known, **introduced.ids}, at=at),
        changed=pairs.rewrite(county_id, second.changed, at=at),
        begun_again=second.begun_again,
        unchanged=len(first.still) + len(second.still),
    )
    # Who was introduced just now has been looked for on the roll already.
    doubtful = [*recorded.new[len(strangers) :], *recorded.changed]
    linked = linking.link(county_id, contact_ids=doubtful, at=at)
    touching.touch_identities(county_id, {known[one.account] for one in second.begun_or_ended})
    touching.touch_residents(county_id, introduced.found_on_roll)
    recorded.linked_residents = [*introduced.found_on_roll, *linked]
    return recorded


def _begin(
    county_id: int, seen: Sequence[Seen], identity_ids: Mapping[str, int], *, at: datetime
) -> list[int]:
    """Pairs that were not there. Returns the ids of the contacts, in their order."""
    rows = fresh_rows.prepared(county_id, seen)
    fresh_rows.insert_contacts(
        ((row, identity_ids[one.account]) for row, one in zip(rows, seen, strict=True)), at=at
    )
    return [row.contact_id for row in rows]


@transaction.atomic
def record_half(county_id: int, officer_id: int, external: ExternalContact, *, at: datetime) -> int:
    """The resident has added the officer, who has not accepted yet. Returns the contact's id."""
    one = Seen(officer_id, external, Follower(userid="", createtime=int(at.timestamp())))
    ordinals.take(county_id, 0)
    known = introducing.recognise(county_id, [one])
    identity_id = (known or introducing.introduce(county_id, [one]).ids)[one.account]
    contact, _ = Contact.objects.get_or_create(
        county_id=county_id,
        officer_id=officer_id,
        identity_id=identity_id,
        defaults={"state": Contact.State.HALF, "added_at": at, "seen_at": at},
    )
    touching.touch_identities(county_id, [identity_id])
    return contact.pk


def end_contact(
    county_id: int, officer_id: int, external_userid: str, *, by_resident: bool, at: datetime
) -> Contact | None:
    """The resident or the officer has deleted the other. None when we never knew the pair."""
    pair = Contact.objects.filter(
        county_id=county_id, officer_id=officer_id, identity__external_userid=external_userid
    )
    contact = pair.first()
    if contact is not None:
        _end(county_id, pair, by_resident=by_resident, at=at)
        contact.refresh_from_db()
    return contact


def end_unseen(
    county_id: int, officer_ids: Collection[int], *, read_from: datetime, at: datetime
) -> int:
    """End the live pairs that a complete reading of these officers, begun at `read_from`, missed.

    WeCom forgets a pair when the officer deletes it, so that is what happened. Returns how many.
    """
    missed = live(county_id).filter(officer_id__in=officer_ids, seen_at__lt=read_from)
    return _end(county_id, missed, by_resident=False, at=at)


def live(county_id: int) -> QuerySet[Contact]:
    """The pairs in which a message would arrive."""
    return Contact.objects.filter(county_id=county_id, state=Contact.State.LINKED)


def waiting_to_be_labelled(county_id: int, officer_id: int) -> QuerySet[Contact]:
    """The officer's queue: live contacts nobody has labelled, of people not on the roll."""
    return (
        live(county_id)
        .filter(
            officer_id=officer_id,
            labelled_at=None,
            identity__resident__lifecycle=Resident.Lifecycle.PROVISIONAL,
        )
        .select_related("identity__resident")
        .order_by("added_at")
    )


@transaction.atomic
def _end(county_id: int, pairs: QuerySet[Contact], *, by_resident: bool, at: datetime) -> int:
    state = Contact.State.REMOVED_BY_RESIDENT if by_resident else Contact.State.REMOVED_BY_OFFICER
    ending = dict(pairs.filter(ended_at=None).values_list("pk", "identity_id"))
    still_open = Contact.objects.filter(county_id=county_id, pk__in=ending, ended_at=None)
    ended = still_open.update(state=state, ended_at=at)
    touching.touch_identities(county_id, set(ending.values()))
    return ended
