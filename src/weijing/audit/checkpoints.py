"""The seals once more in a file, which belongs on another machine: a database set back shows.

One JSON object a line: county, number, entries, digest, at. Lines are only ever added.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from weijing.audit.models import Seal
from weijing.core.env import environment
from weijing.territory.models import County


def path() -> Path:
    return environment().audit_checkpoints or environment().var / "audit-checkpoints.jsonl"


def write(county: County) -> int:
    """Add the seals that the file does not have yet; how many. Raises `OSError`."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = max((line["number"] for line in _read(file, county.code)), default=0)
        new = Seal.objects.filter(county=county, number__gt=known).order_by("number")
        lines = [_line(county, seal) for seal in new]
        file.truncate(_whole(file))
        file.write("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())
    return len(lines)


def read(county: County) -> dict[int, dict[str, Any]]:
    """What the file says of a county's seals, by their number. Raises `OSError`, `ValueError`."""
    if not path().exists():
        return {}
    with path().open("rb") as file:
        return {line["number"]: line for line in _read(file, county.code)}


def _line(county: County, seal: Seal) -> dict[str, Any]:
    return {
        "county": county.code,
        "number": seal.number,
        "entries": seal.entries,
        "digest": bytes(seal.digest).hex(),
        "at": seal.at.isoformat(),
    }


def _read(file: Any, code: str) -> list[dict[str, Any]]:
    length = _whole(file)
    file.seek(0)
    lines = map(json.loads, file.read(length).splitlines())
    return [line for line in lines if line["county"] == code]


def _whole(file: Any) -> int:
    """Bytes up to the end of the last line that has one: another was cut when a machine stopped."""
    file.seek(0)
    return int(file.read().rfind(b"\n") + 1)
