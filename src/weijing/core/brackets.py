"""Wide brackets and narrow ones: people type either, and mean the same."""

WIDE = str.maketrans("()", "（）")
NARROW = str.maketrans("（）", "()")


def are_balanced(text: str) -> bool:
    """Whether every bracket that opens is closed, a wide one by either."""
    depth = 0
    for character in text.translate(NARROW):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def spellings(text: str) -> list[str]:
    """As it is, then with narrow brackets, then with wide ones; each once."""
    return list(dict.fromkeys((text, text.translate(NARROW), text.translate(WIDE))))
