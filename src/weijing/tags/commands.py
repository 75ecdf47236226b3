"""`weijing tags`: the catalogue on the command line."""

import click
from rich.console import Console
from rich.table import Table

from weijing.core import clock
from weijing.core.env import environment
from weijing.tags import loading, queries
from weijing.tags.assigning import needs_consent
from weijing.tags.catalogue.in_words import AUDIENCE, rules_of
from weijing.tags.models import OWN_ABOVE, Tag, TagAssignment, TagChange, TagGroup
from weijing.territory.models import County

county_option = click.option("--county", "code", help="Six digits; WEIJING_COUNTY if not given.")


@click.group()
def tags() -> None:
    """Load, list and search the tag catalogue."""


@tags.command()
@county_option
def load(code: str | None) -> None:
    """Load or refresh the catalogue of 962 tags. Safe to run again."""
    loaded = loading.load(_county(code))
    click.echo(f"{loaded.tags} tags in {loaded.groups} groups and {loaded.categories} categories.")


@tags.command(name="list")
@click.argument("category", default="")
@click.option("--own", is_flag=True, help="Only the county's own.")
@click.option("--ended", is_flag=True, help="Those that were merged away or retired.")
@county_option
def list_tags(category: str, own: bool, ended: bool, code: str | None) -> None:
    """All tags, or those whose code begins with CATEGORY: TRF, TRF01."""
    county = _county(code)
    search = queries.search_ended if ended else queries.search
    found = search("", county_id=county.pk).filter(code__startswith=category.upper())
    shown = [tag for tag in found if tag.is_own or not own]
    _print(shown, f"there are none above {OWN_ABOVE}" if own else "there are none")


@tags.command()
@click.argument("word")
@county_option
def search(word: str, code: str | None) -> None:
    """Find tags by name, former name, pinyin, initials or code."""
    found = queries.search(word, county_id=_county(code).pk)
    _print(list(found), f"no tag fits {word}")


@tags.command()
@click.argument("word", metavar="TAG")
@county_option
def show(word: str, code: str | None) -> None:
    """One tag, by name or code: its rules, its people, what became of it."""
    county = _county(code)
    tags = Tag.objects.filter(county=county).select_related("group__category", "merged_into")
    tag = tags.filter(code=word.upper()).first() or queries.named(word, county_id=county.pk)
    if tag is None:
        raise click.ClickException(f"There is no tag {word} (`weijing tags search {word}`).")
    click.echo(f"{tag.code}  {tag.name}{_state(tag)}")
    for label, words in rules_of(tag).items():
        click.echo(f"{label}：{words}")
    held = TagAssignment.objects.filter(county=county, tag=tag, expires_on__gte=clock.today())
    click.echo(f"带着的人：{held.count():,}")
    changes = TagChange.objects.filter(county=county, tag=tag).select_related("by", "other")
    for change in changes.order_by("at", "pk"):
        what = change.former_name or (change.other.name if change.other else "")
        day = clock.local_day(change.at)
        click.echo(f"{day} {change.by.name} {change.get_kind_display()} {what}".rstrip())


def _county(code: str | None) -> County:
    code = code or environment().county
    county = County.objects.filter(code=code).first()
    if county is None:
        raise click.ClickException(f"There is no county {code} (`weijing county load {code}`).")
    return county


def _state(tag: Tag) -> str:
    if tag.merged_into is not None:
        return f"（已并入 {tag.merged_into.code} {tag.merged_into.name}）"
    return "（已停用）" if tag.retired_at else ""


def _print(tags: list[Tag], nothing: str) -> None:
    """Raises `click.ClickException` with `nothing` when there are none."""
    if not tags:
        raise click.ClickException(f"Nothing found: {nothing}.")
    table = Table("编码", "标签", "类别和组", "敏感", "群发", "保存（天）")
    for tag in tags:
        group, audience = tag.group, TagGroup.Audience(tag.group.audience)
        table.add_row(
            tag.code, tag.name, f"{group.category.name} · {group.name}",
            "是" if needs_consent(tag) else "", AUDIENCE[audience], f"{tag.retention_days}",
        )  # fmt: skip
    Console().print(table)
    click.echo(f"{len(tags):,} tags.")
