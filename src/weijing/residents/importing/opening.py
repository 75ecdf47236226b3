"""What kind of file was handed in, decided before anything is unpacked."""

import codecs
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from weijing.core.errors import DomainError

MAX_FILE_BYTES = 400 * 1024 * 1024
# A roll of 1.3 M rows is about 60 MB packed and 900 MB unpacked; a sheet ends at 1,048,576 rows.
MAX_ENTRIES = 200
MAX_UNPACKED_BYTES = 3 * 1024 * 1024 * 1024
MAX_RATIO = 100  # well-filled sheets pack 10 to 20 times; a bomb more than a thousand
SMALL_ENTRY_BYTES = 10 * 1024 * 1024  # empty formatted rows pack well and are harmless when few
READ_BYTES = 1024 * 1024

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SEPARATORS = ",\t;|"


class BadRoll(DomainError):
    """The file cannot be taken for a roll; nothing was imported."""


@dataclass(frozen=True)
class Kind:
    """How to read the file. `encoding` and `separator` are empty for a workbook."""

    is_workbook: bool
    encoding: str = ""
    separator: str = ""


def kind_of(path: Path) -> Kind:
    """Decided by content, not by the file's name.

    Raises `BadRoll`.
    """
    size_bytes = path.stat().st_size
    if not size_bytes:
        raise BadRoll("文件是空的。")
    if size_bytes > MAX_FILE_BYTES:
        raise BadRoll(f"文件超过 {MAX_FILE_BYTES // 1024 // 1024} MB，请按乡镇分成几个文件。")
    with path.open("rb") as file:
        start = file.read(64 * 1024)
    if start.startswith(COMPOUND):
        raise BadRoll(_compound(start))
    if start.startswith(ZIP):
        _check_zip(path)
        return Kind(is_workbook=True)
    return _text_kind(path, start)


def _compound(start: bytes) -> str:
    # Excel keeps an encrypted workbook in the container of its old format, in a stream so named.
    if "EncryptedPackage".encode("utf-16-le") in start:
        return "工作簿设了打开密码，请去掉密码后再导入。"
    return "这是旧版 Excel 文件（.xls），或设了密码的工作簿。请另存为 .xlsx 或 CSV。"


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise BadRoll("工作簿已损坏，打不开。请用 Excel 或 WPS 打开后另存一份。") from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        if "xl/workbook.bin" in names:
            raise BadRoll("这是 .xlsb 文件。请另存为 .xlsx 或 CSV。")
        raise BadRoll("这是压缩包，不是 Excel 工作簿。请先解压，再导入里面的 .xlsx 或 CSV。")
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadRoll("工作簿设了密码，请去掉密码后再导入。")
    _refuse_bomb(entries)


def _refuse_bomb(entries: list[zipfile.ZipInfo]) -> None:
    swollen = [
        entry
        for entry in entries
        if entry.file_size > SMALL_ENTRY_BYTES
        and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
    ]
    if (
        swollen
        or len(entries) > MAX_ENTRIES
        or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES
        or any(".." in entry.filename.split("/") for entry in entries)
    ):
        raise BadRoll(
            "工作簿展开后异常庞大，像是损坏或恶意的文件，没有打开。"
            "如确是花名册，请删去空白行列，或另存为 CSV。"
        )


def _text_kind(path: Path, start: bytes) -> Kind:
    encoding = next((name for bom, name in BOMS if start.startswith(bom)), "")
    if not encoding and b"\0" in start:
        raise BadRoll("这不是表格文件。请导入 .xlsx 或 CSV。")
    encoding = encoding or next((one for one in ("utf-8", "gb18030") if _decodes(path, one)), "")
    if not encoding or not _decodes(path, encoding):
        raise BadRoll("认不出文件的文字编码。请另存为 UTF-8 或 GBK 编码的 CSV。")
    text = codecs.getincrementaldecoder(encoding)().decode(start)
    if any(ord(one) < 32 and one not in "\r\n\t\f" for one in text):
        raise BadRoll("这不是表格文件。请导入 .xlsx 或 CSV。")
    return Kind(is_workbook=False, encoding=encoding, separator=_separator(text))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(READ_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _separator(text: str) -> str:
    """What occurs most in the first lines, where headings stand."""
    lines = text.splitlines()[:20]
    counts = {one: max((line.count(one) for line in lines), default=0) for one in SEPARATORS}
    return max(SEPARATORS, key=lambda one: counts[one])
