"""A rule of every test: who changes what audiences are made of tells the audiences about it.

Looks at the statements themselves, as our own code sends them; tests may write rows as they like.
A use case that forgets it is found by whichever test runs it.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

# Columns that audiences go by; of the other tables any row that comes or goes.
COLUMNS = {
    "residents_resident": {
        "lifecycle", "division_id", "household_id", "born_on", "sex", "consents",
        "primary_officer_id",
    },
    "residents_contact": {"state", "officer_id", "identity_id"},
    "residents_wechatidentity": {"resident_id"},
    "residents_identitysharer": {"resident_id", "identity_id"},
    "tags_tagassignment": {"tag_id", "resident_id", "expires_on"},
}  # fmt: skip
WRITE = re.compile(
    r'^\s*(?:WITH .*?)?(?P<verb>INSERT INTO|UPDATE|DELETE FROM)\s+"?(?P<table>\w+)"?(?P<rest>.*)',
    re.DOTALL,
)
NOTE = "residents_audiencechange"
HERE = Path(__file__).parent
SOURCE = HERE.parent / "src" / "weijing"
# A pair is written as a whole when only its remark differs; who calls notes states that change.
WHOLE_ROWS = ("residents/mirror/pairs.py:rewrite",)
LOW = ("core", "audit")  # whoever calls these is who writes


@contextmanager
def every_change_is_noted() -> Iterator[None]:
    """Fails if a use case wrote such a row and no later statement of its noted it."""
    unnoted: dict[str, str] = {}  # line of the test: what it wrote, by whom
    forgotten: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if NOTE in sql or sql.startswith("ROLLBACK TO"):
            unnoted.clear()
        elif context["cursor"].rowcount and (writer := _writer(sql)):
            line = _line_of_the_test()
            forgotten.extend(said for other, said in unnoted.items() if other != line)
            unnoted.clear()
            unnoted[line] = writer
        return result

    def roll_back() -> None:
        unnoted.clear()
        really_roll_back()

    really_roll_back = connection._rollback
    connection._rollback = roll_back
    try:
        with connection.execute_wrapper(watch):
            yield
    finally:
        connection._rollback = really_roll_back
    forgotten += unnoted.values()
    assert not forgotten, f"changed without telling the audiences: {sorted(set(forgotten))}"


def _writer(sql: str) -> str:
    """The function of ours that writes what audiences are made of; empty: none does."""
    found = WRITE.match(sql)
    if found is None or found["table"] not in COLUMNS or not _concerns_audiences(found):
        return ""
    frame = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(HERE):
            return ""
        if path.is_relative_to(SOURCE) and path.relative_to(SOURCE).parts[0] not in LOW:
            who = f"{path.relative_to(SOURCE)}:{frame.f_code.co_name}"
            return "" if who in WHOLE_ROWS else f"{who} ({found['table']})"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _concerns_audiences(found: re.Match[str]) -> bool:
    if found["verb"] != "UPDATE":
        return True
    changes = re.split(r"\bWHERE\b|\bFROM\b", found["rest"], maxsplit=1)[0]
    named = set(re.findall(r'"?(\w+)"?\s*=', changes))
    return not named.isdisjoint(COLUMNS[found["table"]])


def _line_of_the_test() -> str:
    frame = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(HERE) and path.name not in ("noted.py", "conftest.py"):
            return f"{path.name}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return "?"
