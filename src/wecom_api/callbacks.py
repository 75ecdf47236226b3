"""What WeCom sends us: verified, decrypted, parsed; and our encrypted replies (doc 90968).

The size is checked before anything is parsed, the XML is read without DTD or entities, and the
signature is checked before anything is decrypted. What comes out was written by someone who has
the token and the key, for the receiver we are.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

MAX_BODY_BYTES = 64 * 1024
PAD_BYTES = 32  # WeCom pads to 32 although the cipher's block is 16
RANDOM_BYTES = 16
LENGTH_BYTES = 4
MAX_PARAMETER_CHARS = 128
MAX_DEPTH = 8  # WeCom nests three levels

_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


class BadCallback(Exception):
    """Not from WeCom, or not for us: answer 4xx, keep nothing, change nothing."""


class TooLarge(BadCallback):
    pass


class BadXml(BadCallback):
    pass


class BadParameter(BadCallback):
    """A query parameter is missing or cannot be one of WeCom's."""


class BadSignature(BadCallback):
    pass


class BadCiphertext(BadCallback):
    """Signed with our token, but not encrypted with our key as WeCom does it."""


class WrongReceiver(BadCallback):
    """Meant for another corp or suite."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A passive reply, ready to be the body of the answer."""

    encrypt: str
    msg_signature: str
    timestamp: str
    nonce: str

    def as_xml(self) -> str:
        return (
            f"<xml><Encrypt><![CDATA[{self.encrypt}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{self.msg_signature}]]></MsgSignature>"
            f"<TimeStamp>{self.timestamp}</TimeStamp>"
            f"<Nonce><![CDATA[{self.nonce}]]></Nonce></xml>"
        )


class Codec:
    """Token, key and receiver (corpid) of one app's callback address.

    Raises `ValueError` for a key that is not 43 characters of base64.
    """

    def __init__(self, *, token: str, encoding_aes_key: str, receiveid: str) -> None:
        if not _KEY.fullmatch(encoding_aes_key):
            raise ValueError("EncodingAESKey is 43 letters and digits")
        # The last character may carry bits that belong to no byte; only a lenient decoder takes it.
        self._key = base64.b64decode(encoding_aes_key + "=")
        self._token = token
        self._receiveid = receiveid.encode()

    def verify_url(self, *, echostr: str, msg_signature: str, timestamp: str, nonce: str) -> bytes:
        """The plain text to answer, and nothing else, when WeCom tries out our address.

        Raises `BadCallback`.
        """
        if len(echostr) > MAX_BODY_BYTES:
            raise TooLarge
        self._verify(echostr, msg_signature, timestamp, nonce)
        return self._decrypt(echostr)

    def decrypt_message(
        self, body: bytes, *, msg_signature: str, timestamp: str, nonce: str
    ) -> bytes:
        """The XML inside a POST, as WeCom wrote it.

        A genuine message that is sent again comes out the same, so this is no guard against
        replays: see `event_key`. Raises `BadCallback`.
        """
        encrypt = _encrypted_part(body)
        self._verify(encrypt, msg_signature, timestamp, nonce)
        return self._decrypt(encrypt)

    def encrypt(
        self,
        message: str | bytes,
        *,
        random: bytes | None = None,
        timestamp: str | None = None,
        nonce: str | None = None,
    ) -> Reply:
        """A reply only WeCom can read. `random` (16 bytes), `timestamp`, `nonce`: for tests."""
        text = message.encode() if isinstance(message, str) else message
        prefix = secrets.token_bytes(RANDOM_BYTES) if random is None else random
        if len(prefix) != RANDOM_BYTES:
            raise ValueError(f"random is {RANDOM_BYTES} bytes")
        plain = prefix + len(text).to_bytes(LENGTH_BYTES, "big") + text + self._receiveid
        pad = PAD_BYTES - len(plain) % PAD_BYTES
        cipher = self._cipher().encryptor()
        sealed = cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()
        encrypt = base64.b64encode(sealed).decode()
        timestamp = str(int(time.time())) if timestamp is None else timestamp
        nonce = secrets.token_hex(8) if nonce is None else nonce
        return Reply(encrypt, self._signature(encrypt, timestamp, nonce), timestamp, nonce)

    def _verify(self, encrypt: str, msg_signature: str, timestamp: str, nonce: str) -> None:
        # Signed is only the joined text; a timestamp that is not a number would let a forger
        # move the borders between its pieces.
        if not _DIGITS.fullmatch(timestamp) or not 0 < len(nonce) <= MAX_PARAMETER_CHARS:
            raise BadParameter
        try:
            expected = self._signature(encrypt, timestamp, nonce).encode()
            given = msg_signature.encode()
        except UnicodeEncodeError as error:
            raise BadParameter from error
        if not hmac.compare_digest(expected, given):
            raise BadSignature

    def _signature(self, encrypt: str, timestamp: str, nonce: str) -> str:
        joined = "".join(sorted((self._token, timestamp, nonce, encrypt)))
        return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()

    def _decrypt(self, encrypt: str) -> bytes:
        try:
            sealed = base64.b64decode(encrypt, validate=True)
            cipher = self._cipher().decryptor()
            plain = cipher.update(sealed) + cipher.finalize()
        except (binascii.Error, ValueError) as error:
            raise BadCiphertext from error
        return self._opened(_unpadded(plain))

    def _opened(self, plain: bytes) -> bytes:
        start = RANDOM_BYTES + LENGTH_BYTES
        if len(plain) < start:
            raise BadCiphertext
        end = start + int.from_bytes(plain[RANDOM_BYTES:start], "big")
        if end > len(plain):
            raise BadCiphertext
        if not hmac.compare_digest(plain[end:], self._receiveid):
            raise WrongReceiver
        return plain[start:end]

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:16]))


def _encrypted_part(body: bytes) -> str:
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge
    encrypt = _parsed(body).findtext("Encrypt")
    if not encrypt:
        raise BadXml
    return str(encrypt)


def _parsed(xml: bytes | str) -> Any:
    try:
        return ElementTree.fromstring(xml, forbid_dtd=True)
    # Besides its own errors the parser raises ValueError and LookupError for encodings.
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadXml from error


def _unpadded(plain: bytes) -> bytes:
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= PAD_BYTES or not plain.endswith(bytes([pad]) * pad):
        raise BadCiphertext
    return plain[:-pad]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, according to a callback. It is a hint: ask WeCom for the present state.

    `create_time` in Unix seconds. `fields` holds the texts directly below the root, by WeCom's
    names; `nested` all texts further down, by path: `nested["MemChangeList/Item"]`. What is
    absent is "".
    """

    to_user: str
    from_user: str
    create_time: int
    msg_type: str
    event: str
    change_type: str
    user_id: str
    external_user_id: str
    state: str
    welcome_code: str
    fields: Mapping[str, str] = field(default_factory=dict)
    nested: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_event(xml: bytes | str) -> Event:
    """Read a decrypted message. Raises `BadXml`."""
    fields: dict[str, str] = {}
    nested: dict[str, tuple[str, ...]] = {}
    for child in _parsed(xml):
        if len(child) == 0:
            fields[child.tag] = child.text or ""
        else:
            _collect(child, child.tag, nested)
    created = fields.get("CreateTime", "")
    return Event(
        to_user=fields.get("ToUserName", ""),
        from_user=fields.get("FromUserName", ""),
        create_time=int(created) if _DIGITS.fullmatch(created) else 0,
        msg_type=fields.get("MsgType", ""),
        event=fields.get("Event", ""),
        change_type=fields.get("ChangeType", ""),
        user_id=fields.get("UserID", ""),
        external_user_id=fields.get("ExternalUserID", ""),
        state=fields.get("State", ""),
        welcome_code=fields.get("WelcomeCode", ""),
        fields=fields,
        nested=nested,
    )


def _collect(element: Any, path: str, nested: dict[str, tuple[str, ...]]) -> None:
    if path.count("/") >= MAX_DEPTH:
        raise BadXml
    for child in element:
        below = f"{path}/{child.tag}"
        if len(child) == 0:
            nested[below] = (*nested.get(below, ()), child.text or "")
        else:
            _collect(child, below, nested)


def event_key(xml: bytes | str) -> str:
    """The name of an event: SHA-256 of the decrypted XML, 64 hex digits.

    The same event sent again has the same key. WeCom's own advice, sender and second, makes
    different events of one second look the same: for customer events the sender is always `sys`.
    """
    return hashlib.sha256(xml.encode() if isinstance(xml, str) else xml).hexdigest()
