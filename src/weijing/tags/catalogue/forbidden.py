"""What no tag may say of a person (PIPL 28; the registers with a legal duty stay elsewhere).

Words stand for topics: a list can be read, argued about and extended; a person confirms all the
same. Single characters are rarely good as words, every second place name would contain one.
"""

import csv
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Topic:
    """`words` betray it; `unless` are longer expressions that hold such a word and are harmless."""

    name: str
    words: tuple[str, ...]
    unless: tuple[str, ...]


def _topics() -> tuple[Topic, ...]:
    path = resources.files("weijing.tags") / "data" / "forbidden_topics.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return tuple(
        Topic(row["topic"], tuple(row["words"].split()), tuple(row["unless"].split()))
        for row in rows
    )


TOPICS = _topics()
