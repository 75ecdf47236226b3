"""What goes into an import besides the file, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weijing.residents.models import ImportProfile, RollImport

Progress = Callable[[str, int, int | None], None]


@dataclass
class RollReport:
    """What a file says, and what taking it in does (or would do). Counts of rows and of people."""

    roll_import: RollImport
    applied: bool
    rows: int = 0
    bad_rows: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # most frequent first
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0  # cells that a person has to decide about
    absent: int = 0  # of the same source and places, not in this file; perhaps moved away
    partial_villages: int = 0  # named only in part, so nobody counts as absent there
    households_created: int = 0
    households_updated: int = 0
    groups_created: int = 0
    linked: int = 0  # residents who found their WeChat account by this
    columns: dict[str, str] = field(default_factory=dict)  # field → heading
    ignored_columns: list[str] = field(default_factory=list)
    ignored_sheets: list[str] = field(default_factory=list)
    errors_file: Path | None = None


@dataclass(frozen=True)
class Source:
    """Whose roll it is and how it is read. `columns`: field → heading where a guess would be wrong.

    `policies`: whose word counts, by column (`verdicts`). `is_whole`: who is missing in it, of the
    places it names, may have moved away.
    """

    profile: ImportProfile | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = True

    @property
    def name(self) -> str:
        return self.profile.name if self.profile else ""

    def all_columns(self) -> dict[str, str]:
        return {**(self.profile.columns if self.profile else {}), **self.columns}

    def all_policies(self) -> dict[str, str]:
        return {**(self.profile.policies if self.profile else {}), **self.policies}
