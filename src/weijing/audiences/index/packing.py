"""Numbers between PostgreSQL, numpy and roaring bitmaps, without a Python object for each."""

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Ordinals = npt.NDArray[np.uint32]


def ordinals(packed: bytes | None) -> Ordinals:
    """From `string_agg(int4send(ordinal), '')`."""
    return np.frombuffer(packed or b"", dtype=">i4").astype(np.uint32)


def longs(packed: bytes | None) -> npt.NDArray[np.int64]:
    """From `string_agg(int8send(id), '')`."""
    return np.frombuffer(packed or b"", dtype=">i8").astype(np.int64)


def bitmap(numbers: Ordinals | Iterable[int]) -> BitMap:
    """Of a numpy array by way of `array`: eight times as fast as handing over the array itself."""
    if isinstance(numbers, np.ndarray):
        plain = array("I")
        plain.frombytes(np.ascontiguousarray(numbers, dtype=np.uint32).tobytes())
        return BitMap(plain)
    return BitMap(numbers)


def numbers(people: Any) -> Ordinals:
    """The ordinals in a bitmap, in order."""
    return np.asarray(people.to_array(), dtype=np.uint32)
