"""Who works at which desk."""

from weijing.accounts.models import Role

# Sees residents: a station its own, the county desk all.
COMMAND = (Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER)
MACHINE = (Role.SYSTEM_ADMIN,)
EVERY_DESK = (*COMMAND, *MACHINE)
