"""Style sheets that old WebViews read, in colours everyone can read."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.web import gallery
from tests.web.markup import Page
from weijing.web import stylesheets

CSS = Path(stylesheets.__file__).parent / "static" / "weijing" / "css"
FILES = sorted(CSS.rglob("*.css"))
OURS = [path for path in FILES if path.name != "tokens.css"]

# Chromium 86 is the oldest WebView we meet; each of these came later.
TOO_NEW = [
    ":has(",
    ":is(",
    ":where(",
    "@container",
    "@layer",
    "inset:",
    "aspect-ratio",
    "dvh",
    "color-mix(",
]


def read(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_sheet_is_linked_by_a_shell_and_every_link_is_a_sheet() -> None:
    linked = {path for shell in stylesheets.SHELLS for path in stylesheets.paths(shell)}
    assert linked == {f"weijing/css/{path.relative_to(CSS).as_posix()}" for path in FILES}
    assert all(finders.find(path) for path in linked)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_sheet_asks_more_than_the_oldest_webview_knows(path: Path) -> None:
    css = read(path)
    assert [word for word in TOO_NEW if word in css] == []
    depth = 0
    for block in re.findall(r"[^{}]*[{}]", css):
        depth += 1 if block.endswith("{") else -1
        at_rule = "@media" in block or "@page" in block
        assert depth <= 2
        if depth == 2 and not at_rule:
            assert "@" in css, f"nested rule in {path.name}: {block}"
    assert depth == 0


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_colours_come_from_the_tokens(path: Path) -> None:
    css = re.sub(r"@media print \{.*", "", read(path), flags=re.DOTALL)
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b|rgba?\(", css) == []


def test_every_token_that_is_used_exists() -> None:
    known = set(re.findall(r"(--[\w-]+):", (CSS / "tokens.css").read_text(encoding="utf-8")))
    used = {name for path in OURS for name in re.findall(r"var\((--[\w-]+)", read(path))}
    assert used - known == set()


def test_every_class_a_component_writes_has_a_rule() -> None:
    styled = {name for path in FILES for name in re.findall(r"\.([A-Za-z][\w-]*)", read(path))}
    page = Page(gallery.render(gallery.COMPONENTS, **gallery.content()))
    written = {name for element in page.elements for name in element.classes}
    # A name only: the element needs no rule of its own.
    names = {"chart", "chart__tick--first", "timeline__done", "timeline__problem"}
    assert written - styled == names


def theme(name: str) -> dict[str, str]:
    css = (CSS / "tokens.css").read_text(encoding="utf-8")
    block = re.search(rf'\[data-theme="{name}"\][^{{]*\{{(.*?)\n\}}', css, flags=re.DOTALL)
    assert block
    return dict(re.findall(r"(--c-[\w-]+):\s*(#[0-9A-F]{6})", block[1]))


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TEXT_ON = [
    *((f"text{n}", ground) for n in ("", "-2", "-3") for ground in ("surface", "bg", "sunken")),
    ("on-brand", "brand"), ("brand-text", "brand-soft"), ("link", "surface"), ("link", "sunken"),
    ("ok", "ok-soft"), ("warn", "warn-soft"), ("bad", "bad-soft"), ("ref", "ref-soft"),
    ("text", "bad-soft"), ("text-2", "bad-soft"), ("text", "warn-soft"), ("on-status", "bad"),
    *((f"cov-{n}-ink", f"cov-{n}") for n in range(1, 6)), ("surface", "text"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_reaches_4_5_to_1_on_every_ground_it_stands_on(name: str) -> None:
    colours = theme(name)
    weak = {
        f"{ink} on {ground}": round(ratio, 2)
        for ink, ground in TEXT_ON
        if (ratio := contrast(colours[f"--c-{ink}"], colours[f"--c-{ground}"])) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("graphic", ["line-strong", "brand", "bad", "ok", "warn"])
def test_borders_and_graphics_reach_3_to_1(name: str, graphic: str) -> None:
    colours = theme(name)
    assert contrast(colours[f"--c-{graphic}"], colours["--c-surface"]) >= 3
