"""Compression of payloads: zstd where it pays, and patches against another content.

A decoder trusts nothing: the size a frame announces must be the one the record says, so damage cannot ask for memory.

Threading: a `Compressor` belongs to one thread; `decode` may be called from any (one context a thread).
"""

from __future__ import annotations

import threading

import zstandard

from lsfs.errors import Corrupt
from lsfs.packs.format import Codec

LEVEL = 3
PATCH_LEVEL = 12
_MUST_SAVE = 0.95
_TINY = 48  # bytes; a frame's own header is not worth it below


class Compressor:
    """Compresses chunks on the way into a pack."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdCompressor(level=LEVEL)

    def compress(self, data: bytes | memoryview) -> tuple[Codec, bytes | memoryview]:
        """Return codec and payload: zstd, or the data as it is where that saves less than 5 %."""
        if len(data) < _TINY:
            return Codec.RAW, data
        frame = self._zstd.compress(data)
        if len(frame) > len(data) * _MUST_SAVE:
            return Codec.RAW, data
        return Codec.ZSTD, frame


def compressible(sample: bytes) -> bool:
    """Tell whether zstd saves 5 % of a sample."""
    return len(zstandard.ZstdCompressor(level=1).compress(sample)) <= len(sample) * _MUST_SAVE


def make_patch(base: bytes, data: bytes) -> bytes:
    """Return a zstd frame of `data` that needs `base` to be read."""
    window_log = max(10, (len(base) + len(data)).bit_length())
    parameters = zstandard.ZstdCompressionParameters.from_level(
        PATCH_LEVEL, window_log=window_log, source_size=len(data), dict_size=len(base)
    )
    return zstandard.ZstdCompressor(dict_data=_dictionary(base), compression_params=parameters).compress(data)


_local = threading.local()


def decode(codec: int, payload: bytes, length: int, base: bytes | None = None) -> bytes:
    """Return the content of a payload.

    Args:
        codec: a `Codec`.
        payload: without the base's id in front.
        length: bytes of content that must come out.
        base: content of the base of a patch.

    Raises:
        Corrupt: unknown codec, damaged frame or another length.
    """
    if codec == Codec.RAW:
        data = payload
    else:
        try:
            if zstandard.frame_content_size(payload) != length:
                raise Corrupt("a stored chunk is damaged: its compressed form announces another size")
            data = _decompressor(codec, base).decompress(payload)
        except zstandard.ZstdError as e:
            raise Corrupt(f"a stored chunk is damaged: it cannot be decompressed ({e})") from e
    if len(data) != length:
        raise Corrupt("a stored chunk is damaged: it has another length")
    return data


def _decompressor(codec: int, base: bytes | None) -> zstandard.ZstdDecompressor:
    """Return this thread's decompressor, or a new one for a patch."""
    if codec == Codec.PATCH and base is not None:
        return zstandard.ZstdDecompressor(dict_data=_dictionary(base))
    if codec != Codec.ZSTD:
        raise Corrupt(f"a stored chunk has the unknown codec {codec}")
    plain: zstandard.ZstdDecompressor | None = getattr(_local, "plain", None)
    if plain is None:
        plain = _local.plain = zstandard.ZstdDecompressor()
    return plain


def _dictionary(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
