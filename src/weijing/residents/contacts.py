"""Writing down whom WeCom says an officer has as contacts.

WeCom's word is the truth about the pair; this module only ever copies it. One person or a whole
page of a full reading go the same way: one statement per table, whatever the number.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from wecom_api.customers import ExternalContact, Follower
from weijing.core.ids import new_ids
from weijing.residents import introducing, linking, pairs, touching
from weijing.residents.models import Contact, Resident
from weijing.residents.pairs import PairRow
from weijing.residents.pairs import Seen as Seen  # callers know it from here


@dataclass
class Recorded:
    """What a reading changed. Ids of contacts."""

    new: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
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


@transaction.atomic
def record_contacts(county_id: int, seen: Sequence[Seen], *, at: datetime) -> Recorded:
    """Make our contacts equal to what was read.

    A WeChat account never seen before belongs to the resident on the roll whose phone the officer
    noted, if that is certain (`linking`), else to a new provisional resident. A pair that the
    resident has ended stays ended until WeCom shows a new beginning: WeCom goes on listing it.
    """
    latest = {(one.officer_id, one.external.external_userid): one for one in seen}
    if not latest:
        return Recorded()
    identities = introducing.identities(county_id, list(latest.values()))
    known = pairs.known(county_id, list(identities.ids.values()))
    recorded, still, changed = Recorded(), [], []
    begun_or_ended: set[int] = set()
    fresh_ids = new_ids(len(latest))  # at once: drawn one by one, two of thousands would collide
    for fresh_id, ((officer_id, external_userid), one) in zip(
        fresh_ids, latest.items(), strict=True
    ):
        identity_id = identities.ids[external_userid]
        before = known.get((officer_id, identity_id))
        row = PairRow.of(one, identity_id, before, fresh_id=fresh_id)
        if before is not None and row.equals(before):
            still.append(before["id"])
            continue
        (recorded.new if before is None else recorded.changed).append(row.id)
        changed.append(row)
        if before is None or row.state != before["state"]:
            begun_or_ended.add(identity_id)
    recorded.unchanged = len(still)
    pairs.write(county_id, changed, at=at)
    pairs.mark_seen(county_id, still, at=at)
    # Who was introduced just now has been looked for on the roll already.
    introduced = {identities.ids[userid] for userid in identities.introduced}
    doubtful = [row.id for row in changed if row.identity_id not in introduced]
    linked = linking.link(county_id, contact_ids=doubtful, at=at)
    touching.touch_identities(county_id, begun_or_ended)
    recorded.linked_residents = [*identities.found_on_roll, *linked]
    return recorded


@transaction.atomic
def record_half(county_id: int, officer_id: int, external: ExternalContact, *, at: datetime) -> int:
    """The resident has added the officer, who has not accepted yet. Returns the contact's id."""
    one = Seen(officer_id, external, Follower(userid="", createtime=int(at.timestamp())))
    identity_id = introducing.identities(county_id, [one]).ids[external.external_userid]
    contact, _ = Contact.objects.get_or_create(
        county_id=county_id,
        officer_id=officer_id,
        identity_id=identity_id,
        defaults={"state": Contact.State.HALF, "added_at": at, "seen_at": at},
    )
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
