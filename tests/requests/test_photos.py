"""A photo is a photo, small, without what the camera wrote into it, and sealed."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from tests.requests.conftest import Town
from weijing.requests.missing import finding, photos
from weijing.requests.missing.opening import NotThisStep
from weijing.requests.models import MissingPhoto

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
