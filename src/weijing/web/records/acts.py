"""The acts on a person's record by the word in their address."""

from weijing.residents.models import Resident
from weijing.web.records.form import ActForm
from weijing.web.records.moving import JoinForm, MoveForm, MoveHouseholdForm, SplitForm
from weijing.web.records.standing import (
    AwayForm,
    DeathForm,
    LeaveForm,
    OfficerForm,
    ReachForm,
    ReturnForm,
    RoleForm,
)
from weijing.web.records.together import (
    EndRepresentForm,
    RepresentForm,
    ShareForm,
    SharerForm,
)

# Opened beside the record, filled in, saved.
FORMS: dict[str, type[ActForm]] = {
    "address": MoveForm,
    "household-address": MoveHouseholdForm,
    "split": SplitForm,
    "join": JoinForm,
    "role": RoleForm,
    "reach": ReachForm,
    "away": AwayForm,
    "leave": LeaveForm,
    "death": DeathForm,
    "return": ReturnForm,
    "officer": OfficerForm,
    "representative": RepresentForm,
    "sharing": ShareForm,
}
# A button on a line of the record; nothing to fill in.
BUTTONS: dict[str, type[ActForm]] = {
    "representative-end": EndRepresentForm,
    "sharer": SharerForm,
}
GONE = (Resident.Lifecycle.MOVED, Resident.Lifecycle.DECEASED)


def possible(person: Resident) -> frozenset[str]:
    """What makes sense for the person as they are; the use cases refuse the rest anyway."""
    if person.lifecycle in GONE:
        return frozenset({"return"})
    if person.lifecycle != Resident.Lifecycle.ROLL:
        return frozenset()
    acts = {*FORMS, *BUTTONS} - {"return"}
    if person.household_id is None:
        acts -= {"household-address", "split", "join", "role"}
    return frozenset(acts)
