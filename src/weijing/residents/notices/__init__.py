"""What a resident is told before anything is kept of them, version by version.

A published text is never edited: what somebody agreed to must stay readable as they saw it.
Content: article 17 of the Personal Information Protection Law.
"""

from importlib import resources

CURRENT = "2026-11"


def notice(version: str = CURRENT, *, bureau: str) -> str:
    """The text of one version, naming the bureau that processes the data.

    Raises `FileNotFoundError` for a version that never was.
    """
    text = (resources.files(__name__) / f"{version}.txt").read_text(encoding="utf-8")
    return text.replace("{bureau}", bureau)
