"""The words of welcome: who writes them, what they may hold, which version is sent."""

from datetime import datetime, timedelta

import pytest

from tests.builders import beat_of, make_officer
from weijing.accounts.models import Officer, Role
from weijing.accounts.scope import scope_of
from weijing.core.errors import PermissionDenied
from weijing.residents.models import WelcomeText
from weijing.residents.ways import welcoming
from weijing.territory.models import Beat, County


class Desk:
    def __init__(self, county: County, at: datetime) -> None:
        self.county, self.at = county, at
        self.beat = beat_of(county, "小沙江镇", "桃李村")
        self.chief = make_officer(county, "chief", Role.STATION_COMMAND, station=self.beat.station)
        self.author = make_officer(county, "author", Role.CAMPAIGN_AUTHOR, county_desk=True)

    def write(
        self, text: str, beat: Beat | None, by: Officer, seen: str | None = None
    ) -> WelcomeText:
        if seen is None:
            seen = welcoming.version(welcoming.latest(self.county.pk, beat.pk if beat else None))
        self.at += timedelta(minutes=1)
        return welcoming.write(
            self.county, beat, text, seen=seen, by=by, scope=scope_of(by, at=self.at), at=self.at
        )


@pytest.fixture
def desk(county: County, at: datetime) -> Desk:
    return Desk(county, at)


def test_a_beat_without_words_of_its_own_has_the_county_s(desk: Desk) -> None:
    ours = welcoming.in_force(desk.county.pk, desk.beat.pk)
    county_wide = desk.write("全县的话。", None, desk.author)
    of_county = welcoming.in_force(desk.county.pk, desk.beat.pk)
    of_beat = desk.write("村里的话。", desk.beat, desk.chief)

    assert ours == (welcoming.OURS, None)
    assert of_county == ("全县的话。", county_wide)
    assert welcoming.in_force(desk.county.pk, desk.beat.pk) == ("村里的话。", of_beat)


def test_every_version_stays(desk: Desk) -> None:
    for text in ("一。", "二。", ""):
        desk.write(text, desk.beat, desk.chief)

    kept = WelcomeText.objects.order_by("written_at").values_list("text", flat=True)
    assert list(kept) == ["一。", "二。", ""]
    assert welcoming.in_force(desk.county.pk, desk.beat.pk) == (welcoming.OURS, None)


def test_a_station_writes_for_its_own_beats_and_nobody_else_s(desk: Desk) -> None:
    far = beat_of(desk.county, "金石桥镇", "桃李村")

    for beat in (far, None):
        with pytest.raises(PermissionDenied):
            desk.write("不该有的话。", beat, desk.chief)
    assert desk.write("县里代写。", far, desk.author).beat == far


def test_two_desks_do_not_overwrite_each_other(desk: Desk) -> None:
    seen = welcoming.version(None)
    desk.write("先写的。", desk.beat, desk.chief, seen=seen)

    with pytest.raises(welcoming.ChangedMeanwhile, match="您写的还在"):
        desk.write("后写的。", desk.beat, desk.author, seen=seen)


@pytest.mark.parametrize("text", ["您好，{name}", "{姓名", "}", "{电话}"])
def test_nothing_in_braces_is_sent_as_it_stands(desk: Desk, text: str) -> None:
    with pytest.raises(welcoming.UnknownBlank):
        desk.write(text, desk.beat, desk.chief)


def test_what_wecom_would_not_take_is_not_saved(desk: Desk) -> None:
    with pytest.raises(welcoming.TooLong, match="字节"):
        desk.write("好" * 1_300, desk.beat, desk.chief)
    assert not WelcomeText.objects.exists()


def test_the_privacy_sentence_comes_with_every_text() -> None:
    for url in ("", "https://weijing.example/r/open/k/"):
        said = welcoming.message("您好。", bureau="隆回县公安局", name="阳", beat="桃李村", url=url)
        assert "您的信息只用来联系您、为您办事" in said
        assert url in said
