"""A resident wants to be forgotten: what they reported goes, what is under way ends first."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.requests.lost import ending
from weijing.requests.missing import finding
from weijing.requests.models import LostItem, MissingPerson, Sighting
from weijing.residents.models import Resident

State = LostItem.State
KEPT = "正在归还的失物、正在进行的寻人，办完再删"


@transaction.atomic
def let_go(resident: Resident, *, by: Officer | None, at: datetime) -> None:
    """Close their reports nobody has taken up, and take their name and phone out of the rest.

    A thing being given back to them and a search that is on keep whom to call until they are
    over, and are marked: whatever closes them erases it then.
    """
    of_county = {"county_id": resident.county_id}
    items = list(LostItem.objects.select_for_update().filter(**of_county, resident=resident))
    unheard = [
        one for one in items if one.state in (State.REPORTED, State.FOUND) and not one.held_at
    ]
    ending.withdraw(unheard, by=by, at=at)
    over = Q(state=State.CLOSED) | Q(pk__in=[one.pk for one in unheard])
    theirs = LostItem.objects.filter(**of_county, resident=resident)
    ending.erase(resident.county_id, list(theirs.filter(over).values_list("pk", flat=True)), at=at)
    # What they handed in goes on its way without them.
    handed_in = theirs.filter(side=LostItem.Side.FOUND)
    handed_in.update(resident=None, reporter_sealed=None, phone_sealed=None)
    theirs.filter(closed_at=None).update(let_go_at=at)
    _let_go_of_searches(resident, at=at)
    Sighting.objects.filter(**of_county, resident=resident).update(resident=None, phone_sealed=None)
    trail.record(by, "requests.let_go", resident, at=at, closed=len(unheard))


def _let_go_of_searches(family: Resident, *, at: datetime) -> None:
    asked = MissingPerson.objects.filter(county_id=family.county_id, family=family)
    searches = list(asked.select_for_update(of=("self",)))
    finding.forget_family(family.county_id, [one.pk for one in searches if one.closed_at])
    asked.filter(closed_at=None).update(let_go_at=at)
