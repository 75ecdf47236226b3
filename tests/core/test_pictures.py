"""A picture from outside becomes pixels or a refusal, whatever its bytes are."""

import io
from random import Random

import pytest
from PIL import Image

from weijing.core import pictures


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def corner(data: bytes) -> tuple[int, int, int]:
    bare, _ = pictures.redrawn(data, longest_side=100)
    assert bare.mode == "RGB"
    red, green, blue = bare.getpixel((0, 0))  # type: ignore[misc]
    return red, green, blue


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_see_through_lies_on_white(kind: str) -> None:
    clear = saved(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), kind, lossless=True)
    assert corner(clear) == (255, 255, 255)
    half = saved(Image.new("RGBA", (20, 20), (0, 0, 0, 128)), kind, lossless=True)
    assert 120 <= corner(half)[0] <= 135


def test_a_palette_and_a_grey_picture_may_be_see_through_too() -> None:
    drawn = Image.new("P", (20, 20), 0)
    drawn.putpalette([0, 0, 0, 200, 0, 0])
    assert corner(saved(drawn, "PNG", transparency=0)) == (255, 255, 255)
    assert corner(saved(Image.new("LA", (20, 20), (0, 0)), "PNG")) == (255, 255, 255)
    assert corner(saved(Image.new("L", (20, 20), 7), "PNG", transparency=7)) == (255, 255, 255)


def test_colours_that_are_not_see_through_stay() -> None:
    assert corner(saved(Image.new("RGBA", (20, 20), (200, 10, 10, 255)), "PNG")) == (200, 10, 10)
    assert corner(saved(Image.new("L", (20, 20), 7), "PNG")) == (7, 7, 7)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_bytes_are_refused_and_never_crash(kind: str) -> None:
    random = Random(kind)
    mode = "RGB" if kind == "JPEG" else "RGBA"
    whole = saved(Image.effect_noise((40, 30), 80).convert(mode), kind)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(random.choice((1, 3, 20))):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            pictures.redrawn(bytes(data[: random.choice((len(data), random.randrange(len(data))))]),
                             longest_side=100)  # fmt: skip
        except pictures.UnreadablePicture:
            refused += 1
    assert 30 < refused < 300  # it is bytes that are tried, not one sentence
