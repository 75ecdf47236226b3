"""What a reading of WeCom shows beside what we wrote there: an echo, a loss, or a correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from weijing.audit import trail
from weijing.residents.labels import pushing
from weijing.residents.mirror.pairs import as_list
from weijing.residents.models import Contact, RemarkProposal

SOON = timedelta(days=2)  # within it every pair is read at least once (`sync.contacts_full`)


@dataclass(frozen=True)
class Difference:
    """A pair that shows something else than WeCom took from us last."""

    contact_id: int
    remark: str
    mobile_indexes: list[UUID]
    written: str
    written_mobiles: list[UUID]
    before: str
    written_at: datetime

    def is_lost(self, *, at: datetime) -> bool:
        """Nothing stands there (nobody corrects a remark into a blank, and a pair that began anew
        has none), or what stood before we wrote, soon after. Later that is an officer's wish.
        """
        phones_are_ours = set(self.mobile_indexes) <= set(self.written_mobiles)
        is_old = self.remark == self.before and at - self.written_at < SOON
        return phones_are_ours and (self.remark in ("", self.written) or is_old)


def notice(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    """Compare pairs just read with what we wrote: a loss is written again, anything else is an
    officer's correction and becomes a proposal.

    A reading that was asked for before we wrote could not show our text yet, and says nothing.
    """
    if not contact_ids:
        return
    _close(county_id, _equal(county_id, contact_ids), at=at)
    found = _differences(county_id, contact_ids)
    lost = [one.contact_id for one in found if one.is_lost(at=at)]
    if lost:
        pushing.want(county_id, lost, at=at)
        _close(county_id, lost, at=at)
    for one in found:
        if one.contact_id not in lost:
            _propose(county_id, one, at=at)


@transaction.atomic
def notice_all(county_id: int, *, at: datetime) -> int:
    """The same for every pair of the county that differs, in case a reading came at a bad moment.

    Returns how many differed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALL_DIFFERING, {"county": county_id})
        contact_ids = [row[0] for row in cursor.fetchall()]
    notice(county_id, contact_ids, at=at)
    return len(contact_ids)


def _differences(county_id: int, contact_ids: Sequence[int]) -> list[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING, {"county": county_id, "contacts": as_list(contact_ids)})
        return [Difference(*row) for row in cursor.fetchall()]


def _equal(county_id: int, contact_ids: Sequence[int]) -> list[int]:
    """The officer has put back in WeCom what we had written."""
    with connection.cursor() as cursor:
        cursor.execute(_EQUAL, {"county": county_id, "contacts": as_list(contact_ids)})
        return [row[0] for row in cursor.fetchall()]


def _propose(county_id: int, one: Difference, *, at: datetime) -> None:
    """One open proposal for a contact: the latest correction is the one that counts."""
    contact = Contact.objects.get(county_id=county_id, pk=one.contact_id)
    mobiles = contact.remark_mobiles_text
    proposal = _open(county_id, [contact.pk]).first()
    if proposal is None:
        proposal = RemarkProposal(county_id=county_id, contact=contact)
    elif proposal.remark == one.remark and proposal.mobiles_text == mobiles:
        return
    proposal.remark, proposal.mobiles_text, proposal.seen_at = one.remark, mobiles, at
    is_new = proposal._state.adding
    proposal.save()
    if is_new:
        trail.record(None, "remark.proposed", contact, at=at)


def _close(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    if contact_ids:
        _open(county_id, contact_ids).update(state=RemarkProposal.State.DISMISSED, decided_at=at)


def _open(county_id: int, contact_ids: Sequence[int]) -> QuerySet[RemarkProposal]:
    return RemarkProposal.objects.filter(
        county_id=county_id, contact_id__in=contact_ids, state=RemarkProposal.State.OPEN
    )


# The officer may note more phones beside ours: only where ours is missing do they differ.
_PHONES_DIFFER = """(CASE WHEN written.mobile_indexes = '{}'
    THEN contact.remark_mobile_indexes <> '{}'
    ELSE NOT contact.remark_mobile_indexes @> written.mobile_indexes END)"""

_WRITTEN_PAIRS = f"""
FROM residents_remarkwrite written
JOIN residents_contact contact
    ON contact.county_id = written.county_id AND contact.id = written.contact_id
WHERE written.county_id = %(county)s AND written.written_at < contact.seen_at
    AND written.due_at IS NULL AND contact.state = 'linked'
    AND (contact.remark <> written.remark OR {_PHONES_DIFFER})
"""

_DIFFERING = f"""
SELECT contact.id, contact.remark, contact.remark_mobile_indexes, written.remark,
    written.mobile_indexes, written.remark_before, written.written_at
{_WRITTEN_PAIRS} AND written.contact_id = ANY(%(contacts)s::bigint[]) ORDER BY contact.id
"""

_ALL_DIFFERING = f"SELECT contact.id {_WRITTEN_PAIRS} ORDER BY contact.id"

_EQUAL = f"""
SELECT proposal.contact_id
FROM residents_remarkproposal proposal
JOIN residents_remarkwrite written ON written.county_id = proposal.county_id
    AND written.contact_id = proposal.contact_id
JOIN residents_contact contact
    ON contact.county_id = proposal.county_id AND contact.id = proposal.contact_id
WHERE proposal.county_id = %(county)s AND proposal.contact_id = ANY(%(contacts)s::bigint[])
    AND proposal.state = 'open' AND contact.remark = written.remark
    AND NOT {_PHONES_DIFFER}
"""  # noqa: S608
