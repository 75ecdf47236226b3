"""The remark that fits what a person's record says now."""

from django.db.models import Q, QuerySet

from weijing.residents.labels import remarks
from weijing.residents.models import Contact, Household, Resident
from weijing.territory.models import Division

MAX_HOUSE_CHARS = 4


def remark_of(contact: Contact) -> str:
    """What WeCom should show for this pair; "" as long as we do not know where they live."""
    resident = contact.identity.resident
    if resident.division is None:
        return ""
    return remark_for(
        division=resident.division,
        name=resident.name,
        role=resident.household_role,
        mark=mark_of(resident),
    )


def remark_for(*, division: Division, name: str, role: str, mark: str = "") -> str:
    """`role` is a value of `Resident.HouseholdRole`."""
    is_group = division.level == Division.Level.GROUP
    return remarks.remark(
        village=village_of(division).short_name,
        group=division.name if is_group else "",
        name=name,
        role=str(Resident.HouseholdRole(role).label) if role else "",
        mark=mark,
    )


def mark_of(resident: Resident) -> str:
    """Tells people of one name in one group apart: `85` for who was born in 1985, else the house
    number; "" for who is the only one, or when neither would help.
    """
    born, address = _birth_mark(resident), _house_mark(resident.household)
    others = list(namesakes(resident).select_related("household"))
    if not others:
        return ""
    if born and all(_birth_mark(other) != born for other in others):
        return born
    if address and all(_house_mark(other.household) != address for other in others):
        return address
    return ""


def namesakes(resident: Resident) -> QuerySet[Resident]:
    """Others on the roll with this name in this group."""
    return Resident.objects.filter(
        ~Q(pk=resident.pk),
        county_id=resident.county_id,
        division=resident.division,
        name=resident.name,
        lifecycle=Resident.Lifecycle.ROLL,
    )


def village_of(division: Division) -> Division:
    """The village of a group; any other division is its own."""
    is_group = division.level == Division.Level.GROUP and division.parent is not None
    return division.parent if is_group and division.parent else division


def _birth_mark(resident: Resident) -> str:
    return f"{resident.born_on.year % 100:02}" if resident.born_on else ""


def _house_mark(household: Household | None) -> str:
    """Only a plain number fits beside a name: `12号`."""
    address = household.address if household else ""
    return address if address.endswith("号") and len(address) <= MAX_HOUSE_CHARS else ""
