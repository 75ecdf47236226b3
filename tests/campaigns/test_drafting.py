from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import make_officer
from tests.campaigns.conftest import BODY, EVERYONE
from weijing.accounts.models import Officer, Role
from weijing.campaigns import codes, drafting
from weijing.campaigns.content.wording import ForbiddenWording, wording
from weijing.campaigns.models import Campaign
from weijing.campaigns.releasing import EmptyAudience
from weijing.core.errors import PermissionDenied
from weijing.residents.models import Resident
from weijing.territory.models import County


def test_numbers_count_up_within_a_day_and_never_repeat(author: Officer, at: datetime) -> None:
    today = [drafting.draft(by=author, at=at).number for _ in range(3)]
    tomorrow = drafting.draft(by=author, at=at + timedelta(days=1)).number
    next_year = drafting.draft(by=author, at=at + timedelta(days=365)).number

    assert today == ["QF-1124-01", "QF-1124-02", "QF-1124-03"]
    assert tomorrow == "QF-1125-01"
    assert next_year == "QF-1124-04"


def test_the_number_is_of_the_day_in_the_county(author: Officer) -> None:
    late = datetime.fromisoformat("2026-11-24T17:00:00+00:00")  # 01:00 of the 25th
    assert drafting.draft(by=author, at=late).number == "QF-1125-01"


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.CAMPAIGN_APPROVER, Role.STATION_COMMAND])
def test_only_authors_draft(county: County, at: datetime, role: Role) -> None:
    with pytest.raises(PermissionDenied):
        drafting.draft(by=make_officer(county, "other", role, county_desk=True), at=at)


def test_an_administrator_does_not_draft_even_as_author(county: County, at: datetime) -> None:
    both = make_officer(county, "both", Role.SYSTEM_ADMIN, Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        drafting.draft(by=both, at=at)


def test_nobody_edits_the_draft_of_another(county: County, draft: Campaign, at: datetime) -> None:
    other = make_officer(county, "other", Role.CAMPAIGN_AUTHOR, county_desk=True)
    with pytest.raises(PermissionDenied):
        drafting.edit(draft, by=other, at=at, title="别的")


def test_a_newer_text_is_not_overwritten(draft: Campaign, author: Officer, at: datetime) -> None:
    seen = draft.edited_at
    drafting.edit(draft, by=author, at=at + timedelta(seconds=1), title="新的", seen_edited_at=seen)

    with pytest.raises(drafting.EditedMeanwhile):
        drafting.edit(draft, by=author, at=at, title="旧的", seen_edited_at=seen)
    draft.refresh_from_db()
    assert draft.title == "新的"


def test_a_submitted_text_stands(submitted: Campaign, author: Officer, at: datetime) -> None:
    with pytest.raises(drafting.NotADraft):
        drafting.edit(submitted, by=author, at=at, body="改一下")


def test_submitting_needs_the_number_the_author_saw(
    draft: Campaign, author: Officer, at: datetime
) -> None:
    with pytest.raises(drafting.RecountChanged) as changed:
        drafting.submit(draft, by=author, at=at, count_seen=4)
    assert (changed.value.seen, changed.value.now) == (4, 3)
    draft.refresh_from_db()
    assert draft.state == Campaign.State.DRAFT


@pytest.mark.parametrize(
    ("seen", "now", "fits"),
    [(100, 101, True), (100, 102, False), (1000, 990, True), (1000, 989, False)],
)
def test_one_per_cent_is_still_the_same_number(seen: int, now: int, fits: bool) -> None:
    if fits:
        drafting.check_recount(seen=seen, now=now)
    else:
        with pytest.raises(drafting.RecountChanged):
            drafting.check_recount(seen=seen, now=now)


def test_an_empty_audience_is_not_submitted(author: Officer, county: County, at: datetime) -> None:
    alone = drafting.draft(by=author, at=at, title="题", body=BODY, audience=EVERYONE)
    with pytest.raises(EmptyAudience):
        drafting.submit(alone, by=author, at=at, count_seen=0)


def test_the_text_may_fill_what_wecom_takes_to_the_last_byte(
    draft: Campaign, author: Officer, people: list[Resident], at: datetime
) -> None:
    suffix = len("\n〔隆警2345A〕".encode())
    full = "字" * ((codes.MAX_TEXT_BYTES - suffix) // 3)
    full += "a" * (codes.MAX_TEXT_BYTES - suffix - len(full.encode()))

    drafting.edit(draft, by=author, at=at, body=full + "b")
    with pytest.raises(drafting.Incomplete, match="多了 1 字节"):
        drafting.submit(draft, by=author, at=at, count_seen=3)
    drafting.edit(draft, by=author, at=at, body=full)
    drafting.submit(draft, by=author, at=at, count_seen=3)
    assert len(codes.with_reference(full, short_name="隆", code="2345A").encode()) == 4000


@pytest.mark.parametrize(
    "fields", [{"title": "长" * 61}, {"body": "a\0b"}, {"confirm_hours": 0}, {"topic": "party"},
               {"audience": ["not a tree"]}]
)  # fmt: skip
def test_bad_input_is_said_in_words(
    draft: Campaign, author: Officer, at: datetime, fields: dict[str, Any]
) -> None:
    with pytest.raises(drafting.Incomplete):
        drafting.edit(draft, by=author, at=at, **fields)


def test_the_wording_of_a_draft_is_checked(draft: Campaign) -> None:
    assert {c.kind: c.level for c in wording(draft)} == {
        "signature": "ok", "links": "ok", "money": "ok", "tags": "ok", "phones": "ok",
        "others": "ok",
    }  # fmt: skip


@pytest.mark.parametrize("body", ["请立即转账。", "作为独居老人，请锁门。", "见 t.cn/AbC1"])
def test_what_residents_must_never_get_is_not_handed_in(
    draft: Campaign, author: Officer, at: datetime, body: str
) -> None:
    drafting.edit(draft, by=author, at=at, body=body)
    with pytest.raises(ForbiddenWording, match="草稿还在"):
        drafting.submit(draft, by=author, at=at, count_seen=3)
    draft.refresh_from_db()
    assert draft.state == Campaign.State.DRAFT and draft.body == body
