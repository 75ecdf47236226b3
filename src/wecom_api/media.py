"""Files that messages refer to (docs 90253, 90256)."""

from __future__ import annotations

from dataclasses import dataclass

from wecom_api import reading as r
from wecom_api.caller import Caller
from wecom_api.editions import Capability
from wecom_api.endpoints import Endpoint
from wecom_api.errors import InvalidRequest
from wecom_api.reading import Json
from wecom_api.transport import Upload

UPLOAD = Endpoint("POST", "media/upload", Capability.MEDIA)
UPLOADIMG = Endpoint("POST", "media/uploadimg", Capability.MEDIA)

MIB = 1024 * 1024
SMALLEST_BYTES = 6
LARGEST_BYTES = {"image": 10 * MIB, "voice": 2 * MIB, "video": 10 * MIB, "file": 20 * MIB}
LARGEST_IMAGE_FOR_EVER_BYTES = 2 * MIB


@dataclass(frozen=True, slots=True)
class UploadedMedia:
    """`media_id` lasts three days from `created_at` (Unix seconds)."""

    media_id: str
    type: str = ""
    created_at: int = 0

    @staticmethod
    def read(data: Json) -> UploadedMedia:
        return UploadedMedia(
            r.needed(data, "media_id"), r.text(data, "type"), r.number(data, "created_at")
        )


class Media:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def upload(
        self,
        type: str,
        *,
        filename: str,
        content: bytes,
        content_type: str = "application/octet-stream",
    ) -> UploadedMedia:
        """`type` is image, voice, video or file. Raises `InvalidRequest` for a wrong size."""
        if type not in LARGEST_BYTES:
            raise InvalidRequest(UPLOAD.api, errmsg=f"type is one of {', '.join(LARGEST_BYTES)}")
        _check_size(content, SMALLEST_BYTES, LARGEST_BYTES[type])
        return self._caller.call(
            UPLOAD,
            UploadedMedia.read,
            query={"type": type},
            upload=Upload(filename, content, content_type),
        )

    def uploadimg(self, *, filename: str, content: bytes, content_type: str = "image/png") -> str:
        """The permanent URL of a picture, good inside WeCom only. 1,000 a day per corp."""
        _check_size(content, SMALLEST_BYTES - 1, LARGEST_IMAGE_FOR_EVER_BYTES)
        return self._caller.call(
            UPLOADIMG,
            lambda data: r.needed(data, "url"),
            upload=Upload(filename, content, content_type),
        )


def _check_size(content: bytes, smallest: int, largest: int) -> None:
    if not smallest <= len(content) <= largest:
        raise InvalidRequest(
            errmsg=f"the file has {len(content)} bytes, WeCom takes {smallest} to {largest}"
        )
