"""Pictures from outside, drawn anew: what a camera wrote into them is gone, broken ones refused."""

import io

from PIL import Image, ImageOps

MAX_PIXELS = 50_000_000  # looked up before a picture is unpacked: a small file can be a huge one
FORMATS = ("JPEG", "PNG", "WEBP")


class UnreadablePicture(ValueError):
    """Not a picture of these formats, or broken."""


class TooManyPixels(UnreadablePicture):
    """It would take more memory than any picture needs."""


def redrawn(data: bytes, *, longest_side: int) -> tuple[Image.Image, str]:
    """Its pixels alone, upright, without EXIF, profile or comment, and the format it came in.

    What was see-through lies on white, as on the page or in the chat it was made for.
    Raises `UnreadablePicture`, `TooManyPixels`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise TooManyPixels
            came_as = opened.format or ""
            picture = _opaque(ImageOps.exif_transpose(opened))
    except TooManyPixels:
        raise
    # Its decoders raise whatever they stumble over: OSError, SyntaxError, struct.error, IndexError.
    except Exception as broken:
        raise UnreadablePicture from broken
    picture.thumbnail((longest_side, longest_side))
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    return bare, came_as


def _opaque(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    see_through = picture.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(see_through, mask=see_through.getchannel("A"))
    return white
