"""Every row of a part made comparable, or refused with a reason. Whole columns at a time."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from weijing.residents.importing import id_numbers
from weijing.residents.importing.places import (
    LONG_GROUP,
    UNKNOWN_CODE,
    UNKNOWN_TOWNSHIP,
    Gazetteer,
    Place,
    Written,
)

NO_NAME = "没有填姓名"
ODD_NAME = "姓名里有不该有的字符"
LONG_NAME = "姓名过长"
NO_HOUSEHOLD = "没有填户号"
LONG_HOUSEHOLD = "户号过长"
BAD_PHONE = "手机号应为 11 位"
LONG_ADDRESS = "地址过长"
AND = "；"
ELSEWHERE = (UNKNOWN_CODE, UNKNOWN_TOWNSHIP, LONG_GROUP)  # of a place, but not the village's cell

MAX_NAME_CHARS, MAX_HOUSEHOLD_CHARS, MAX_ADDRESS_CHARS = 60, 30, 120
# Letters of any script, private characters that old systems use for rare ones, and the dot.
NAME = r"^[\p{L}\p{Co}][\p{L}\p{M}\p{Co}· ]*$"
MOBILE = r"^1[3-9][0-9]{9}$"
TEXTS = (
    "name", "household", "role", "id_number", "phone", "township", "village", "group", "code",
    "address", "sex", "born", "kind",
)  # fmt: skip

COMPACT = ("household", "id_number", "township", "village", "group", "code", "role")
# Most columns hold nothing but common characters, digits and letters: no need to clean them.
UNTIDY = r"[^\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}0-9A-Za-z]"

ROLES = {
    "head": ("户主", "本人或户主", "本人"),
    "spouse": ("配偶", "妻", "夫", "妻子", "丈夫", "爱人"),
    "child": (
        "子", "女", "子女", "儿子", "女儿", "独生子", "独生女", "长子", "次子", "三子", "长女",
        "次女", "二女", "三女", "养子", "养女",
    ),
    "parent": ("父", "母", "父母", "父亲", "母亲", "岳父", "岳母", "公公", "婆婆"),
    "tenant": ("租客", "租户", "承租人", "房客"),
}  # fmt: skip
ROLE_OF = {word: role for role, words in ROLES.items() for word in words}
KIND_OF = {
    "家庭户": "family", "集体户": "collective", "租住户": "tenant", "出租户": "tenant",
    "租户": "tenant",
}  # fmt: skip
SEX_OF = {"男": "m", "男性": "m", "1": "m", "女": "f", "女性": "f", "2": "f"}


@dataclass(frozen=True)
class Checked:
    """A part after checking, with the same `row` numbers.

    `good`: row, name, household, role, id_number, phone, place (key), address, sex, born_on,
    kind, and the texts of the division as written. `bad`: row, reason (every one, joined by
    AND), cells (the fields at fault, by name), and the cells as read.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    places: Sequence[Place]


def check(data: bytes, gazetteer: Gazetteer, *, on: date) -> Checked:
    """Check a part as `reading` gave it."""
    raw = pl.read_ipc_stream(io.BytesIO(data))
    raw = raw.with_columns(
        pl.lit("", pl.String).alias(name) for name in TEXTS if name not in raw.columns
    )
    rows = _comparable(raw)
    rows, places = _with_places(rows, gazetteer)
    rows = _with_birth_and_sex(rows, on)
    rows = rows.with_columns(_faults())
    is_good = rows["reason"].is_null()
    cells = raw.select(pl.col(name).fill_null("") for name in TEXTS)
    bad = rows.select("row", "reason", "cells").hstack(cells).filter(~is_good)
    good = _tidy(rows.filter(is_good), gazetteer)
    return Checked(good=good, bad=bad, places=places)


def _comparable(raw: pl.DataFrame) -> pl.DataFrame:
    """One way of writing: narrow forms, no odd blanks, no apostrophe in front of a number."""
    frame = raw.with_columns(pl.col(TEXTS).fill_null(""))
    untidy = [name for name in TEXTS if frame[name].str.contains(UNTIDY).any()]
    frame = frame.with_columns(_clean(name) for name in untidy)
    compact = [pl.col(name).str.replace_all(r"\s", "") for name in COMPACT if name in untidy]
    return frame.with_columns(*compact).with_columns(
        name=pl.col("name").str.replace_all(r"\s+", " ").str.replace_all("[•・‧∙･]", "·"),
        id_number=pl.col("id_number").str.to_uppercase(),
        phone=_phone(),
    )


def _clean(name: str) -> pl.Expr:
    # ="4305…" is how other systems keep Excel from reading a number.
    column = pl.col(name).str.replace(r'^="(.*)"$', "${1}")
    column = column.str.normalize("NFKC").str.replace_all(r"[\p{Cc}\p{Cf}\u{FEFF}]", " ")
    return column.str.strip_chars().str.strip_prefix("'")


def _phone() -> pl.Expr:
    """The first of several numbers, without country code, blanks and hyphens."""
    first = pl.col("phone").str.replace(r"[;,、/|].*$", "").str.replace_all(r"[\s\-()－—]", "")
    return first.str.replace(r"^(\+|00)?86(1[0-9]{10})$", "${2}").str.replace(r"\.0$", "")


def _with_places(rows: pl.DataFrame, gazetteer: Gazetteer) -> tuple[pl.DataFrame, Sequence[Place]]:
    """A part has few different places, so each is looked up once and joined back."""
    written = ["township", "village", "group", "code"]
    distinct = rows.select(written).unique()
    found = [gazetteer.find(Written(*one)) for one in distinct.iter_rows()]
    good = [one if isinstance(one, Place) else None for one in found]
    looked_up = distinct.with_columns(
        pl.Series("place", [one and one.key for one in good], pl.String),
        pl.Series("township_name", [one and one.township_name for one in good], pl.String),
        pl.Series("village_name", [one and one.village_name for one in good], pl.String),
        pl.Series("bad_place", [o if isinstance(o, str) else None for o in found], pl.String),
    )
    joined = rows.join(looked_up, on=written, how="left", maintain_order="left")
    return joined, list({one.key: one for one in good if one}.values())


def _with_birth_and_sex(rows: pl.DataFrame, on: date) -> pl.DataFrame:
    numbers = rows.select(
        pl.when(pl.col("id_number") != "").then(pl.col("id_number")).alias("id_number")
    )["id_number"]
    read = id_numbers.read(numbers, on=on)
    rows = rows.with_columns(
        read.reason.alias("bad_id"), read.born_on.alias("id_born"), read.sex.alias("id_sex")
    )
    return rows.with_columns(
        born_on=pl.coalesce("id_born", _said_birth(on)),
        sex=pl.coalesce("id_sex", _mapped("sex", SEX_OF), pl.lit("")),
        role=pl.when(pl.col("role") == "")
        .then(pl.lit(""))
        .otherwise(pl.coalesce(_mapped("role", ROLE_OF), pl.lit("family"))),
        kind=pl.coalesce(_mapped("kind", KIND_OF), pl.lit("")),
    )


def _mapped(name: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(name).replace_strict(words, default=None, return_dtype=pl.String)


def _said_birth(on: date) -> pl.Expr:
    """A birth date from its own column: 2015-03-01, 2015/3/1, 2015年3月1日, 20150301, or absent."""
    digits = pl.col("born").str.extract_groups(
        r"^((?:18|19|20)[0-9]{2})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?(?:\s.*)?$"
    )
    iso = pl.concat_str(
        digits.struct.field("1"),
        pl.lit("-"),
        digits.struct.field("2").str.zfill(2),
        pl.lit("-"),
        digits.struct.field("3").str.zfill(2),
    )
    day = iso.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(day <= pl.lit(on)).then(day)


# The file itself is at fault, whichever cells the row has.
ROW = ""


def _rules() -> list[tuple[str, pl.Expr, str | pl.Expr]]:
    """The cell, what is wrong with it, how that is said. Of each cell, the first that applies."""
    name, phone, place = pl.col("name"), pl.col("phone"), pl.col("bad_place")
    return [
        (ROW, pl.col("reason").is_not_null(), pl.col("reason")),
        ("name", name == "", NO_NAME),
        ("name", name.str.len_chars() > MAX_NAME_CHARS, LONG_NAME),
        ("name", ~name.str.contains(NAME), ODD_NAME),
        ("household", pl.col("household") == "", NO_HOUSEHOLD),
        ("household", pl.col("household").str.len_chars() > MAX_HOUSEHOLD_CHARS, LONG_HOUSEHOLD),
        ("id_number", pl.col("bad_id").is_not_null(), pl.col("bad_id")),
        ("phone", (phone != "") & ~phone.str.contains(MOBILE), BAD_PHONE),
        ("code", place == UNKNOWN_CODE, place),
        ("township", place == UNKNOWN_TOWNSHIP, place),
        ("group", place == LONG_GROUP, place),
        ("village", place.is_not_null() & ~place.is_in(ELSEWHERE), place),
        ("address", pl.col("address").str.len_chars() > MAX_ADDRESS_CHARS, LONG_ADDRESS),
    ]


def _faults() -> list[pl.Expr]:
    """`reason`, null when nothing is wrong, and `cells`: the fields that are, by name."""
    by_cell: dict[str, list[pl.Expr]] = {}
    for cell, wrong, said in _rules():
        text = pl.lit(said) if isinstance(said, str) else said
        by_cell.setdefault(cell, []).append(pl.when(wrong).then(text))
    said_of = {cell: pl.coalesce(said) for cell, said in by_cell.items()}
    named = [pl.when(said.is_not_null()).then(pl.lit(cell)) for cell, said in said_of.items()]
    reason = pl.concat_str(list(said_of.values()), separator=AND, ignore_nulls=True)
    return [
        pl.when(reason != "").then(reason).alias("reason"),
        pl.concat_str(named, separator=",", ignore_nulls=True).alias("cells"),
    ]


def _tidy(rows: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """The address without what the division says: 12号 of 隆回县小沙江镇桃李村4组12号."""
    county = rf"^(\p{{Han}}{{2,7}}(省|自治区))?(\p{{Han}}{{2,7}}(市|州))?{gazetteer.county_name}"
    address = pl.col("address").str.replace(county, "")
    for name in ("township_name", "village_name", "group"):
        given = pl.when(pl.col(name) == "").then(pl.lit("\0")).otherwise(pl.col(name))
        address = address.str.strip_prefix(given)
    return rows.select(
        "row", "name", "household", "role", "id_number", "phone", "place",
        address.str.strip_chars().alias("address"), "sex", "born_on", "kind",
        "township", "village", "group", "code",
    )  # fmt: skip
