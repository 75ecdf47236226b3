"""Writing down what was read from WeCom, so that an older reading never undoes a younger one."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from weijing.residents import contacts, noticing, ordinals
from weijing.residents.contacts import Recorded, Seen
from weijing.residents.models import Contact
from weijing.tags import projecting


@transaction.atomic
def keep(county_id: int, seen: Sequence[Seen], *, read_at: datetime) -> Recorded:
    """Record these pairs, but for those that were read again since `read_at`.

    `read_at` is when we asked WeCom, not when the answer came. Writers of one county take turns:
    between looking at `seen_at` and writing nobody else writes.
    """
    ordinals.take(county_id, 0)
    # By officer alone: sending a thousand names costs more than looking at their contacts.
    younger = set(
        Contact.objects.filter(
            county_id=county_id,
            officer_id__in={one.officer_id for one in seen},
            seen_at__gt=read_at,
        ).values_list("officer_id", "identity__external_userid")
    )
    still = [one for one in seen if (one.officer_id, one.external.external_userid) not in younger]
    recorded = contacts.record_contacts(county_id, still, at=read_at)
    noticing.notice(county_id, recorded.touched, at=read_at)
    projecting.want_newly_linked(county_id, recorded.linked_residents, at=read_at)
    return recorded


def want_tags_of(county_id: int, contact_ids: Sequence[int], *, at: datetime) -> None:
    """What changed on these pairs may differ from the tags their people carry."""
    pairs = Contact.objects.filter(county_id=county_id, pk__in=contact_ids)
    residents = set(pairs.values_list("identity__resident_id", flat=True))
    projecting.want_newly_linked(county_id, residents, at=at)
