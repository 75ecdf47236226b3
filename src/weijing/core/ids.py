"""Ids are made here, not by the database, so that any process on any machine can make them."""

import secrets
import time

RANDOM_BITS = 22


def new_id() -> int:
    """A 63-bit id: milliseconds since 1970 << 22 | random. Later ids are larger, roughly."""
    return (time.time_ns() // 1_000_000) << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def new_ids(count: int) -> list[int]:
    """Distinct ids for a bulk insert, increasing, so that index pages fill in order."""
    start = new_id()
    return list(range(start, start + count))


# No 0, O, 1, I, L: people read these aloud over the radio.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_code(length: int) -> str:
    """A random code that a resident can read and type."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))
