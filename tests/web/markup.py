"""Reads rendered markup as a list of elements, so that tests can ask what a page promises."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
CONTROLS = {"input", "select", "textarea"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    ancestors: tuple["Element", ...]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())


@dataclass
class Page(HTMLParser):
    markup: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"<{self._open[-1].tag}> is closed by </{tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str = "", *, of: str = "") -> list[Element]:
        """Elements with this tag and this class, in document order."""
        return [
            element
            for element in self.elements
            if (not tag or element.tag == tag) and (not of or of in element.classes)
        ]

    def ids(self) -> list[str]:
        return [element["id"] for element in self.elements if "id" in element.attributes]

    def closed(self) -> bool:
        return not self._open


def inline_code(page: Page) -> list[str]:
    """What a strict security policy would refuse: style and on… attributes, scripts without src."""
    found = [
        f"<{element.tag} {name}>"
        for element in page.elements
        for name in element.attributes
        if name == "style" or name.startswith(("on", "hx-on"))
    ]
    found += ["<style>" for _ in page.all("style")]
    found += ["<script>" for script in page.all("script") if "src" not in script.attributes]
    return found


def unlabelled(page: Page) -> list[str]:
    """Controls that say no name: no label, no label around them, no aria-label."""
    targets = {label.attributes.get("for", "") for label in page.all("label")}
    return [
        f"<{control.tag} name={control.attributes.get('name')}>"
        for control in page.elements
        if control.tag in CONTROLS
        and control.attributes.get("type") != "hidden"
        and "aria-label" not in control.attributes
        and control.attributes.get("id", "-") not in targets
        and not any(ancestor.tag == "label" for ancestor in control.ancestors)
    ]


def dangling(page: Page) -> list[str]:
    """References to an id that is not on the page."""
    ids = set(page.ids())
    named = ("aria-describedby", "aria-labelledby", "for")
    return [
        f"{name}={reference}"
        for element in page.elements
        for name in named
        for reference in element.attributes.get(name, "").split()
        if reference not in ids
    ]
