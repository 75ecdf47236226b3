"""What goes into writing a roll, and what came of it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from weijing.residents.importing.gathering import Piece
from weijing.residents.importing.marks import Marker
from weijing.residents.importing.places import Place
from weijing.residents.importing.spool import Spool


@dataclass(frozen=True)
class Writing:
    """Where the rows are, whose roll it is, and who helps to write them. `kept` as in `Weighed`."""

    county_id: int
    source: bytes
    marker: Marker
    places: Sequence[Place]
    kept: npt.NDArray[np.uint8]
    on: date
    pieces: Sequence[Piece]
    spool: Spool
    executor: Executor
    progress: Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Made:
    """The first of the new ids, each ID_STEP above the one before."""

    first_resident: int = 0
    residents: int = 0
    first_household: int = 0
    households: int = 0
