"""What a roll said last, cell by cell, kept as marks: keyed, four bytes each, nothing to read back.

`Resident.roll_digest` is the digest of the row (16 bytes), then a mark of the source and one of
each cell of PERSON; `Household.roll_marks` has the marks of HOME. From them an import sees, without
opening anything, whether a record still is what the roll made it and whether the roll has changed.
"""

from collections.abc import Sequence
from functools import lru_cache

from weijing.core.crypto import Keyring

DIGEST_BYTES = 16
MARK_BYTES = 4
NOTHING = bytes(MARK_BYTES)  # an empty cell
PERSON = ("household", "name", "role", "phone", "sex", "born")
HOME = ("place", "address", "kind")
SOURCE_AT = DIGEST_BYTES
PERSON_AT = SOURCE_AT + MARK_BYTES
WHOLE_BYTES = PERSON_AT + MARK_BYTES * len(PERSON)
# Household and name: by which somebody without ID number is recognised wherever they live now.
MEMBER_AT, MEMBER_BYTES = PERSON_AT, 2 * MARK_BYTES


class Marker:
    """Marks cells with one keyring. Repeated cells are the rule, so the last ones are kept."""

    def __init__(self, keyring: Keyring) -> None:
        fingerprint = keyring.fingerprinter("roll_cell")

        @lru_cache(maxsize=50_000)
        def mark(field: str, text: str) -> bytes:
            return fingerprint(f"{field}\x1f{text}")[:MARK_BYTES] if text else NOTHING

        self.mark = mark

    def person(self, cells: Sequence[str], phone_index: bytes | None) -> bytes:
        """`cells` in the order of PERSON; the phone's is not looked at, its blind index is."""
        household, name, role, _, sex, born = cells
        mark = self.mark
        return (
            mark("household", household)
            + mark("name", name)
            + mark("role", role)
            + (phone_index[:MARK_BYTES] if phone_index else NOTHING)
            + mark("sex", sex)
            + mark("born", born)
        )

    def member(self, household: str, name: str) -> bytes:
        return self.mark("household", household) + self.mark("name", name)

    def home(self, place: str, address: str, kind: str) -> bytes:
        mark = self.mark
        return mark("place", place) + mark("address", address) + mark("kind", kind)

    def source(self, name: str) -> bytes:
        """Of the profile's name; a file without profile is of the county's one roll."""
        return self.mark("source", name or "-")


def of_person(roll_digest: bytes, field: str) -> bytes | None:
    """The mark of one cell; None for a row taken in before marks were kept."""
    if len(roll_digest) < WHOLE_BYTES:
        return None
    start = PERSON_AT + MARK_BYTES * PERSON.index(field)
    return roll_digest[start : start + MARK_BYTES]


def of_home(roll_marks: bytes, field: str) -> bytes:
    start = MARK_BYTES * HOME.index(field)
    return roll_marks[start : start + MARK_BYTES]
