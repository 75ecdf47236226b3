"""Writing our remark, description and phone onto the pair in WeCom, after the page has answered.

A row of `RemarkWrite` with `due_at` says that a pair must be looked at. It is written with the
change itself; who works on it moves `due_at` ahead, so that a killed worker's pair comes again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from wecom_api import errors
from wecom_api.client import WeCom
from weijing.audit import trail
from weijing.core import jobs
from weijing.core.ids import new_id, new_ids
from weijing.core.logs import log
from weijing.residents import phones
from weijing.residents.labels import clues, composing
from weijing.residents.models import Contact, RemarkProposal, RemarkWrite

LEASE = timedelta(minutes=2)
CHUNK = 200
# Of what time may cure: WeCom away, a right that an administrator still has to give.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=6))


@transaction.atomic
def want(county_id: int, contact_ids: Collection[int], *, at: datetime) -> None:
    """Have these pairs looked at, also those given up before; a job follows the commit."""
    if not contact_ids:
        return
    ordered = sorted(contact_ids)
    ids = new_ids(len(ordered))
    values: dict[str, Any] = {"county": county_id, "ids": ids, "contacts": ordered, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_WANT, values)
    for contact_id in ordered[:CHUNK]:  # of more, the periodic job takes the rest
        jobs.enqueue("residents.push_remark", once=f"remark-{contact_id}", contact_id=contact_id)


def want_rewritten(county_id: int, resident_ids: Collection[int], *, at: datetime) -> None:
    """Name, phone, place or role of these people changed: so do the remarks of their contacts.

    Also of their namesakes in the group, whom the remark may now have to tell apart. Contacts that
    nobody has labelled keep what their officer wrote.
    """
    if not resident_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LABELLED, {"county": county_id, "residents": list(resident_ids)})
        contacts = [row[0] for row in cursor.fetchall()]
    want(county_id, contacts, at=at)


def push_due(county_id: int, *, wecom: WeCom, at: datetime, limit: int = CHUNK) -> int:
    """Look at pairs that wait, the longest waiting first. Returns how many were settled.

    Ends when WeCom is away; what waits then goes on waiting.
    """
    due = RemarkWrite.objects.filter(county_id=county_id, due_at__lte=at).order_by("due_at", "pk")
    settled = 0
    for contact_id in due.values_list("contact_id", flat=True)[:limit]:
        try:
            settled += push_remark(county_id, contact_id, wecom=wecom, at=at)
        except (errors.Unavailable, errors.Unanswered, errors.Misconfigured):
            break
    return settled


def push_remark(county_id: int, contact_id: int, *, wecom: WeCom, at: datetime) -> bool:
    """Make WeCom show what the person's record says now. Writing twice does no harm.

    True when the pair is settled: written, equal already, or ended. A refusal stays on the row,
    for the officer and the desk to read.

    Raises `errors.Unavailable`, `errors.Unanswered`, `errors.Misconfigured`, with the row due
    again later.
    """
    _open(county_id, contact_id, at=at)
    claimed = _claim(county_id, contact_id, at=at)
    if claimed is None:
        return False
    contact = _contact(county_id, contact_id)
    text = Text.of(contact, claimed)
    if not _is_ours(contact) or _is_being_asked(contact) or not text.remark:
        return _settle(claimed, None, contact, at=at)
    if text.stands_on(contact):
        return _settle(claimed, text, contact, at=at)
    try:
        wecom.customers.remark(
            contact.officer.wecom_userid,
            contact.identity.external_userid,
            remark=text.remark,
            description=contact.description,
            remark_mobiles=text.all_mobiles(contact) if text.phone else None,
        )
    except errors.Rejected as refusal:
        _refused(claimed, contact, refusal.errcode or 0, at=at)
        return False
    except errors.Misconfigured as refusal:
        _refused(claimed, contact, refusal.errcode or 0, at=at)
        _later(claimed, at=at)
        raise
    except (errors.Unavailable, errors.Unanswered):
        _later(claimed, at=at)
        raise
    return _settle(claimed, text, contact, at=at)


@dataclass(frozen=True)
class Text:
    """What a pair should show: our remark, and our phone first among those noted."""

    remark: str
    phone: str
    phone_before: Collection[UUID]  # ours of last time; another one replaces it

    @staticmethod
    def of(contact: Contact, claimed: RemarkWrite) -> "Text":
        phone = phones.normal(contact.identity.resident.phone)
        return Text(composing.remark_of(contact), phone, claimed.mobile_indexes)

    @property
    def mobile_indexes(self) -> list[UUID]:
        return phones.indexes([self.phone])

    def all_mobiles(self, contact: Contact) -> list[str]:
        """With the numbers that the officer noted beside ours: writing replaces them all."""
        noted = clues.mobiles_of(contact)
        if not self.phone:
            return noted
        ours = {*self.mobile_indexes, *self.phone_before}
        others = [one for one in noted if ours.isdisjoint(phones.indexes([one]))]
        return [self.phone, *others]

    def stands_on(self, contact: Contact) -> bool:
        """As we last read or wrote it."""
        noted = contact.remark_mobile_indexes
        return contact.remark == self.remark and set(self.mobile_indexes) <= set(noted)


def _is_ours(contact: Contact) -> bool:
    """Live, and labelled by somebody: other remarks are the officer's own words."""
    return contact.state == Contact.State.LINKED and contact.labelled_at is not None


def _is_being_asked(contact: Contact) -> bool:
    """An officer's correction must not be overwritten before a person has decided on it."""
    return RemarkProposal.objects.filter(
        county_id=contact.county_id, contact=contact, state=RemarkProposal.State.OPEN
    ).exists()


def _open(county_id: int, contact_id: int, *, at: datetime) -> None:
    """A row for who was named without one; one that waits or is worked on is left alone."""
    ids = [new_id()]
    values: dict[str, Any] = {"county": county_id, "ids": ids, "contacts": [contact_id], "at": at}
    with connection.cursor() as cursor:
        cursor.execute(f"{_WANT} WHERE residents_remarkwrite.due_at IS NULL", values)


def _claim(county_id: int, contact_id: int, *, at: datetime) -> RemarkWrite | None:
    """The row, ours for `LEASE`; None when nothing is due or somebody else is at it."""
    rows = RemarkWrite.objects.filter(county_id=county_id, contact_id=contact_id)
    if not rows.filter(due_at__lte=at).update(due_at=at + LEASE):
        return None
    return rows.get()


def _contact(county_id: int, contact_id: int) -> Contact:
    rows = Contact.objects.filter(county_id=county_id)
    people = rows.select_related(
        "officer", "identity__resident__division__parent", "identity__resident__household"
    )
    return people.get(pk=contact_id)


@transaction.atomic
def _settle(claimed: RemarkWrite, text: Text | None, contact: Contact, *, at: datetime) -> bool:
    """Nothing is due any more, unless it was wished again while we were calling."""
    _still_ours(claimed).update(due_at=None, attempts=0)
    mine = RemarkWrite.objects.filter(county_id=claimed.county_id, pk=claimed.pk)
    if text is None:
        mine.update(refused_code=None, refused_at=None)
        return True
    mine.update(
        remark=text.remark,
        mobile_indexes=text.mobile_indexes,
        remark_before=contact.remark if contact.remark != text.remark else claimed.remark_before,
        written_at=at,
        refused_code=None,
        refused_at=None,
    )
    contact.remark = text.remark
    fields = ["remark"]
    if text.phone:
        mobiles = text.all_mobiles(contact)
        contact.remark_mobiles_text = dumps(mobiles)
        contact.remark_mobile_indexes = phones.indexes(mobiles)
        fields += ["remark_mobiles_sealed", "remark_mobile_indexes"]
    contact.save(update_fields=fields)
    return True


@transaction.atomic
def _refused(claimed: RemarkWrite, contact: Contact, code: int, *, at: datetime) -> None:
    log.warning("residents.remark_refused", errcode=code, contact_id=contact.pk)
    trail.record(None, "contact.remark_refused", contact, at=at, errcode=code)
    _still_ours(claimed).update(due_at=None)
    mine = RemarkWrite.objects.filter(county_id=claimed.county_id, pk=claimed.pk)
    mine.update(refused_code=code, refused_at=at)


def _later(claimed: RemarkWrite, *, at: datetime) -> None:
    pause = PAUSES[min(claimed.attempts, len(PAUSES) - 1)]
    mine = RemarkWrite.objects.filter(county_id=claimed.county_id, pk=claimed.pk)
    mine.update(due_at=at + pause, attempts=F("attempts") + 1)


def _still_ours(claimed: RemarkWrite) -> QuerySet[RemarkWrite]:
    rows = RemarkWrite.objects.filter(county_id=claimed.county_id, pk=claimed.pk)
    return rows.filter(due_at=claimed.due_at)


_WANT = """
INSERT INTO residents_remarkwrite (county_id, id, contact_id, due_at, attempts, remark,
    mobile_indexes, remark_before)
SELECT %(county)s, pair.id, pair.contact_id, %(at)s, 0, '', '{}', ''
FROM unnest(%(ids)s::bigint[], %(contacts)s::bigint[]) AS pair (id, contact_id)
ORDER BY pair.contact_id
ON CONFLICT (county_id, contact_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0
"""

# A labelled contact of the person, or of another of that name in that group.
_LABELLED = """
SELECT contact.id
FROM residents_resident changed
CROSS JOIN LATERAL (
    SELECT changed.id
    UNION
    SELECT namesake.id FROM residents_resident namesake
    WHERE namesake.county_id = changed.county_id AND namesake.division_id = changed.division_id
        AND namesake.name = changed.name AND namesake.lifecycle = 'roll'
) person
JOIN residents_wechatidentity identity
    ON identity.county_id = changed.county_id AND identity.resident_id = person.id
JOIN residents_contact contact
    ON contact.county_id = identity.county_id AND contact.identity_id = identity.id
WHERE changed.county_id = %(county)s AND changed.id = ANY(%(residents)s)
    AND contact.state = 'linked' AND contact.labelled_at IS NOT NULL
GROUP BY contact.id
"""
