"""What residents ask of us: things lost and found, people who are missing."""

from weijing.requests.models.lost import LostItem, LostMatch
from weijing.requests.models.missing import MissingPerson
from weijing.requests.models.notices import MissingPhoto, PublicConsent
from weijing.requests.models.sightings import Sighting

__all__ = [
    "LostItem",
    "LostMatch",
    "MissingPerson",
    "MissingPhoto",
    "PublicConsent",
    "Sighting",
]
