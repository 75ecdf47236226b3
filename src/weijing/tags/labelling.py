"""One tap of the officer: who the contact is, and which tags the person carries."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.labels import labelling
from weijing.residents.labels.labelling import Label
from weijing.residents.models import Contact, Resident
from weijing.tags import assigning, projecting
from weijing.tags.models import Tag, TagAssignment


@transaction.atomic
def label(
    contact: Contact,
    label: Label,
    tags: Collection[Tag],
    *,
    by: Officer,
    scope: Scope,
    at: datetime,
    same_as: Resident | None = None,
    is_shared_phone: bool = False,
    seen: str = "",
) -> Resident:
    """Record both, or neither; WeCom's remark and tags follow by themselves.

    Raises what `residents.labelling.label` and `assigning.assign` raise.
    """
    resident = labelling.label(
        contact,
        label,
        by=by,
        scope=scope,
        at=at,
        same_as=same_as,
        is_shared_phone=is_shared_phone,
        seen=seen,
    )
    assigning.assign(resident, tags, source=TagAssignment.Source.VISIT, by=by, at=at)
    # The person may have carried tags before; this pair has none of them yet.
    projecting.want(resident.county_id, [resident.pk], at=at)
    return resident
