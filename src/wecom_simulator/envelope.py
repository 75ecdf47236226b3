"""How WeCom wraps what it posts to us (doc 90968): AES-256-CBC, signed with SHA-1."""

import base64
import hashlib
import os
import struct
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Value = str | int | Sequence[tuple[str, "Value"]]

BLOCK = 32  # WeCom pads to 32 bytes, not to the cipher's 16


def signature(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def encrypted(plain: str, *, encoding_aes_key: str, corpid: str) -> str:
    """Base64 of the sealed text; different each time."""
    key = base64.b64decode(encoding_aes_key + "=")
    message = plain.encode()
    sealed = os.urandom(16) + struct.pack(">I", len(message)) + message + corpid.encode()
    pad = BLOCK - len(sealed) % BLOCK
    sealed += bytes([pad]) * pad
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(sealed) + cipher.finalize()).decode()


def xml(fields: Iterable[tuple[str, Value]]) -> str:
    """The event as WeCom writes it: numbers bare, text in CDATA, lists as elements within."""
    return f"<xml>{_elements(fields)}</xml>"


def posted(corpid: str, sealed: str, *, agentid: int | None = None) -> bytes:
    """The body of a callback. Customer events belong to no app's menu, so AgentID is absent."""
    fields: list[tuple[str, Value]] = [("ToUserName", corpid), ("Encrypt", sealed)]
    if agentid is not None:
        fields.insert(1, ("AgentID", agentid))
    return xml(fields).encode()


def _elements(fields: Iterable[tuple[str, Value]]) -> str:
    return "".join(f"<{name}>{_inner(value)}</{name}>" for name, value in fields)


def _inner(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return _cdata(value) if isinstance(value, str) else _elements(value)


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
