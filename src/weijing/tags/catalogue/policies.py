"""Who proposes a tag, and who keeps the catalogue."""

from weijing.accounts.models import FIELD_ROLES, Role
from weijing.accounts.scope import Scope
from weijing.tags.models import TagGroup, TagProposal

KEEPERS = (Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)
PROPOSERS = (*FIELD_ROLES, Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER)
SET_BY_THE_SYSTEM = ("SOC14",)


def can_propose(scope: Scope) -> bool:
    """Whoever meets the people: a tag is missed at the door."""
    return scope.has(*PROPOSERS)


def can_keep(scope: Scope) -> bool:
    """The county desk: one catalogue for all stations. Who runs the machine has no part in it."""
    return scope.whole_county and scope.has(*KEEPERS)


def can_decide(scope: Scope, proposal: TagProposal) -> bool:
    """A keeper, never the one who proposed it."""
    own = proposal.proposed_by_id == scope.officer_id
    return can_keep(scope) and not own and proposal.county_id == scope.county_id


def takes_own_tags(group: TagGroup) -> bool:
    """Whether a county may add to the group. What the system says is the software's own list."""
    return group.code not in SET_BY_THE_SYSTEM
