"""How WeCom wraps what it posts to us (doc 90968): AES-256-CBC, signed with SHA-1."""

import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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


def xml(fields: dict[str, str | int]) -> str:
    """The event as WeCom writes it: numbers bare, text in CDATA."""
    inner = "".join(
        f"<{name}>{value}</{name}>"
        if isinstance(value, int)
        else f"<{name}>{_cdata(value)}</{name}>"
        for name, value in fields.items()
    )
    return f"<xml>{inner}</xml>"


def posted(corpid: str, sealed: str) -> bytes:
    """The body of a callback. Customer events belong to no app's menu, so AgentID is absent."""
    return (
        f"<xml><ToUserName>{_cdata(corpid)}</ToUserName><Encrypt>{_cdata(sealed)}</Encrypt></xml>"
    ).encode()


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
