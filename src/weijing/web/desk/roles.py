"""Who works at which desk."""

from weijing.accounts.models import Role

# Sees residents: a station its own, the county desk all.
COMMAND = (Role.STATION_COMMAND, Role.CAMPAIGN_AUTHOR, Role.CAMPAIGN_APPROVER)
MACHINE = (Role.SYSTEM_ADMIN,)
AUDIT = (Role.AUDIT_ADMIN,)
EVERY_DESK = (*COMMAND, *MACHINE)
# May look into the machine: who runs it, and a station that must know why nothing moves.
HEALTH = (Role.STATION_COMMAND, *MACHINE)
# Says which records are one person: a station of its own, the county desk across stations.
MERGERS = (Role.STATION_COMMAND, Role.CAMPAIGN_APPROVER)
