"""Which column of an uploaded file is which: guessed, shown with samples, said, saved."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core.errors import DomainError
from weijing.residents.importing import opening, uploads, verdicts
from weijing.residents.importing.columns import HEADINGS, Assignment, plain
from weijing.residents.importing.opening import BadRoll
from weijing.residents.importing.reading import Sheet, read
from weijing.residents.masking import masked_name
from weijing.residents.models import ImportProfile, RollImport

MAX_NAME_CHARS = 40
LONG_NUMBER = re.compile(r"[0-9]{7,}[0-9Xx]?")


class NoProfileName(DomainError):
    """A source has a name to be found by."""


class ColumnsMissing(DomainError):
    """A roll needs names, household numbers and places."""


@dataclass(frozen=True)
class Column:
    """One column of the file; `samples` are masked, `guess` is a field or empty."""

    heading: str
    samples: list[str]
    guess: str


def look(record: RollImport) -> list[Column]:
    """The columns of the first sheet that has headings.

    Raises `BadRoll` when there is none.
    """
    with uploads.opened(record) as path:
        sheet = _first_with_headings(read(path, opening.kind_of(path), {}))
    guessed = {plain(heading): field for field, heading in (sheet.headings or {}).items()}
    found = []
    for n, heading in enumerate(sheet.columns):
        field = guessed.get(plain(heading), "")
        samples = [masked(row[n], field) for row in sheet.samples if n < len(row)]
        if heading.strip():
            found.append(Column(heading, samples, field))
    return found


def _first_with_headings(found: object) -> Sheet:
    for one in found:  # type: ignore[attr-defined]
        if isinstance(one, Sheet) and one.headings is not None:
            found.close()  # type: ignore[attr-defined]
            return one
    raise BadRoll("找不到表头，没有导入。第一行请写列名：姓名、户号、村社区等。")


def masked(text: str, field: str) -> str:
    """Of a name its first character; of any long number, three digits at either end."""
    if field == "name":
        return masked_name(text)
    return LONG_NUMBER.sub(lambda found: f"{found[0][:3]}****{found[0][-2:]}", text)[:30]


def fitting(county_id: int, headings: Collection[str]) -> ImportProfile | None:
    """The saved source that reads most of these columns, if all of its own are among them."""
    there = {plain(heading) for heading in headings}
    fit = [
        profile
        for profile in ImportProfile.objects.filter(county_id=county_id).order_by("-saved_at")
        if all(plain(heading) in there for heading in profile.columns.values() if heading)
    ]
    return max(fit, key=lambda one: sum(map(bool, one.columns.values())), default=None)


def check(columns: Mapping[str, str]) -> None:
    """`columns`: field → heading, "" for a field that is not to be read even where it is guessed.

    Raises `ColumnsMissing`.
    """
    said = [field for field, heading in columns.items() if heading]
    lacking = Assignment(positions=dict.fromkeys(said, 0), headings=columns).missing
    if lacking:
        raise ColumnsMissing(f"还没有指明：{'、'.join(lacking)}。请在下面选出对应的列。")


@transaction.atomic
def save(
    name: str,
    columns: Mapping[str, str],
    policies: Mapping[str, str],
    *,
    county_id: int,
    by: Officer | None,
    at: datetime,
) -> ImportProfile:
    """Keep how the files of a source are read; the same name again replaces it.

    Raises `NoProfileName`, `ColumnsMissing`, `verdicts.NoSuchPolicy`.
    """
    name = " ".join(name.split())[:MAX_NAME_CHARS]
    if not name:
        raise NoProfileName("请填来源名称，如「派出所户籍名册」，下次自动认出这些列。")
    columns = {field: heading for field, heading in columns.items() if field in HEADINGS}
    check(columns)
    verdicts.checked(policies)
    profile, _ = ImportProfile.objects.update_or_create(
        county_id=county_id, name=name,
        defaults={"columns": columns, "policies": dict(policies), "saved_at": at, "saved_by": by},
    )  # fmt: skip
    trail.record(by, "roll_source.saved", profile, at=at, columns=len(columns))
    return profile
