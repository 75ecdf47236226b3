"""Our own outline icons, drawn in `icons.svg` beside this file."""

import re
from html import escape
from pathlib import Path

_SYMBOL = re.compile(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', re.DOTALL)

DRAWINGS: dict[str, str] = dict(
    _SYMBOL.findall(Path(__file__).with_name("icons.svg").read_text(encoding="utf-8"))
)


def svg(name: str, *, size: int = 20, label: str = "", extra: str = "") -> str:
    """The icon as SVG markup, inline so that it takes the colour of its word.

    Hidden from screen readers unless `label` says what it stands for. `size` is one of 16, 18, 20,
    24, 32 (px). Raises `KeyError` for a name nobody has drawn.
    """
    sized = "" if size == 20 else f" icon--{size}"
    classes = f"icon{sized} {extra}".strip()
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return f'<svg class="{classes}" viewBox="0 0 20 20" {spoken}>{DRAWINGS[name]}</svg>'
