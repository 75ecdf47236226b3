"""Whatever is written, a notice has no long number and no name nobody allowed."""

import re
from datetime import date, timedelta
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.requests.conftest import Town
from weijing.core import ids
from weijing.requests import wording
from weijing.requests.lost import notices as lost_notices
from weijing.requests.lost.taking_in import KEPT
from weijing.requests.missing import notices, publishing
from weijing.requests.models import LostItem, MissingPerson, PublicConsent

NAME = "罗样例"
SEPARATORS = st.sampled_from(["", " ", "-", "　", "·", "－", "．", "\u200b", "\n", ", "])
DIGITS = st.sampled_from("0123456789０１２３٤٥߆X")
TEXT = st.text(alphabet=st.sampled_from("黑蓝衣服，。桥头5月④日" + NAME), max_size=12)
NUMBERS = st.lists(st.tuples(DIGITS, SEPARATORS), min_size=7, max_size=20).map(
    lambda pairs: "".join(digit + gap for digit, gap in pairs)
)
SPELLED = SEPARATORS.map(lambda gap: gap.join(NAME) if gap not in (", ",) else NAME)
SENTENCES = st.lists(st.one_of(TEXT, NUMBERS, SPELLED), max_size=5).map("".join)


def longest_number(text: str) -> int:
    """Digits in a row, as a person would read them: gaps and scripts do not count."""
    tight = re.sub(r"[\s\-－—_.·,，/​]", "", normalize("NFKC", text))
    return max((len(run) for run in re.findall(r"\d+", tight)), default=0)


def names_them(text: str) -> bool:
    return NAME in re.sub(r"[\s·.\-_​,]", "", normalize("NFKC", text))


@given(SENTENCES)
@example("1234567890 1 234567890")
@example("罗·样\n例")
def test_redacted_text_has_neither(text: str) -> None:
    shown = wording.redacted(text, [NAME])
    assert longest_number(shown) < 15
    assert not names_them(shown)


@given(SENTENCES)
def test_checked_text_has_neither_or_is_refused(text: str) -> None:
    try:
        kept = wording.checked(text, names=[NAME])
    except (wording.TooPrivate, wording.Diagnosis):
        return
    assert longest_number(kept) < 15
    assert not names_them(kept)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=SENTENCES, holder=st.sampled_from([NAME, "", "990524195003070013"]))
def test_a_notice_of_a_found_thing_shows_at_most_the_first_sign(
    town: Town, words: str, holder: str
) -> None:
    item = LostItem(
        county=town.county, number=f"SW-{ids.new_code(6)}", side="found", kind="id_card",
        state="found", division=town.place("小沙江镇", "桃李村", "1组"),
        happened_on=date(2026, 11, 24), channel="officer", taken_in_at=town.at,
        held_at=town.at, held_by=town.officer, expires_on=date(2026, 11, 24) + KEPT,
    )  # fmt: skip
    item.words, item.holder = words, holder  # past the check, as an older version may have kept it
    shown = str(lost_notices.notice(item))
    assert longest_number(shown) < 15
    assert "1组" not in shown
    assert holder != NAME or not names_them(shown)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    looks=SENTENCES, place=SENTENCES, help=SENTENCES,
    fields=st.sets(st.sampled_from(PublicConsent.Field.values)),
)  # fmt: skip
def test_a_notice_of_a_missing_person_shows_only_what_was_allowed(
    town: Town, looks: str, place: str, help: str, fields: set[str]
) -> None:
    missing = MissingPerson(
        county=town.county, number=f"ZR-{ids.new_code(6)}", state="searching", age=78, sex="f",
        division=town.place(), last_seen_at=town.at, relation="女儿", channel="officer",
        reported_at=town.at, published_at=town.at, expires_at=town.at + timedelta(hours=24),
    )  # fmt: skip
    missing.name, missing.family_name, missing.family_phone = NAME, "王示例", "15400000417"
    missing.looks, missing.place, missing.help = looks, place, help
    missing.save(force_insert=True)
    for field in fields:
        PublicConsent.objects.create(
            county=town.county, missing=missing, field=field, channel="paper", relation="女儿",
            wording="…", given_at=town.at,
        )  # fmt: skip
    told = notices.notice(missing)
    values = [str(value) for value in vars(told).values()]
    assert publishing.is_shown(missing, at=town.at)
    assert max(map(longest_number, values)) < 15
    shown = " ".join(values)
    assert "王示例" not in shown
    assert "15400000417" not in shown
    if "name" not in fields:
        assert not names_them(shown)
        assert not names_them(notices.sentence(missing, at=town.at))
    for field, values in {
        "age": [told.age], "looks": [told.looks], "place": [told.place, told.last_seen_at],
        "help": [told.help, told.care], "photo": [told.has_photo],
    }.items():  # fmt: skip
        assert field in fields or not any(values)


@pytest.mark.parametrize("text", ["2026年5月4日", "1.5 米", "12 号楼 304", "80 多岁"])
def test_everyday_figures_stay(text: str) -> None:
    assert wording.redacted(text) == text
    assert wording.checked(text) == text
