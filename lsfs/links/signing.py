"""Tokens that cannot be guessed or forged, and passwords that cannot be read back.

A token is the link's random id and an HMAC of the id and the expiry with a key that only this state directory holds: a token
that was not made here is refused before the tables are asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from lsfs.errors import NotFound

ID_BYTES = 12
_SIGNATURE_BYTES = 16
_SALT_BYTES = 16


def load_key(path: Path) -> bytes:
    """Return the signing key, made at the first time (mode 0600)."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(fd, "wb") as f:
        f.write(secrets.token_bytes(32))
        f.flush()
        os.fsync(f.fileno())
    return path.read_bytes()


def token(key: bytes, link_id: bytes, expires_ns: int) -> str:
    """Return the token of a link, safe in a URL."""
    return base64.urlsafe_b64encode(link_id + _signature(key, link_id, expires_ns)).decode().rstrip("=")


def id_of(text: str) -> bytes:
    """Return the id that a token names; its signature is not checked yet.

    Raises:
        NotFound: it is no token.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != ID_BYTES + _SIGNATURE_BYTES:
        raise NotFound("there is no such link")
    return raw[:ID_BYTES]


def is_signed(key: bytes, text: str, link_id: bytes, expires_ns: int) -> bool:
    """Tell whether a token was made here for this link and expiry."""
    return hmac.compare_digest(text, token(key, link_id, expires_ns))


def _signature(key: bytes, link_id: bytes, expires_ns: int) -> bytes:
    message = b"lsfs-link-1" + link_id + expires_ns.to_bytes(8, "big")
    return hmac.digest(key, message, "sha256")[:_SIGNATURE_BYTES]


def new_id() -> bytes:
    """Return a random id."""
    return secrets.token_bytes(ID_BYTES)


def locked_up(password: str) -> bytes:
    """Return salt and scrypt of a password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + _scrypt(password, salt)


def opens(password: str, kept: bytes) -> bool:
    """Tell whether the password is the one that was locked up."""
    return hmac.compare_digest(_scrypt(password, kept[:_SALT_BYTES]), kept[_SALT_BYTES:])


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=salt, n=1 << 14, r=8, p=1, dklen=32)
