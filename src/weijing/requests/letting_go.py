"""A resident wants to be forgotten: what they reported goes, what is under way ends first."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.requests.lost import ending
from weijing.requests.models import LostItem, MissingPerson, Sighting
from weijing.residents.models import Resident

State = LostItem.State
KEPT = "正在归还的失物、正在进行的寻人，办完再删"


@transaction.atomic
def let_go(resident: Resident, *, by: Officer | None, at: datetime) -> None:
    """Close their reports nobody has taken up, and take their name and phone out of the rest.

    A thing being given back and a search that is on keep whom to call until they are over.
    """
    of_county = {"county_id": resident.county_id}
    items = list(LostItem.objects.select_for_update().filter(**of_county, resident=resident))
    unheard = [
        one for one in items if one.state in (State.REPORTED, State.FOUND) and not one.held_at
    ]
    ending.withdraw(unheard, by=by, at=at)
    over = Q(state=State.CLOSED) | Q(pk__in=[one.pk for one in unheard])
    theirs = LostItem.objects.filter(**of_county, resident=resident)
    theirs.filter(over).update(**ending.NOTHING_LEFT, erased_at=at)
    handed_in = Q(side=LostItem.Side.FOUND, state=State.FOUND)  # the thing goes on waiting
    theirs.filter(handed_in).update(resident=None, reporter_sealed=None, phone_sealed=None)
    searches = MissingPerson.objects.filter(**of_county, family=resident, closed_at__isnull=False)
    searches.update(family=None, family_sealed=None, family_phone_sealed=None)
    Sighting.objects.filter(**of_county, resident=resident).update(resident=None, phone_sealed=None)
    trail.record(by, "requests.let_go", resident, at=at, closed=len(unheard))
