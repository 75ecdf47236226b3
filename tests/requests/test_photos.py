"""A photo is a photo, small, without what the camera wrote into it, and sealed."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from tests.requests.conftest import Town
from weijing.core.errors import PermissionDenied
from weijing.requests.missing import consenting, finding, notices, photos, publishing
from weijing.requests.missing.opening import NotThisStep
from weijing.requests.models import MissingPerson, MissingPhoto

GPS = 0x8825


def picture(size: tuple[int, int] = (60, 40), format: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (180, 140, 120)).save(out, format, **options)
    return out.getvalue()


def with_place() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # held sideways
    exif[0x010E] = "at home of the witness"
    exif.get_ifd(GPS)[2] = (27.0, 6.0, 30.0)
    return picture(exif=exif, comment=b"secret comment")


def test_where_it_was_taken_is_gone_and_it_stands_upright(town: Town) -> None:
    assert b"witness" in with_place()
    missing = town.missing()
    kept = photos.keep(missing, with_place(), **town.acting())
    shown = photos.photo(missing)
    assert b"witness" not in shown
    assert b"secret" not in shown
    with Image.open(io.BytesIO(shown)) as opened:
        assert not opened.getexif()
        assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert opened.size == (40, 60) == (kept.width, kept.height)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_large_ones_of_each_kind_come_out_small(format: str) -> None:
    drawn, size = photos.redrawn(picture((3000, 1000), format))
    assert size == (1280, 427)
    assert drawn[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not a picture", picture()[:200], picture(format="GIF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"x" * (photos.MAX_BYTES + 1),
    ],
    ids=["nothing", "text", "cut off", "gif", "svg", "too large"],
)  # fmt: skip
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(photos.NotAPhoto):
        photos.redrawn(data)


def test_what_is_see_through_does_not_turn_black() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(out, "PNG")
    drawn, _size = photos.redrawn(out.getvalue())
    assert Image.open(io.BytesIO(drawn)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused() -> None:
    bomb = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < photos.MAX_BYTES
    with pytest.raises(photos.NotAPhoto):
        photos.redrawn(bomb.getvalue())


def test_it_lies_sealed_and_a_new_one_takes_its_place(town: Town) -> None:
    missing = town.missing()
    photos.keep(missing, picture(), **town.acting())
    photos.keep(missing, picture((20, 20), "PNG"), **town.acting())
    row = MissingPhoto.objects.get(missing=missing)
    assert (row.width, row.height) == (20, 20)
    assert b"JFIF" not in bytes(row.data_sealed)
    assert b"/9j/" not in bytes(row.data_sealed)  # base64 of a JPEG's first bytes


def test_it_is_gone_a_day_after_they_were_found(town: Town) -> None:
    missing = town.missing()
    photos.keep(missing, picture(), **town.acting())
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    day = timedelta(hours=24)
    assert finding.forget_photos(town.county.pk, at=town.at + day - timedelta(seconds=1)) == 0
    assert finding.forget_photos(town.county.pk, at=town.at + day) == 1
    assert photos.photo(missing) == b""
    with pytest.raises(NotThisStep):
        photos.keep(missing, picture(), **town.acting())


PHOTO = {"given_by": "罗家人", "relation": "女儿", "channel": "paper"}


def with_photo_shown(town: Town, **told: object) -> MissingPerson:
    """A search whose notice shows a photo of 60 by 40 that the officer added."""
    missing = town.missing("searching", by=None, family=town.resident, **told)
    consenting.agree(missing, ["photo"], **PHOTO, **town.acting())
    photos.keep(missing, picture(), **town.acting())
    publishing.publish(missing, **town.acting())
    missing.refresh_from_db()
    return missing


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.size


def test_the_old_photo_is_shown_until_an_officer_has_seen_the_new_one(town: Town) -> None:
    missing = with_photo_shown(town)
    hour = timedelta(hours=1)
    photos.keep_of_family(missing, picture((20, 20)), by=town.resident, at=town.at + hour)
    assert notices.notice(missing).has_photo
    assert size_of(photos.photo(missing)) == (60, 40)
    assert size_of(photos.photo(missing, waiting=True)) == (20, 20)
    assert photos.has_waiting(missing)

    publishing.publish(missing, **town.acting(later=2 * hour))
    missing.refresh_from_db()
    assert notices.notice(missing).has_photo
    assert size_of(photos.photo(missing)) == (20, 20)
    assert not photos.has_waiting(missing)
    assert MissingPhoto.objects.count() == 1


def test_a_new_photo_that_is_turned_down_leaves_the_old_one(town: Town) -> None:
    missing = with_photo_shown(town)
    photos.keep_of_family(missing, picture((20, 20)), by=town.resident, at=town.at)
    photos.turn_down(missing, **town.acting())
    publishing.publish(missing, **town.acting(later=timedelta(hours=1)))
    assert size_of(photos.photo(missing)) == (60, 40)
    assert MissingPhoto.objects.count() == 1
    with pytest.raises(NotThisStep):
        photos.turn_down(missing, **town.acting())
    with pytest.raises(PermissionDenied):
        photos.turn_down(missing, **town.acting(town.neighbour))


def test_of_several_new_photos_the_last_waits_and_an_officer_s_own_takes_every_place(
    town: Town,
) -> None:
    missing = with_photo_shown(town)
    for side in (20, 24):
        photos.keep_of_family(missing, picture((side, side)), by=town.resident, at=town.at)
    assert size_of(photos.photo(missing, waiting=True)) == (24, 24)
    assert MissingPhoto.objects.count() == 2
    photos.keep(missing, picture((30, 30)), **town.acting())
    assert size_of(photos.photo(missing)) == (30, 30)
    assert MissingPhoto.objects.count() == 1


def test_a_photo_that_came_after_the_officer_looked_is_not_let_in(town: Town) -> None:
    missing = with_photo_shown(town)
    looked = publishing.as_it_is(missing)
    photos.keep_of_family(missing, picture((20, 20)), by=town.resident, at=town.at)
    with pytest.raises(publishing.ChangedMeanwhile):
        publishing.publish(missing, seen=looked, **town.acting())
    assert size_of(photos.photo(missing)) == (60, 40)


def test_a_photo_that_waits_is_forgotten_with_the_other(town: Town) -> None:
    missing = with_photo_shown(town)
    photos.keep_of_family(missing, picture((20, 20)), by=town.resident, at=town.at)
    finding.find(missing, "村口", may_tell_family=True, **town.acting())
    assert finding.forget_photos(town.county.pk, at=town.at + timedelta(days=1)) == 2
