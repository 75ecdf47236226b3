"""What a resident is told before anything is kept of them, version by version.

A published text is never edited: what somebody agreed to must stay readable as they saw it.
Content: article 17 of the Personal Information Protection Law.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

CURRENT = "2026-11"
VERSION = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class Choice:
    """One box: its short name, and the sentence beside it."""

    name: str
    wording: str


def notice(version: str = CURRENT, *, bureau: str) -> str:
    """The text of one version, naming the bureau that processes the data.

    Raises `FileNotFoundError` for a version that never was.
    """
    return _read(version, "txt").replace("{bureau}", bureau)


def choice(scope: str, *, bureau: str, group: str = "", version: str = CURRENT) -> Choice:
    """What was put before somebody who was asked for `scope` under one version.

    `group` is the name of the group of tags when the scope is one.

    Raises `FileNotFoundError` for a version that never was.
    """
    texts = _choices(version)
    text = texts.get(scope, texts["tag_group"])
    name, wording = (text[key].replace("{group}", group) for key in ("name", "wording"))
    return Choice(name, wording.replace("{bureau}", bureau))


@cache
def _choices(version: str) -> dict[str, Any]:
    return tomllib.loads(_read(version, "choices.toml"))


def _read(version: str, suffix: str) -> str:
    if not VERSION.fullmatch(version):  # it comes from an address
        raise FileNotFoundError(version)
    return (resources.files(__name__) / f"{version}.{suffix}").read_text(encoding="utf-8")
