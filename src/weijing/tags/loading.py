"""Bringing the catalogue into a county, and up to date. Codes are stable, names may change."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources

from django.db import models, transaction
from pypinyin import Style, lazy_pinyin

from weijing.core.errors import DomainError
from weijing.core.tenancy import TenantModel
from weijing.tags.models import OWN_ABOVE, Tag, TagCategory, TagChange, TagGroup
from weijing.territory.models import County

MAX_WECOM_CHARS = 30  # of a group's and of a tag's name; add_corp_tag


class BadCatalogue(DomainError):
    """The file says something that cannot be; nothing was loaded."""


@dataclass(frozen=True)
class Loaded:
    categories: int
    groups: int
    tags: int


@dataclass(frozen=True)
class TagRow:
    """One line of `tags.csv`."""

    category_code: str
    category_name: str
    group_name: str
    tag_code: str
    tag_name: str
    sensitivity: str
    purpose: str
    retention_days: int

    @property
    def group_code(self) -> str:
        return self.tag_code[:5]


def rows() -> list[TagRow]:
    """The catalogue that comes with this version.

    Raises `BadCatalogue`.
    """
    found = [
        TagRow(**{**line, "retention_days": int(line["retention_days"])})  # type: ignore[arg-type]
        for line in _lines("tags.csv")
    ]
    for names in ([row.tag_code for row in found], [row.tag_name for row in found]):
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise BadCatalogue(f"标签库里「{twice}」出现了两次。")
    for row in found:
        is_ours = row.tag_code.startswith(row.category_code) and row.tag_code[5:] <= OWN_ABOVE
        if not is_ours or len(row.tag_name) > MAX_WECOM_CHARS:
            raise BadCatalogue(f"标签库里 {row.tag_code}「{row.tag_name}」的编码或名称不对。")
    return found


def rules() -> dict[str, dict[str, object]]:
    """The rules of each group, keyed by its code, as fields of `TagGroup`."""
    return {
        line["group_code"]: {
            "subject": line["subject"],
            "audience": line["audience"],
            "set_by_resident_only": line["set_by_resident_only"] == "yes",
            "needs_separate_consent": line["needs_separate_consent"] == "yes",
            "owner": line["owner"],
            "who_sets": line["who_sets"],
            "definition": line["definition"],
        }
        for line in _lines("group_rules.csv")
    }


@transaction.atomic
def load(county: County) -> Loaded:
    """Make the county's catalogue equal to the files; ids, assignments and WeCom ids stay.

    A tag that is no longer in the files is left: people may carry it. A tag that was renamed here
    keeps the county's name, one that has ended stays so, and the county's own are not touched.

    Raises `BadCatalogue`.
    """
    catalogue, group_rules = _as_named_here(county, rows()), rules()
    if missing := {row.group_code for row in catalogue} - set(group_rules):
        raise BadCatalogue(f"这些标签组没有规则：{'、'.join(sorted(missing))}。")
    names = {row.category_code: row.category_name for row in catalogue}
    categories = [TagCategory(county=county, code=code, name=name) for code, name in names.items()]
    _upsert(categories, ["name"])
    category_ids = _ids(TagCategory, county)
    groups = {row.group_code: row for row in catalogue}
    _upsert(
        [
            TagGroup(
                county=county,
                code=code,
                name=row.group_name,
                category_id=category_ids[row.category_code],
                **group_rules[code],
            )
            for code, row in groups.items()
        ],
        ["name", "category", *next(iter(group_rules.values()))],
    )
    group_ids = _ids(TagGroup, county)
    _upsert(
        [_tag(county, row, group_ids[row.group_code]) for row in catalogue],
        ["group", "name", "pinyin", "initials", "sensitive", "purpose", "retention_days"],
    )
    return Loaded(len(categories), len(groups), len(catalogue))


def _as_named_here(county: County, catalogue: list[TagRow]) -> list[TagRow]:
    """Raises `BadCatalogue` when a new name is one that the county has given to something else."""
    taken = dict(Tag.objects.filter(county=county).values_list("name", "code"))
    renamed = TagChange.objects.filter(county=county, kind=TagChange.Kind.RENAMED)
    own_names = dict(renamed.values_list("tag__code", "tag__name"))
    here = [replace(row, tag_name=own_names.get(row.tag_code, row.tag_name)) for row in catalogue]
    coming = {row.tag_code for row in here}
    for row in here:
        holder = taken.get(row.tag_name, row.tag_code)
        if holder != row.tag_code and (holder not in coming or holder in own_names):
            raise BadCatalogue(
                f"标签库没有装入，原来的都在。新标签 {row.tag_code}「{row.tag_name}」"
                f"与本县的 {holder} 同名，请先在标签库里给 {holder} 改名，再装一次。"
            )
    return here


def pinyin_of(name: str) -> tuple[str, str]:
    """`重型货车` → `zhongxinghuoche`, `zxhc`: what an officer types on a phone."""
    syllables = lazy_pinyin(name, errors="ignore")
    initials = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(syllables)[:120], "".join(initials)[:30]


def _tag(county: County, row: TagRow, group_id: int) -> Tag:
    pinyin, initials = pinyin_of(row.tag_name)
    return Tag(
        county=county,
        group_id=group_id,
        code=row.tag_code,
        name=row.tag_name,
        pinyin=pinyin,
        initials=initials,
        sensitive=row.sensitivity == "sensitive",
        purpose=row.purpose,
        retention_days=row.retention_days,
    )


def _upsert(objects: Sequence[TenantModel], update_fields: list[str]) -> None:
    if objects:
        type(objects[0])._default_manager.bulk_create(
            objects,
            update_conflicts=True,
            unique_fields=["county", "code"],
            update_fields=update_fields,
        )


def _ids(model: type[models.Model], county: County) -> dict[str, int]:
    found = model._default_manager.filter(county_id=county.pk)
    return dict(found.values_list("code", "pk"))


def _lines(name: str) -> Iterator[dict[str, str]]:
    path = resources.files("weijing.tags") / "data" / name
    yield from csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
