"""What somebody typed or chose in a form that is plain HTML."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.dateparse import parse_datetime

from weijing.core.clock import COUNTY_TIME


def words(request: HttpRequest) -> dict[str, str]:
    """Each field's last value, without what no database can hold."""
    return {name: str(value).replace("\x00", "") for name, value in request.POST.items()}


def moment(text: str, *, otherwise: datetime) -> datetime:
    """What a datetime-local field sends, in the county's time."""
    try:
        parsed = parse_datetime(text)
    except ValueError:
        parsed = None
    return parsed.replace(tzinfo=COUNTY_TIME) if parsed else otherwise


def upload(files: MultiValueDict[str, Any], name: str, *, most_bytes: int) -> bytes:
    """A file of the form; of one that is larger, one byte too many. Empty when there is none."""
    file = files.get(name)
    return bytes(file.read(most_bytes + 1)) if file else b""
