"""Rows of one file that contradict each other. The first of them stands; the others are refused."""

from collections.abc import Sequence

import polars as pl


def find(rows: pl.DataFrame, sheet_names: Sequence[str]) -> pl.DataFrame:
    """`n` and `reason` of the rows to refuse, each once.

    `rows` has, in the order of the file: n, sheet, row, name, household, place, id_index.
    """
    found = pl.concat([_same_number(rows), _same_member(rows), _two_places(rows)])
    first = found.unique("n", keep="first", maintain_order=True)
    where = rows.select(pl.col("n").alias("first_n"), "sheet", "row")
    shown = first.join(where, on="first_n", how="left", maintain_order="left")
    return shown.select("n", _said(sheet_names).alias("reason"))


def _said(sheet_names: Sequence[str]) -> pl.Expr:
    line = pl.format("第 {} 行", "row")
    if len(sheet_names) > 1:
        names = dict(enumerate(sheet_names))
        sheet = pl.col("sheet").replace_strict(names, return_dtype=pl.String)
        line = pl.format("“{}”第 {} 行", sheet, "row")
    return pl.col("why").str.replace("LINE", line, literal=True)


def _same_number(rows: pl.DataFrame) -> pl.DataFrame:
    numbered = rows.filter(pl.col("id_index").is_not_null())
    later = numbered.filter(~pl.col("id_index").is_first_distinct())
    first = numbered.join(later.select("id_index").unique(), on="id_index", how="semi")
    first = first.unique("id_index", keep="first", maintain_order=True)
    pairs = later.join(first.select("id_index", pl.col("n").alias("first_n")), on="id_index")
    return _refused(pairs, "身份证号与LINE重复")


def _same_member(rows: pl.DataFrame) -> pl.DataFrame:
    """Without an ID number, household and name are all there is to tell two people apart."""
    member = ["household", "name"]
    unnumbered = rows.filter(pl.col("id_index").is_null())
    group = rows.join(unnumbered.select(member).unique(), on=member, how="semi")
    # A row with a number says for certain who is meant, wherever in the file it stands.
    group = group.sort(pl.col("id_index").is_null(), "n")
    first = group.unique(member, keep="first", maintain_order=True)
    pairs = group.filter(pl.col("id_index").is_null()).join(
        first.select(*member, pl.col("n").alias("first_n")), on=member
    )
    pairs = pairs.filter(pl.col("n") != pl.col("first_n"))
    return _refused(pairs, "与LINE同户同名，没有身份证号分不清是不是同一个人")


def _two_places(rows: pl.DataFrame) -> pl.DataFrame:
    places = rows.select("household", "place").unique()
    doubled = places.filter(pl.col("household").is_duplicated()).select("household").unique()
    group = rows.join(doubled, on="household", how="semi").sort("n")
    first = group.unique("household", keep="first", maintain_order=True).select(
        "household", pl.col("n").alias("first_n"), pl.col("place").alias("first_place")
    )
    pairs = group.join(first, on="household").filter(pl.col("place") != pl.col("first_place"))
    return _refused(pairs, "户号与LINE相同，村组却不同")


def _refused(pairs: pl.DataFrame, why: str) -> pl.DataFrame:
    return pairs.select(
        pl.col("n").cast(pl.UInt32), pl.col("first_n").cast(pl.UInt32), pl.lit(why).alias("why")
    )
