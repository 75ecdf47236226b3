"""Residents and all that hangs on them; a file for each kind of fact."""

from weijing.residents.models.adding import (
    DoorVisit,
    DoorVisitCorrection,
    WalkingList,
    WalkingStop,
)
from weijing.residents.models.audience_changes import AudienceChange
from weijing.residents.models.consents import ConsentRecord, ResidentLink
from weijing.residents.models.contacts import (
    Contact,
    IdentitySharer,
    RemarkProposal,
    RemarkWrite,
    WechatIdentity,
)
from weijing.residents.models.figures import CoverageDay, CoverageFigure, CoverageTouched
from weijing.residents.models.finding import BulkPiece, BulkWork, Favourite, SavedView
from weijing.residents.models.history import DuplicatePair, MergeRecord, ResidentChange
from weijing.residents.models.imports import (
    ImportProfile,
    RollAbsence,
    RollConflict,
    RollFilePart,
    RollImport,
)
from weijing.residents.models.people import Household, OrdinalCounter, Representative, Resident
from weijing.residents.models.ways import ContactWay, PrintOrder, WelcomeText

__all__ = [
    "AudienceChange",
    "BulkPiece",
    "BulkWork",
    "ConsentRecord",
    "Contact",
    "ContactWay",
    "CoverageDay",
    "CoverageFigure",
    "CoverageTouched",
    "DoorVisit",
    "DoorVisitCorrection",
    "DuplicatePair",
    "Favourite",
    "Household",
    "IdentitySharer",
    "ImportProfile",
    "MergeRecord",
    "OrdinalCounter",
    "PrintOrder",
    "RemarkProposal",
    "RemarkWrite",
    "Representative",
    "Resident",
    "ResidentChange",
    "ResidentLink",
    "RollAbsence",
    "RollConflict",
    "RollFilePart",
    "RollImport",
    "SavedView",
    "WalkingList",
    "WalkingStop",
    "WechatIdentity",
    "WelcomeText",
]
