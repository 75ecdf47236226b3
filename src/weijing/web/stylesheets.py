"""Which style sheets a shell needs: small files, linked one by one, no build."""

from hashlib import sha256
from pathlib import Path

_FOLDER = Path(__file__).parent / "static" / "weijing" / "css"

_FIRST = ("tokens", "base", "layout")
_EVERYWHERE = (
    "button", "badge", "card", "cells", "field", "error-summary", "choice", "chip", "note",
    "facts", "progress", "timeline", "preview", "empty-state", "pager", "masked", "table",
    "sheet", "toast", "demo-frame", "portrait",
)  # fmt: skip
_DESK = (
    "filter-bar", "stepper", "stat-tile", "meter", "bar-list", "expression", "drawer", "hexmap",
    "chart", "approval-bar", "urgent", "overview", "picker", "paper", "views",
)  # fmt: skip
_PHONE = ("strip", "urgent", "sos", "record", "switch-button", "qr", "queue")
_PLAIN = ("button", "field", "error-summary", "choice", "note", "toast")

SHELLS = {
    "desk": (*_FIRST, "desk", *(f"components/{name}" for name in (*_EVERYWHERE, *_DESK))),
    "phone": (*_FIRST, "phone", *(f"components/{name}" for name in (*_EVERYWHERE, *_PHONE))),
    "plain": (*_FIRST, "plain", *(f"components/{name}" for name in _PLAIN)),
}


def paths(shell: str) -> list[str]:
    """Static paths in cascade order. Raises `KeyError` for a shell that does not exist."""
    return [f"weijing/css/{name}.css" for name in SHELLS[shell]]


def _fingerprint() -> str:
    digest = sha256()
    for path in sorted(_FOLDER.parent.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


# Appended to every address, so that a browser may keep a file until it changes.
VERSION = _fingerprint()
