"""An uploaded roll between the desk and the worker: in locked pieces in the database, since the two
may run on different machines, and gone once it is taken in.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from weijing.accounts.models import Officer
from weijing.audit import trail
from weijing.core import env
from weijing.residents.importing import spool
from weijing.residents.importing.opening import MAX_FILE_BYTES, BadRoll
from weijing.residents.models import RollFilePart, RollImport

PIECE_BYTES = 1024 * 1024
KEPT = timedelta(days=3)  # a check that nobody follows up
PREFIX, STALE_SECONDS = "open-", 6 * 3600


@transaction.atomic
def keep(
    name: str, blocks: Iterable[bytes], *, county_id: int, by: Officer, at: datetime
) -> RollImport:
    """Lock the file away, to be mapped, checked and taken in.

    Raises `BadRoll` when there is nothing in it, or too much.
    """
    key = spool.new_key()
    record = RollImport(
        county_id=county_id, file_name=Path(name).name[:200], started_at=at, started_by=by,
        state=RollImport.State.UPLOADED,
    )  # fmt: skip
    record.file_key = key.hex()
    record.save(force_insert=True)
    size = 0
    for number, block in enumerate(_pieces(blocks)):
        size += len(block)
        if size > MAX_FILE_BYTES:
            raise BadRoll(f"文件超过 {MAX_FILE_BYTES // 1024 // 1024} MB，请按乡镇分成几个文件。")
        RollFilePart.objects.create(
            county_id=county_id, roll_import=record, number=number, data=spool.lock(block, key)
        )
    if not size:
        raise BadRoll("文件是空的。")
    trail.record(by, "roll.uploaded", record, at=at, bytes=size)
    return record


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    left = bytearray()
    for block in blocks:
        left += block
        while len(left) >= PIECE_BYTES:
            yield bytes(left[:PIECE_BYTES])
            del left[:PIECE_BYTES]
    if left:
        yield bytes(left)


def is_kept(record: RollImport) -> bool:
    return record.file_key_sealed is not None


@contextmanager
def opened(record: RollImport) -> Iterator[Path]:
    """The file in the clear, readable by this process alone, while it is being read.

    Raises `BadRoll` when it is not kept any more.
    """
    if not is_kept(record):
        raise BadRoll("上传的文件已经删除，没有导入。请重新上传。")
    directory = env.environment().var / "rolls"
    directory.mkdir(parents=True, exist_ok=True)
    _sweep(directory)
    key = bytes.fromhex(record.file_key)
    with tempfile.NamedTemporaryFile(dir=directory, prefix=PREFIX) as file:  # mode 0600
        parts = RollFilePart.objects.filter(county_id=record.county_id, roll_import=record)
        for data in parts.order_by("number").values_list("data", flat=True).iterator(chunk_size=4):
            file.write(spool.unlock(bytes(data), key))
        file.flush()
        yield Path(file.name)


def _sweep(directory: Path) -> None:
    """What a killed process has left behind."""
    for file in directory.glob(f"{PREFIX}*"):
        if time.time() - file.stat().st_mtime > STALE_SECONDS:
            file.unlink(missing_ok=True)


@transaction.atomic
def forget(record: RollImport) -> None:
    """The key first and for good: copies of the pieces in a backup stay closed."""
    RollImport.objects.filter(county_id=record.county_id, pk=record.pk).update(file_key_sealed=None)
    RollFilePart.objects.filter(county_id=record.county_id, roll_import=record).delete()
    record.file_key_sealed = None


def forget_old(county_id: int, *, at: datetime) -> int:
    """Uploads that nobody has taken in for days. How many."""
    old = RollImport.objects.filter(
        county_id=county_id, file_key_sealed__isnull=False, started_at__lt=at - KEPT
    )
    records = [one for one in old if one.state != RollImport.State.RUNNING]
    for record in records:
        forget(record)
    return len(records)
