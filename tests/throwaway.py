"""A place for one run of the tests, with its keys and its PostgreSQL; nothing of it stays."""

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from weijing.core import crypto, embedded_postgres

PREFIX = "weijing-test-"
_held: list[int] = []  # the lock lasts as long as this process


def make(*, server: bool) -> Path:
    """The new place, which goes when this process ends; what killed ones left goes first."""
    _clear_away()
    var = Path(tempfile.mkdtemp(prefix=PREFIX))
    _held.append(_lock(var, os.O_CREAT))
    atexit.register(_remove, var)
    crypto.create_secrets(var / "secrets.json")
    var.chmod(0o711)  # root's server runs as another user, who must get in
    if server:
        embedded_postgres.up(var, fsync=False, extra={"shared_buffers": "128MB"})
    return var


def _remove(var: Path) -> None:
    embedded_postgres.remove(var)
    shutil.rmtree(var, ignore_errors=True)


def _clear_away() -> None:
    for var in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, still in use, or gone by now
            lock = _lock(var)
            _remove(var)
            os.close(lock)


def _lock(var: Path, create: int = 0) -> int:
    lock = os.open(var / "lock", os.O_RDWR | create, 0o600)
    try:
        flock(lock, LOCK_EX | LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
