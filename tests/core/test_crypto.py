"""Sealed columns open in their own place only."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weijing.core import crypto

RING = {
    algorithm: crypto.Keyring(
        current=2,
        keys={1: b"\x01" * 32, 2: b"\x02" * 32},
        index_key=b"\x03" * 32,
        django_secret="s",
        algorithm=algorithm,
    )
    for algorithm in (crypto.SM4, crypto.AES)
}


@pytest.mark.parametrize("ring", RING.values(), ids=["SM4", "AES"])
@given(text=st.text(max_size=60))
def test_what_was_sealed_opens_in_its_place_alone(ring, text):
    sealed = ring.seal(text, place="residents_resident.phone_sealed.1")
    assert ring.unseal(sealed, place="residents_resident.phone_sealed.1") == text
    with pytest.raises(crypto.CannotOpen):
        ring.unseal(sealed, place="residents_resident.phone_sealed.2")


@pytest.mark.parametrize("ring", RING.values(), ids=["SM4", "AES"])
@given(data=st.data())
def test_one_altered_byte_is_noticed(ring, data):
    sealed = bytearray(ring.seal("13800000000", place="p"))
    where = data.draw(st.integers(0, len(sealed) - 1))
    sealed[where] ^= data.draw(st.integers(1, 255))
    with pytest.raises(crypto.CannotOpen):
        ring.unseal(bytes(sealed), place="p")


@given(junk=st.binary(max_size=40))
def test_junk_is_refused_with_one_error(junk):
    with pytest.raises(crypto.CannotOpen):
        RING[crypto.SM4].unseal(junk, place="p")


def test_values_sealed_with_the_key_before_still_open():
    old = crypto.Keyring(current=1, keys={1: b"\x01" * 32}, index_key=b"i", django_secret="s")
    assert RING[crypto.SM4].unseal(old.seal("旧", place="p"), place="p") == "旧"


def test_the_blind_index_is_keyed_and_separates_purposes():
    ring = RING[crypto.SM4]
    phone = ring.blind_index("13800000000", purpose="phone")
    assert phone == ring.blind_index("13800000000", purpose="phone")
    assert phone != ring.blind_index("13800000000", purpose="id_number")
    other = crypto.Keyring(current=1, keys={}, index_key=b"other", django_secret="s")
    assert phone != other.blind_index("13800000000", purpose="phone")


def test_the_fingerprint_is_hmac_sm3():
    ring = crypto.Keyring(current=1, keys={}, index_key=b"\x0b" * 20, django_secret="s")
    assert (
        ring.fingerprint("Hi There", purpose="p")
        == hmac.new(b"\x0b" * 20, b"p\0Hi There", "sm3").digest()
    )
