"""What is to be done to many people, as the form of the bulk page says it so far."""

from dataclasses import dataclass
from typing import Any

from weijing.accounts.models import Officer
from weijing.residents.bulk import officers
from weijing.tags import bulk_tagging
from weijing.tags import queries as tags
from weijing.tags.models import Tag, TagAssignment
from weijing.web.access import OfficerRequest
from weijing.web.desk.contacts.chips import officers_in

ACTS = {
    bulk_tagging.ADD: "加标签",
    bulk_tagging.REMOVE: "去标签",
    officers.ASSIGN: "指定责任民辅警",
}
SOURCES = [
    (source.value, source.label)
    for source in (
        TagAssignment.Source.VISIT, TagAssignment.Source.INSPECTION, TagAssignment.Source.PARTNER,
    )
]  # fmt: skip
MAX_BASIS_CHARS = 120
BEAT = "beat"  # the officer of the beat, whoever that is


@dataclass
class Wish:
    act: str
    tag: Tag | None = None
    source: str = ""
    basis: str = ""
    officer: Officer | None = None
    is_beat: bool = False

    @property
    def is_complete(self) -> bool:
        if self.act == officers.ASSIGN:
            return self.officer is not None or self.is_beat
        return self.tag is not None

    @property
    def named(self) -> dict[str, str]:
        """What the button names, by the form's fields: act, put (a tag's code), to."""
        if self.act != officers.ASSIGN:
            return {"act": self.act, "put": self.tag.code if self.tag else "", "to": ""}
        to = BEAT if self.is_beat else str(self.officer.pk) if self.officer else ""
        return {"act": self.act, "put": "", "to": to}

    def parameters(self) -> dict[str, Any]:
        if self.act == officers.ASSIGN:
            return {"officer": self.officer.pk if self.officer else None}
        assert self.tag is not None
        if self.act == bulk_tagging.REMOVE:
            return {"tag": self.tag.pk}
        return {"tag": self.tag.pk, "source": self.source, "basis": self.basis}


def wish_of(request: OfficerRequest) -> Wish:
    given, county_id = request.POST, request.scope.county_id
    act = given.get("act", bulk_tagging.ADD)
    wish = Wish(act if act in ACTS else bulk_tagging.ADD)
    offered = tags.offered_to_officers(county_id)
    wish.tag = offered.filter(code=clean(given.get("put", ""))).first()
    source = given.get("source", "")
    wish.source = source if source in dict(SOURCES) else SOURCES[0][0]
    wish.basis = clean(given.get("basis", ""))[:MAX_BASIS_CHARS]
    to = given.get("to", "")
    wish.is_beat = to == BEAT
    wish.officer = next((o for o in officers_in(request.scope) if str(o.pk) == to), None)
    return wish


def is_as_foreseen(wish: Wish, request: OfficerRequest) -> bool:
    """Whether the numbers and the button the officer saw were of this wish."""
    return all(request.POST.get(f"foreseen_{name}") == value for name, value in wish.named.items())


def clean(text: str) -> str:
    return text.replace("\x00", "").strip()
