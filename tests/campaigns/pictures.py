"""Small files of each kind, made here."""

import io
import zipfile

from PIL import Image


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), colour: str = "navy") -> bytes:
    """With the place where it was taken, as a phone writes it."""
    exif = Image.Exif()
    exif[0x010F] = "synthetic phone"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, exif=exif)
    return out.getvalue()


def video(more: bytes = b"") -> bytes:
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08moov" + more


def pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def office(*parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for part in parts:
            opened.writestr(part, "x")
    return out.getvalue()
