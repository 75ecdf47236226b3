"""How a person can be reached at all, and where they are when they are not at home."""

from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.accounts.scope import Scope
from weijing.residents.figures.touching import touch
from weijing.residents.models import Resident, ResidentChange
from weijing.residents.record import changing

Reach = Resident.Reach
MAX_AWAY_CHARS = 60


@transaction.atomic
def set_reach(
    person: Resident, reach: str, *, by: Officer, scope: Scope, at: datetime, seen: str = ""
) -> None:
    """Say whether they use WeChat, or have no phone at all.

    Raises what `changing.open_record` raises.
    """
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    before, person.reach = person.reach, Reach(reach).value
    if before == person.reach:
        return
    person.save(update_fields=["reach"])
    changing.note(
        person, ResidentChange.Kind.REACH, "resident.reach_set",
        before={"联系方式": Reach(before).label}, after={"联系方式": Reach(reach).label},
        by=by, at=at,
    )  # fmt: skip
    touch(person.county_id, [person.division_id])


@transaction.atomic
def set_away(
    person: Resident, place: str, *, by: Officer, scope: Scope, at: datetime, seen: str = ""
) -> None:
    """Say where they work away; "" when they are at home again. They stay on the roll.

    Raises what `changing.open_record` raises.
    """
    person = changing.open_record(person, by=by, scope=scope, seen=seen)
    before, person.away_at = person.away_at, " ".join(place.split())[:MAX_AWAY_CHARS]
    if before == person.away_at:
        return
    person.save(update_fields=["away_at"])
    changing.note(
        person, ResidentChange.Kind.AWAY, "resident.away_set",
        before={"外出": before or "在家"}, after={"外出": person.away_at or "在家"}, by=by, at=at,
    )  # fmt: skip
    touch(person.county_id, [person.division_id])
