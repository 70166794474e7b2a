"""Frames on a stream socket: u8 operation, u32 length, payload. Both ends of the control socket use them."""

from __future__ import annotations

import socket
import struct

_HEAD = struct.Struct("<BI")
MOST_BYTES = 64 * 1024 * 1024


def send(sock: socket.socket, operation: int, payload: bytes = b"") -> None:
    """Send one frame."""
    sock.sendall(_HEAD.pack(operation, len(payload)) + payload)


def receive(sock: socket.socket) -> tuple[int, bytes] | None:
    """Return the next frame, or None at the end of the stream.

    Raises:
        ConnectionError: the stream ended within a frame, or the frame is too large.
    """
    head = _exactly(sock, _HEAD.size)
    if not head:
        return None
    operation, length = _HEAD.unpack(head)
    if length > MOST_BYTES:
        raise ConnectionError(f"a frame of {length} bytes is too large")
    payload = _exactly(sock, length)
    if len(payload) < length:
        raise ConnectionError("the stream ended within a frame")
    return operation, payload


def _exactly(sock: socket.socket, n: int) -> bytes:
    parts = bytearray()
    while len(parts) < n:
        part = sock.recv(min(n - len(parts), 1 << 20))
        if not part:
            if parts:
                raise ConnectionError("the stream ended within a frame")
            return b""
        parts += part
    return bytes(parts)


def pack_names(names: list[bytes]) -> bytes:
    """Return byte strings as one payload: u32 length before each."""
    return b"".join(struct.pack("<I", len(n)) + n for n in names)


def unpack_names(payload: bytes) -> list[bytes]:
    """Return the byte strings of a payload.

    Raises:
        ValueError: the payload is cut off.
    """
    out: list[bytes] = []
    at = 0
    while at < len(payload):
        (length,) = struct.unpack_from("<I", payload, at)
        if at + 4 + length > len(payload):
            raise ValueError("a list of names is cut off")
        out.append(payload[at + 4 : at + 4 + length])
        at += 4 + length
    return out
