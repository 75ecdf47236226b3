"""What a row is found by: characters and pairs of characters, in one array with a GIN index."""

import unicodedata
from collections.abc import Iterable
from operator import add


def plain(text: str) -> str:
    """Text as it is compared: full-width letters made narrow, lower case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(name: str, address: str = "") -> list[str]:
    """Characters and pairs of the name, pairs of the address; each once."""
    name, address = plain(name), plain(address) if address else ""
    return list(dict.fromkeys([*name, *pairs(name), *pairs(address)]))


def pairs(text: str) -> Iterable[str]:
    return map(add, text, text[1:])  # half of what slicing costs, and a county has millions
