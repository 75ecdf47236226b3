"""Writing down what was read from WeCom, so that an older reading never undoes a younger one."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from weijing.residents.labels import noticing
from weijing.residents.mirror import contacts
from weijing.residents.mirror.contacts import Recorded, Seen
from weijing.residents.models import Contact
from weijing.tags import by_way, projecting


@transaction.atomic(savepoint=False)
def keep(county_id: int, seen: Sequence[Seen], *, read_at: datetime) -> Recorded:
    """Record these pairs, but for those that were read again since `read_at`.

    `read_at` is when we asked WeCom, not when the answer came.
    """
    recorded = contacts.record_contacts(county_id, seen, at=read_at)
    noticing.notice(county_id, recorded.changed, at=read_at)  # we have written to none of the new
    projecting.want_newly_linked(county_id, recorded.linked_residents, at=read_at)
    by_way.tag_newcomers(county_id, [*recorded.new, *recorded.begun_again], at=read_at)
    return recorded


def want_tags_of(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    """What changed on these pairs may differ from the tags their people carry."""
    pairs = Contact.objects.filter(county_id=county_id, pk__in=contact_ids)
    residents = set(pairs.values_list("identity__resident_id", flat=True))
    projecting.want_newly_linked(county_id, residents, at=at)
