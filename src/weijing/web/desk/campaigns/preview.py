"""The message as a resident gets it from one officer, in one of two sizes."""

from dataclasses import dataclass
from datetime import datetime

from weijing.accounts.models import Officer
from weijing.campaigns import codes
from weijing.campaigns.content import filling
from weijing.territory.models import County

STANDARD, CARE = "standard", "care"
SIZES = ((STANDARD, "标准"), (CARE, "关怀"))


@dataclass(frozen=True, slots=True)
class Preview:
    """`bytes` of the longest text any officer sends, `longest_of` whose that is, "" if all same."""

    text: str
    sender_line: str
    sender_initial: str
    is_care: bool
    bytes: int
    longest_of: str
    unknown_officer: bool  # nobody of that name sends messages


def preview(
    body: str, county: County, *, at: datetime, officer_name: str = "", size: str = STANDARD
) -> Preview:
    sender = _sender(county.pk, officer_name)
    longest, longest_of = filling.longest(body, county, at=at)
    if sender is not None and filling.variables_in(body):
        body = filling.filled(body, filling.values_of([sender], county, at=at)[sender.pk])
    return Preview(
        text=body,
        sender_line=_line(sender),
        sender_initial=sender.name[:1] if sender else "警",
        is_care=size == CARE,
        bytes=codes.text_bytes(longest, short_name=county.short_name),
        longest_of=longest_of.name if longest_of else "",
        unknown_officer=bool(officer_name) and (sender is None or officer_name not in sender.name),
    )


def _sender(county_id: int, name: str) -> Officer | None:
    """The one of this name, or any as an example."""
    serving = filling.serving(county_id)
    named = serving.filter(name__contains=name).first() if name else None
    return named or serving.first()


def _line(sender: Officer | None) -> str:
    if sender is None:
        return "民辅警（示例）"
    where = f" · {sender.station.name}" if sender.station else ""
    return f"{sender.get_rank_kind_display()} {sender.name}{where}（示例）"
