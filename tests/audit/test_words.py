"""Every act that the house writes down can be read by somebody who knows no code."""

import re
from pathlib import Path

import pytest

import weijing
from weijing.audit import words

SOURCES = [
    path
    for path in Path(weijing.__file__).parent.rglob("*.py")
    if "migrations" not in path.parts and "demo" not in path.parts
]
WRITTEN = re.compile(
    r"record\(\s*\w+(?:\.\w+)*,\s*f?\"([a-z_]+\.[a-z_]+)\"|action=\"([a-z_]+\.[a-z_]+)\""
)
ACTIONS = sorted(
    {
        next(filter(None, found))
        for path in SOURCES
        for found in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
)


def test_the_search_for_actions_finds_them() -> None:
    assert len(ACTIONS) > 120


@pytest.mark.parametrize("action", ACTIONS)
def test_an_act_has_words(action: str) -> None:
    said = words.said(action)
    assert said != action and not re.search("[a-z]", said), action


def test_an_act_without_words_shows_as_it_is() -> None:
    assert words.said("nobody.knows") == "nobody.knows"
