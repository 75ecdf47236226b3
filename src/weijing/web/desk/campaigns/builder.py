"""What the audience builder shows: the tree with names, hit counts and things to pick."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from weijing.accounts.scope import Scope
from weijing.audiences import saving
from weijing.audiences.expression import CONTACT_STATES, RESULTS, TOPICS
from weijing.residents.models import ConsentRecord
from weijing.tags.models import Tag
from weijing.territory.models import Division
from weijing.territory.queries import path_name
from weijing.web.desk.campaigns import finding
from weijing.web.desk.campaigns.audience_form import (
    FIELDS,
    FIXED,
    ROOT,
    Tree,
    is_group,
    kind_of,
    parts_of,
    walk,
)
from weijing.web.desk.campaigns.finding import Found

CHOICES = {
    "sex": (("f", "女"), ("m", "男")),
    "contact": (
        ("linked", "已加好友"),
        ("unlinked", "没加好友"),
        *((state, word) for state, word in CONTACT_STATES.items()),
    ),
    "received": tuple(TOPICS.items()),
    "consent": tuple(ConsentRecord.Scope.choices),
}
RELATIONS = {
    "division": "属于",
    "tag": "含任一",
    "age": "在",
    "sex": "是",
    "contact": "是",
    "consent": "包括",
    "received": "在",
    "outcome": "是",
    "saved": "是",
}
HINTS = {"division": "添加乡镇、村或组", "tag": "添加标签，可用拼音"}


@dataclass
class Row:
    """A group or a condition, as the template draws it."""

    path: str
    kind: str
    parts: list["Row"] = field(default_factory=list)
    chips: list[Found] = field(default_factory=list)
    value: Any = None
    hits: int | None = None
    finding: str = ""
    found: list[Found] = field(default_factory=list)
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def is_group(self) -> bool:
        return self.kind not in FIELDS and self.kind not in FIXED

    @property
    def is_root(self) -> bool:
        return self.path == ROOT

    @property
    def can_hold_groups(self) -> bool:
        return self.path.count("-") < 2

    @property
    def legend(self) -> str:
        words = {"all": "满足下列全部条件", "any": "满足下列任一条件"}
        return words.get(self.kind, "排除符合任一条件的群众")

    @property
    def label(self) -> str:
        return FIELDS.get(self.kind, FIXED.get(self.kind, ""))

    @property
    def relation(self) -> str:
        return RELATIONS[self.kind]

    @property
    def hint(self) -> str:
        return HINTS.get(self.kind, "")


@dataclass(frozen=True)
class Builder:
    """Draws one tree. `searches` and `hits` go by path."""

    scope: Scope
    topic: str
    searches: dict[str, str]
    hits: dict[str, int]

    def draw(self, tree: Tree) -> Row:
        """The root row."""
        return self._row(ROOT, tree, _names(tree, self.scope.county_id))

    def _row(self, path: str, tree: Tree, names: dict[str, Found]) -> Row:
        row = Row(path, kind_of(tree))
        if is_group(tree):
            row.parts = [
                self._row(f"{path}-{number}", part, names)
                for number, part in enumerate(parts_of(tree))
            ]
            return row
        row.value = tree[row.kind]
        row.choices = CHOICES.get(row.kind, ())
        if row.kind == "saved":
            saved = saving.visible_to(self.scope).values_list("name", flat=True)
            row.choices = tuple((name, name) for name in saved)
        if row.kind == "outcome":
            row.chips = [Found(one, RESULTS.get(one, one)) for one in row.value["result"]]
        row.hits = self.hits.get(path)
        row.finding = self.searches.get(path, "")
        if row.kind in HINTS:
            row.chips = [names.get(code, Found(code, code)) for code in row.value]
            row.found = [each for each in self._found(row) if each.code not in row.value]
        return row

    def _found(self, row: Row) -> list[Found]:
        if row.kind == "tag":
            county = self.scope.county_id
            return finding.tag_choices(row.finding, county_id=county, topic=self.topic)
        if row.finding or not row.chips:
            return finding.places(row.finding, scope=self.scope)
        return []


def _names(tree: Tree, county_id: int) -> dict[str, Found]:
    divisions = Division.objects.filter(
        county_id=county_id, code__in=_codes(tree, "division")
    ).select_related("parent__parent__parent")
    tags = Tag.objects.filter(county_id=county_id, code__in=_codes(tree, "tag"))
    named = {row.code: Found(row.code, path_name(row)) for row in divisions}
    return named | {tag.code: Found(tag.code, tag.name, tag.sensitive) for tag in tags}


def _codes(tree: Tree, kind: str) -> Iterable[str]:
    return {
        code
        for _, node in walk(tree)
        if kind_of(node) == kind
        for code in node[kind]
        if "\x00" not in code
    }
